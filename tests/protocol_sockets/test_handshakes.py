"""Handshakes with bytes right behind them, which no client sends that means well: nothing is left of any of them."""

import asyncio
import threading
from typing import Any

import pytest

from .serving import Served, serve
from .wire import Wire, request

pytestmark = [
    pytest.mark.filterwarnings("ignore:websockets.:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::uvicorn.config.UvicornDeprecationWarning"),
]

WS = ("websockets", "websockets-sansio", "wsproto")
HANDSHAKE = request(
    "/nope",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version: 13",
)
REFUSED = HANDSHAKE.replace(b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 12")
BEHIND = {
    "nothing": b"",
    "garbage": b"\xff\xff\xff\xff\xff",
    "unmasked": b"\x81\x02hi",
    "request": request("/"),
    "request with a body": request("/", method="POST", body=b"a" * 100_000),
    "handshake": HANDSHAKE,
    "masked close": b"\x88\x82\0\0\0\0\x03\xe8",
    "empty close": b"\x88\x80\0\0\0\0",
    "frame": b"\x81\x82\0\0\0\0hi",
    "no text": b"\x81\x82\0\0\0\0\xff\xff",
    "frame and garbage": b"\x81\x82\0\0\0\0hi\xff\xff",
    "half a frame": b"\x81\x82\0\0",
    "too large a frame": b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0abc",
}


class _App:
    """Takes WebSockets and answers requests, one of them when it is told to."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.waiting = threading.Event()
        self.lifespan: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        match scope["type"]:
            case "lifespan":
                for what in ("startup", "shutdown"):
                    await receive()
                    self.lifespan.append(what)
                    await send({"type": f"lifespan.{what}.complete"})
            case "websocket":
                await receive()
                await send({"type": "websocket.accept"})
                while (await receive())["type"] != "websocket.disconnect":
                    pass
            case _:
                if scope["path"] == "/gate":
                    self.waiting.set()
                    await self.gate.wait()
                length = [(b"content-length", b"2")]
                await send({"type": "http.response.start", "status": 200, "headers": length})
                await send({"type": "http.response.body", "body": b"ok"})


def _attack(served: Served, sent: bytes) -> None:
    """Send it, and leave when all of it has been handled."""
    with served.connect() as wire:
        wire.socket.sendall(sent)
        served.until(lambda: served.connections != 1 or _handed_over(served))
        served.turn()


def _handed_over(served: Served) -> bool:
    [connection] = served.server.server_state.connections
    return not isinstance(connection, served.server.config.http_protocol_class)


def _gone(served: Served) -> None:
    served.until(lambda: not served.connections and not served.server.server_state.tasks)


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("ws", WS)
def test_nothing_is_left(ws: str, behind: str, loop: str) -> None:
    with serve(_App(), loop, ws=ws) as served:
        for handshake in (HANDSHAKE, REFUSED):
            _attack(served, handshake + BEHIND[behind])
            _gone(served)


@pytest.mark.parametrize("ws", WS)
def test_the_concurrency_limit_stays(ws: str, loop: str) -> None:
    with serve(_App(), loop, ws=ws, limit_concurrency=4) as served:
        for behind in BEHIND.values():
            _attack(served, HANDSHAKE + behind)
            _gone(served)
        with served.connect() as wire:
            assert wire.ask("/").status == 200


@pytest.mark.parametrize("ws", WS)
def test_the_server_ends_in_order(ws: str, loop: str) -> None:
    """What is in flight is answered, and the application's lifespan has its end."""
    app = _App()
    with serve(app, loop, ws=ws, lifespan="on") as served:
        for behind in BEHIND.values():
            _attack(served, HANDSHAKE + behind)
            _gone(served)
        with served.connect() as wire:
            wire.send(request("/gate"))
            assert app.waiting.wait(20)
            served.stop(wait=False)
            served.until(lambda: served.server.server_state.connections and _ending(wire, served))
            served.call(app.gate.set)
            assert wire.answer().status == 200
        served.join()
    assert app.lifespan == ["startup", "shutdown"]


def _ending(wire: Wire, served: Served) -> bool:
    return not served.server.servers[0].is_serving()
