"""uvicorn with a protocol class in a thread of the test, to be looked into."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from .chosen import PATIENCE, PROTOCOL
from .wire import Address, Wire

_LOGGERS = ("uvicorn.error", "uvicorn.access")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: Any = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()


class Served(logging.Handler):
    """A running server: its address, what it logged, and its loop."""

    def __init__(self, server: _Server) -> None:
        super().__init__()
        self.server = server
        self.records: list[logging.LogRecord] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.server.run()
        finally:
            self.server.ready.set()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what this server logs, not another."""
        if record.thread == self._thread.ident:
            self.records.append(record)

    def start(self) -> None:
        """Return as soon as it listens."""
        self._thread.start()
        assert self.server.ready.wait(PATIENCE)
        assert self.server.started
        config = self.server.config
        self.address: Address = config.uds or self.server.servers[0].sockets[0].getsockname()

    def stop(self, *, wait: bool = True) -> None:
        """Shut down as after a signal."""
        self.server.should_exit = True
        if wait:
            self.join()

    def join(self) -> None:
        """Wait until the server has ended."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server does not end"

    @property
    def running(self) -> bool:
        """Whether the server's thread is there."""
        return self._thread.is_alive()

    def connect(self, **options: Any) -> Wire:
        """Open a connection."""
        return Wire(self.address, **options)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function in the server's loop, and return its result."""

        async def run() -> Any:
            result = function(*arguments)
            return await result if isinstance(result, Awaitable) else result

        assert self.server.loop is not None
        return asyncio.run_coroutine_threadsafe(run(), self.server.loop).result(PATIENCE)

    def turn(self, count: int = 3) -> None:
        """Let the loop go round, past what is in its sockets now."""

        async def turns() -> None:
            for _ in range(count):
                await asyncio.sleep(0)

        # A call from another thread is handled in the turn that also polls the sockets.
        for _ in range(2):
            self.call(turns)

    def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait until this is so; it is asked in the server's loop."""
        end = time.monotonic() + PATIENCE
        while not self.call(condition):
            assert time.monotonic() < end, f"not within {PATIENCE} seconds: {what or condition}"
            time.sleep(0.002)

    def settle(self) -> None:
        """Wait until no request is being answered."""
        self.turn()
        self.until(lambda: not self.server.server_state.tasks, "requests are answered")
        self.turn()

    @property
    def connections(self) -> int:
        """How many connections the server counts."""
        return len(self.server.server_state.connections)

    def messages(self, logger: str = "uvicorn.error") -> list[tuple[str, str]]:
        """Level and text of what was logged since the start."""
        found = [record for record in self.records if record.name == logger]
        return [(record.levelname, record.getMessage()) for record in found]

    def problems(self) -> list[tuple[str, str, str]]:
        """Warnings and errors that were logged, each with the type of its exception."""
        return [
            (record.levelname, record.getMessage(), record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "")
            for record in self.records
            if record.levelno >= logging.WARNING
        ]  # fmt: skip


@contextmanager
def serve(app: Any, loop: str, *, http: str = PROTOCOL, **options: Any) -> Iterator[Served]:
    """Serve an application on one kind of event loop, with `options` of `uvicorn.Config`."""
    settings = {"host": "127.0.0.1", "port": 0, "lifespan": "off", "log_config": None, **options}
    served = Served(_Server(uvicorn.Config(app, loop=loop, http=http, **settings)))
    with _heard(served, served.server.config.log_level):
        served.start()
        try:
            yield served
        finally:
            served.stop()


@contextmanager
def _heard(handler: logging.Handler, level: object) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    kept = [(logger, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        if level is None:
            logger.setLevel(logging.INFO)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in kept:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
            logger.propagate = propagate
