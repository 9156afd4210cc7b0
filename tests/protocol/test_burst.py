"""Pieces of a body that follow each other in one turn of the event loop share their segments, and none is kept back."""

import asyncio
import functools
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from ferroapi._server.leaves import corkable

from .exchange import DEFAULT_HEADERS, Transport
from .live import LOOPS, PATIENCE, get, run
from .sides import CANDIDATE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the socket option is Linux's")

ATTEMPTS = 50
"""A machine that is busy may make a pause of any length between two pieces."""

APART = 0.002
"""Seconds after which pieces do not belong together."""


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Sender:
    """An ASGI application that streams by a script, and notes whether its connection's socket is corked."""

    def __init__(self, script: Callable[["Sender"], Any]) -> None:
        self.script = script
        self.protocol: Any = None
        self.notes: list[int] = []
        self.ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.send = send
        self.notes = []
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.script(self)
        await send({"type": "http.response.body", "body": b"end"})
        self.note()
        self.ended.set()

    async def piece(self, data: bytes = b"piece") -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": True})
        self.note()

    def note(self) -> None:
        if not self.protocol.transport.is_closing():
            connection = self.protocol.transport.get_extra_info("socket")
            self.notes.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK))


@asynccontextmanager
async def listening(app: Sender) -> AsyncIterator[tuple[str, int]]:
    """Serve over TCP; where that is."""
    running = asyncio.get_running_loop()
    config = Config(app, lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = ServerState()
    state.default_headers = list(DEFAULT_HEADERS)
    make = functools.partial(CANDIDATE, config=config, server_state=state, app_state={}, _loop=running)

    def connection() -> Any:
        app.protocol = make()
        return app.protocol

    server = await running.create_server(connection, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()


async def asked(app: Sender, times: int) -> AsyncIterator[tuple[bytes, list[int]]]:
    """Ask on one connection; the bodies, and what was noted meanwhile."""
    async with listening(app) as address:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(times):
            writer.write(get())
            await reader.readuntil(b"\r\n\r\n")
            body = await reader.readuntil(b"0\r\n\r\n")
            yield body, app.notes
        writer.close()


def test_pieces_of_one_turn_are_corked_until_the_last(loop: str) -> None:
    async def script(app: Sender) -> None:
        for _ in range(3):
            await app.piece()

    async def main() -> None:
        seen = set()
        async for body, notes in asked(Sender(script), ATTEMPTS):
            assert body == b"5\r\npiece\r\n" * 3 + b"3\r\nend\r\n0\r\n\r\n"
            assert (notes[0], notes[-1]) == (0, 0)
            seen.add(tuple(notes))
        assert (0, 1, 1, 0) in seen

    run(loop, main)


def test_the_end_of_the_turn_ends_it(loop: str) -> None:
    async def script(app: Sender) -> None:
        await app.piece()
        await app.piece()
        await asyncio.sleep(0)
        app.note()
        await app.piece()

    async def main() -> None:
        seen = set()
        async for _, notes in asked(Sender(script), ATTEMPTS):
            assert (notes[0], notes[2], notes[-1]) == (0, 0, 0)
            seen.add(tuple(notes))
        assert (0, 1, 0, 0, 0) in seen

    run(loop, main)


def test_a_burst_may_begin_in_any_turn(loop: str) -> None:
    async def script(app: Sender) -> None:
        await app.piece()
        for _ in range(3):
            await asyncio.sleep(0)
            for _ in range(3):
                await app.piece()

    async def main() -> None:
        seen = set()
        async for _, notes in asked(Sender(script), ATTEMPTS):
            seen |= {tuple(notes[start : start + 3]) for start in (1, 4, 7)}
        # The first piece of a turn goes out by itself; without a word of the last turn, so does the second.
        assert seen & {(0, 1, 1), (0, 0, 1)}

    run(loop, main)


def test_pieces_that_are_apart_are_not_corked(loop: str) -> None:
    async def script(app: Sender) -> None:
        for _ in range(3):
            await app.piece()
            time.sleep(APART)

    async def main() -> None:
        async for _, notes in asked(Sender(script), 3):
            assert notes == [0, 0, 0, 0]

    run(loop, main)


def test_a_pause_ends_the_burst(loop: str) -> None:
    async def script(app: Sender) -> None:
        await app.piece()
        await app.piece()
        time.sleep(APART)
        await app.piece()

    async def main() -> None:
        async for _, notes in asked(Sender(script), 3):
            assert notes[2] == 0

    run(loop, main)


@contextmanager
def reader_of(address: tuple[str, int], wanted: bytes) -> Iterator[threading.Event]:
    """Ask from a thread, and tell when the answer ends with this for the time being."""
    arrived = threading.Event()

    def read() -> None:
        received = b""
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(get())
            while not received.endswith(b"0\r\n\r\n"):
                received += connection.recv(65536)
                if received.endswith(wanted):
                    arrived.set()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield arrived
    finally:
        thread.join()


def test_an_application_that_blocks_the_loop_keeps_no_piece_back(loop: str) -> None:
    """The client has the last piece of the burst while the application still blocks the loop."""
    waited: list[bool] = []
    arrival: list[threading.Event] = []

    async def script(app: Sender) -> None:
        for data in (b"one", b"two", b"three"):
            await app.piece(data)
        waited.append(arrival[0].wait(PATIENCE))

    async def main() -> None:
        app = Sender(script)
        async with listening(app) as address:
            with reader_of(address, b"three\r\n") as arrived:
                arrival.append(arrived)
                await app.ended.wait()

    run(loop, main)
    assert waited == [True]


def test_a_connection_that_is_lost_within_a_burst(loop: str) -> None:
    errors: list[Any] = []

    async def script(app: Sender) -> None:
        await app.piece()
        await app.piece()
        app.protocol.transport.abort()
        await app.piece()
        await asyncio.sleep(0.01)
        await app.piece()
        await app.piece()

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        app = Sender(script)
        async with listening(app) as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(get())
            await app.ended.wait()
            writer.close()
        assert app.notes[0] == 0

    run(loop, main)
    assert errors == []


def test_only_sockets_of_tcp_have_the_option(loop: str) -> None:
    async def main() -> None:
        running = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        transport, _ = await running.create_connection(asyncio.Protocol, sock=ours)
        assert corkable(transport) is None
        transport.close()
        theirs.close()
        assert corkable(Transport(running)) is None

    run(loop, main)
