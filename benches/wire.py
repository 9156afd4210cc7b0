"""Run requests of a case through the HTTP protocol class: from a socket's bytes to the response's."""

import importlib
from collections import deque
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from .cases import Case
from .inprocess import CANDIDATE


class Transport:
    """Keeps what was written last; calling it costs no frame of Python's."""

    def __init__(self) -> None:
        self.written: deque[bytes] = deque(maxlen=2)
        self.write = self.written.append
        self.is_closing = bool

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Name the two ends."""
        return {"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 50000)}.get(name, default)


class WireRunner:
    """One connection, otherwise as `inprocess.Runner`; for cases that are answered without waiting."""

    def __init__(self, case: Case, app: Any, loop: Any) -> None:
        self._case, self._loop = case, loop
        self._transport = Transport()
        protocol_class: Any = importlib.import_module(f"{CANDIDATE}.protocol").HTTPProtocol
        config = Config(app, http=protocol_class, lifespan="off", access_log=False, log_level="warning")
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"server", b"uvicorn")]
        self._protocol = protocol_class(config, state, {}, loop)
        self._turn(self._protocol.connection_made, self._transport)

    def answer(self) -> bytes:
        """Run one request and return what was written."""
        self._transport.written.clear()
        self.run(self.prepare(1))
        while not self._transport.written:
            # The first request of an application is served by a task of its own.
            self._turn(bool, None)
        return b"".join(self._transport.written)

    def prepare(self, requests: int) -> list[bytes]:
        """Make the requests of a batch; the uncounted part."""
        case = self._case
        lines = [f"{case.method} {case.target} HTTP/1.1".encode()]
        lines += [name + b": " + value for name, value in case.all_headers]
        return [b"\r\n".join([*lines, b"", b""]) + case.body] * requests

    def run(self, requests: list[bytes]) -> None:
        """Serve a batch, one request after the other; the counted part."""
        self._turn(self._batch, requests)

    def _batch(self, requests: list[bytes]) -> None:
        received = self._protocol.data_received
        for data in requests:
            received(data)

    def _turn(self, callback: Any, argument: Any) -> None:
        """Call something from the event loop, as a transport does."""
        self._loop.call_soon(callback, argument)
        # What the turn leaves to its end, the loop does in the next one.
        for _ in range(2):
            self._loop.call_soon(self._loop.stop)
            self._loop.run_forever()
