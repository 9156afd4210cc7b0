"""Clients that send without end, over sockets: how much a server takes that has something else to do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from .serving import serve
from .test_handshakes import HANDSHAKE
from .test_slow_clients import _KERNEL, _SERVER, _push_all
from .wire import request

_BLOCK = 64 * 1024
_FLOOD = 256
"""Blocks: 16 MB."""


class _Polling:
    """Asks again and again whether its client is there, as `Request.is_disconnected()` does, until it is told."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        gone = False
        while not gone and not self.gate.is_set():
            task = asyncio.ensure_future(receive())
            await asyncio.sleep(0.0001)
            gone = task.done() and task.result()["type"] == "http.disconnect"
            task.cancel()
            await asyncio.wait([task])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


_GET = request("/")
_FLOODS = {
    "a handshake": (_GET + HANDSHAKE, b"\xff" * _BLOCK),
    "what is refused": (_GET + b"\0", b"\0" * _BLOCK),
    "requests": (_GET, _GET * (_BLOCK // len(_GET))),
    "a body": (_GET + request("/", f"Content-Length: {1 << 40}", method="POST"), b"x" * _BLOCK),
    "after the last request": (request("/", "Connection: close"), b"x" * _BLOCK),
}


@pytest.mark.parametrize("kind", _FLOODS)
def test_behind_a_request_that_polls(kind: str, loop: str, tmp_path: Path) -> None:
    """It is bounded, and the client that is flooding gets its answer all the same."""
    app = _Polling()
    first, block = _FLOODS[kind]
    with (
        serve(app, loop, uds=str(tmp_path / "s"), ws="websockets-sansio") as served,
        served.connect() as wire,
    ):
        wire.send(first)
        served.until(lambda: app.calls)
        assert _push_all(served, wire, block * _FLOOD) < _KERNEL + _SERVER
        assert app.calls == 1
        served.call(app.gate.set)
        assert wire.answer().body == b"ok"
    assert served.connections == 0


@pytest.mark.parametrize("kind", ["nothing", *_FLOODS])
def test_its_client_may_leave(kind: str, loop: str, tmp_path: Path) -> None:
    """As long as a client has sent little, its leaving is seen."""
    app = _Polling()
    first, block = _FLOODS.get(kind, (_GET, b""))
    with serve(app, loop, uds=str(tmp_path / "s"), ws="websockets-sansio") as served:
        with served.connect() as wire:
            wire.send(first + block[:1000])
            served.until(lambda: app.calls)
            served.turn()
        served.settle()
        assert not app.gate.is_set()
        assert served.connections == 0
