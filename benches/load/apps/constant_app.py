"""The floor of hello on this event loop: a protocol that knows its answer before the request comes."""

import asyncio
import os
from collections.abc import Callable
from typing import cast

import uvloop

END = b"\r\n\r\n"


class Constant(asyncio.Protocol):
    """Answers each end of a head with the same bytes; reads nothing else and never closes."""

    answer = os.environ.get("BENCH_COPY", "").encode("latin-1")

    def __init__(self) -> None:
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not of this class.
        self.write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        if self.rest:
            data, self.rest = self.rest + data, b""
        heads = data.count(END)
        if heads:
            self.write(self.answer if heads == 1 else self.answer * heads)
        if not data.endswith(END):
            self.rest = data.rpartition(END)[2]


class Server:
    """Serves `Constant` until it is told to end."""

    def start(self, host: str, port: int) -> None:
        """Listen on `host` and `port`."""
        uvloop.run(self._serve(host, port))

    async def _serve(self, host: str, port: int) -> None:
        server = await asyncio.get_running_loop().create_server(Constant, host, port, backlog=2048)
        await server.serve_forever()


APPS: dict[str, Callable[[], Server]] = {"hello async": Server}
