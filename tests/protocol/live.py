"""A protocol class behind a Unix socket on a loop of its own, as uvicorn's server puts it there, and a client."""

import asyncio
import functools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from uvicorn.config import Config
from uvicorn.server import ServerState

from .compare import Response, responses
from .exchange import DEFAULT_HEADERS, _captured

LOOPS: dict[str, Any] = {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.Loop}
PATIENCE = 10.0
"""Seconds that a test waits for what has to come."""


def get(path: str = "/", *, method: str = "GET", headers: str = "") -> bytes:
    """The bytes of a request without a body."""
    return f"{method} {path} HTTP/1.1\r\nHost: example.org\r\n{headers}\r\n".encode()


class Client:
    """One connection. Every wait has an end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Send bytes; they go out at once as long as the socket takes them."""
        self._writer.write(data)

    async def answer(self, method: str = "GET") -> Response:
        """Read one response, whose body has a length or is chunked."""
        async with asyncio.timeout(PATIENCE):
            data = await self._reader.readuntil(b"\r\n\r\n")
            if method != "HEAD":
                data += await self._body(data.lower())
        [response] = responses(data, [method])
        return response

    async def _body(self, head: bytes) -> bytes:
        if b"transfer-encoding: chunked" in head:
            return await self._reader.readuntil(b"0\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return await self._reader.readexactly(length)

    async def head(self) -> bytes:
        """Read the head of a response only."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """Read until the server closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read()

    async def ask(self, path: str = "/", *, method: str = "GET", headers: str = "") -> Response:
        """Send a request and read its response."""
        self.send(get(path, method=method, headers=headers))
        return await self.answer(method)

    def leave(self) -> None:
        """Close the connection from here."""
        self._writer.close()


@dataclass
class Live:
    """A server that listens."""

    config: Config
    state: ServerState
    path: str
    logs: list[tuple[Any, ...]]
    """Logger, level, message, arguments, and the exception's class and text, of all that uvicorn logs."""
    errors: list[str]
    """Exceptions that reached the event loop."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Client]:
        """Connect."""
        client = Client(*await asyncio.open_unix_connection(self.path))
        try:
            yield client
        finally:
            client.leave()

    async def ask(self, path: str = "/", *, method: str = "GET", headers: str = "") -> Response:
        """Ask on a connection that is closed afterwards."""
        async with self.connection() as client:
            return await client.ask(path, method=method, headers=headers)

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop go round until this is so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.001)

    async def idle(self) -> None:
        """Wait until no request is being served."""
        await self.until(lambda: not self.state.tasks)

    @property
    def failures(self) -> list[tuple[Any, ...]]:
        """What was logged besides the access."""
        return [entry for entry in self.logs if entry[0] == "uvicorn.error"]


@asynccontextmanager
async def served(protocol_class: Any, app: Any, **options: Any) -> AsyncIterator[Live]:
    """Serve an application on the running loop; `options` are those of `uvicorn.Config`.

    It ends when all tasks have; those that don't are cancelled, and the test fails.
    """
    loop = asyncio.get_running_loop()
    errors: list[str] = []
    loop.set_exception_handler(lambda _, context: errors.append(repr(context)))
    settings = {"app": app, "lifespan": "off", "log_config": None, "proxy_headers": False, **options}
    with _captured(level=20) as logs, tempfile.TemporaryDirectory() as directory:
        config = Config(**settings)
        config.load()
        state = ServerState()
        state.default_headers = list(DEFAULT_HEADERS)
        make = functools.partial(protocol_class, config=config, server_state=state, app_state={}, _loop=loop)
        path = str(Path(directory, "socket"))
        server = await loop.create_unix_server(make, path)
        live = Live(config, state, path, logs, errors)
        try:
            yield live
            await live.idle()
            await live.until(lambda: not state.connections)
        finally:
            server.close()
            for task in list(state.tasks):
                task.cancel()
            for connection in list(state.connections):
                connection.transport.abort()
            await asyncio.sleep(0.001)
            loop.set_exception_handler(None)


def run(loop: str, main: Callable[[], Awaitable[Any]], *, debug: bool | None = None) -> Any:
    """Run `main` on a new loop of this kind."""

    async def bounded() -> Any:
        async with asyncio.timeout(2 * PATIENCE):
            return await main()

    with asyncio.Runner(loop_factory=LOOPS[loop], debug=debug) as runner:
        return runner.run(bounded())
