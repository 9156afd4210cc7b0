"""A client that sends without end: each buffer has a bound, at which reading pauses or the connection is closed."""

import asyncio
from typing import Any

import psutil
import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from .exchange import DEFAULT_HEADERS, Transport
from .live import LOOPS, run
from .sides import CANDIDATE
from .test_applications import CLOSING, GET
from .test_connection import HANDSHAKE

PIECE = 64 * 1024
ENOUGH = 64 * 1024
"""So much of what waits, and no more, has to be read."""
MOST = 16 * 1024 * 1024
"""Bytes after which the flood ends."""

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (1 << 40)


class App:
    """Serves until the test ends: it waits, or asks again and again whether its client is there."""

    def __init__(self, *, polls: bool) -> None:
        self.polls = polls
        self.calls = 0
        self.taken = 0
        self.gate = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        while self.polls and not self.gate.is_set():
            task = asyncio.ensure_future(receive())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        await self.gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


def flood(app: App, first: bytes, piece: bytes, loop: str) -> tuple[int, Transport]:
    """Send `first`, and then pieces for as long as the server reads; give the bytes that it read of those."""

    async def main() -> tuple[int, Transport]:
        running = asyncio.get_running_loop()
        config = Config(app, lifespan="off", log_config=None, proxy_headers=False, ws="websockets-sansio")
        config.load()
        state = ServerState()
        state.default_headers = list(DEFAULT_HEADERS)
        transport = Transport(running)
        transport.protocol = CANDIDATE(config=config, server_state=state, app_state={}, _loop=running)
        transport.protocol.connection_made(transport)
        transport.protocol.data_received(first)
        taken, quiet = 0, 0
        while taken < MOST and quiet < 30:
            await asyncio.sleep(0)
            quiet += 1
            if transport.is_reading():
                transport.protocol.data_received(piece)
                taken, quiet = taken + len(piece), 0
        app.gate.set()
        transport.lose(None)
        while state.tasks:
            await asyncio.sleep(0)
        assert not state.connections
        return taken, transport

    result: tuple[int, Transport] = run(loop, main)
    return result


BEHIND = {
    "a handshake": (GET + HANDSHAKE, b"\xff" * PIECE),
    "requests": (GET, GET * (PIECE // len(GET))),
    "a body": (GET + LONG, b"x" * PIECE),
    "a head": (GET + HEAD + b"a: ", b"x" * PIECE),
    "chunks": (GET + CHUNKED, b"1\r\na\r\n" * (PIECE // 6)),
    "empty lines": (GET, b"\r\n" * (PIECE // 2)),
    "what is no HTTP": (GET + b"\0", b"\0" * PIECE),
    "what is refused": (GET + HEAD + b"a : b\r\n\r\n", GET * (PIECE // len(GET))),
    "a request that is the last": (CLOSING, GET * (PIECE // len(GET))),
    "a last request and garbage": (CLOSING, b"\0" * PIECE),
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("polls", [False, True], ids=["waits", "polls"])
@pytest.mark.parametrize("kind", BEHIND)
def test_behind_a_request(kind: str, polls: bool, loop: str) -> None:
    """Bytes behind a request that is served are not decoded, and are few."""
    app = App(polls=polls)
    first, piece = BEHIND[kind]
    taken, transport = flood(app, first, piece, loop)
    assert taken <= ENOUGH + PIECE
    assert transport.paused
    assert app.calls == 1


IN_FRONT = {
    "a body": (LONG, b"x" * PIECE),
    "chunks": (CHUNKED, b"1\r\na\r\n" * (PIECE // 6)),
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", IN_FRONT)
def test_a_body_that_nobody_takes(kind: str, loop: str) -> None:
    taken, transport = flood(App(polls=False), *IN_FRONT[kind], loop)
    # Of small chunks most is framing, which is not kept.
    assert taken <= 6 * (ENOUGH + PIECE)
    assert transport.paused


REFUSED = {
    "a head": (HEAD + b"a: ", b"x" * PIECE, 431, 256 * 1024),
    "fields": (HEAD, b"a: b\r\n" * (PIECE // 6), 431, 256 * 1024),
    "a request line": (b"GET /", b"x" * PIECE, 431, 256 * 1024),
    "a method": (b"G", b"X" * PIECE, 400, 0),
    "empty lines": (b"\r\n", b"\r\n" * (PIECE // 2), 400, 0),
    "a chunk's line": (CHUNKED + b"1;a=", b"x" * PIECE, 400, 0),
    "a chunk's size": (CHUNKED, b"0" * PIECE, 400, 0),
    "trailers": (CHUNKED + b"0\r\na: ", b"x" * PIECE, 431, 64 * 1024),
    "many trailers": (CHUNKED + b"0\r\n", b"a: b\r\n" * (PIECE // 6), 431, 64 * 1024),
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_closes(kind: str, loop: str) -> None:
    first, piece, status, bound = REFUSED[kind]
    taken, transport = flood(App(polls=False), first, piece, loop)
    assert taken <= bound + PIECE
    assert transport.closing
    assert transport.written.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_reads_nothing(loop: str) -> None:
    """Requests are begun as long as their answers fit into the transport."""
    calls = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        calls += 1
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10000")]})
        await send({"type": "http.response.body", "body": b"x" * 10_000})

    class Full(Transport):
        def write(self, data: Any) -> None:
            super().write(data)
            if len(self.written) > ENOUGH:
                self.protocol.pause_writing()

    async def main() -> None:
        running = asyncio.get_running_loop()
        config = Config(app, lifespan="off", log_config=None, proxy_headers=False)
        config.load()
        state = ServerState()
        state.default_headers = list(DEFAULT_HEADERS)
        transport = Full(running)
        transport.protocol = CANDIDATE(config=config, server_state=state, app_state={}, _loop=running)
        transport.protocol.connection_made(transport)
        piece = GET * (PIECE // len(GET))
        taken, quiet = 0, 0
        while taken < MOST and quiet < 30:
            await asyncio.sleep(0)
            quiet += 1
            if transport.is_reading():
                transport.protocol.data_received(piece)
                taken, quiet = taken + len(piece), 0
        assert taken <= ENOUGH + PIECE
        assert len(transport.written) < 2 * ENOUGH
        assert calls < 20
        transport.lose(None)
        while state.tasks:
            await asyncio.sleep(0)

    run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_is_always_ahead(loop: str) -> None:
    """Of what was read nothing is kept, though there is always more behind it."""
    request = HEAD + b"a: " + b"x" * 30_000 + b"\r\n\r\n"
    count, calls = 2_000, 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        calls += 1
        task = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def main() -> None:
        running = asyncio.get_running_loop()
        config = Config(app, lifespan="off", log_config=None, log_level="critical", proxy_headers=False)
        config.load()
        transport = Transport(running)
        transport.protocol = CANDIDATE(config=config, server_state=ServerState(), app_state={}, _loop=running)
        transport.protocol.connection_made(transport)
        transport.protocol.data_received(request + request)
        before = psutil.Process().memory_info().rss
        sent = 2
        while sent < count:
            if sent - calls < 2 and transport.is_reading():
                transport.protocol.data_received(request)
                sent += 1
            await asyncio.sleep(0)
        assert psutil.Process().memory_info().rss - before < 16 * 1024 * 1024
        while calls < count:
            await asyncio.sleep(0)
        transport.lose(None)

    run(loop, main)
