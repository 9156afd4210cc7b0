"""Upgrades: the connection is handed over to uvicorn's WebSocket protocol, or answered as if none was asked for."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ferroapi import FastAPI, WebSocket, WebSocketDisconnect
from ferroapi.responses import PlainTextResponse, Response

from .chosen import PATIENCE
from .serving import Served, serve
from .wire import Wire, request

UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)


def _app(notes: list[Any]) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read() -> Response:
        return PlainTextResponse("hello")

    @app.websocket("/echo/{name}")
    async def echo(websocket: WebSocket, name: str) -> None:
        scope = websocket.scope
        notes.append(
            [scope[key] for key in ("type", "scheme", "path", "query_string", "subprotocols", "root_path")]
        )
        notes.append([item for item in scope["headers"] if item[0].startswith(b"x-")])
        await websocket.accept(subprotocol="b" if "b" in scope["subprotocols"] else None)
        try:
            while True:
                await websocket.send_text(f"{name}: {await websocket.receive_text()}")
        except WebSocketDisconnect as error:
            notes.append(error.code)

    @app.websocket("/refused")
    async def refused(websocket: WebSocket) -> None:
        await websocket.close()

    @app.websocket("/denied")
    async def denied(websocket: WebSocket) -> None:
        await websocket.send_denial_response(PlainTextResponse("not you", 418))

    @app.websocket("/fails")
    async def fails(websocket: WebSocket) -> None:
        raise ValueError("of the application")

    return app


@contextlib.contextmanager
def _opened(served: Served, path: str, **options: Any) -> Iterator[ClientConnection]:
    host, port = served.address
    client = socket.create_connection((str(host), int(port)), PATIENCE)
    with connect(f"ws://test{path}", sock=client, proxy=None, open_timeout=PATIENCE, **options) as websocket:
        yield websocket


def test_echo(loop: str) -> None:
    notes: list[Any] = []
    with serve(_app(notes), loop) as served:
        headers = [("X-A", "1"), ("X-B", "\xff"), ("X-A", "2")]
        with _opened(
            served, "/echo/n%20m?q=1", subprotocols=["a", "b"], additional_headers=headers
        ) as client:
            assert client.subprotocol == "b"
            client.send("one")
            assert client.recv(PATIENCE) == "n m: one"
            client.send("x" * 1_000_000)
            assert len(client.recv(PATIENCE)) == 1_000_005
        served.until(lambda: served.connections == 0)
        served.settle()
        assert notes[0] == ["websocket", "ws", "/echo/n m", b"q=1", ["a", "b"], ""]
        assert notes[1:] == [[(b"x-a", b"1"), (b"x-b", b"\xff"), (b"x-a", b"2")], 1000]
        assert served.problems() == []
        assert any('"WebSocket /echo/n%20m?q=1" [accepted]' in text for _, text in served.messages())


def test_many_at_once(loop: str) -> None:
    with serve(_app([]), loop) as served, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(_opened(served, f"/echo/{number}")) for number in range(20)]
        for _ in range(5):
            for client in clients:
                client.send("x")
            assert [client.recv(PATIENCE) for client in clients] == [f"{number}: x" for number in range(20)]
        assert served.connections == 20


def test_after_requests_on_the_same_connection(loop: str) -> None:
    with serve(_app([]), loop) as served, served.connect() as wire:
        for _ in range(3):
            assert wire.ask().body == b"hello"
        wire.send(request("/echo/n", *UPGRADE))
        head = wire.head()
        assert (head.status, head["Sec-WebSocket-Accept"]) == (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        wire.send(b"\x81\x83\0\0\0\0abc")
        assert wire.take(8) == b"\x81\x06n: abc"
        assert served.connections == 1


def test_head_that_comes_in_parts(loop: str) -> None:
    with serve(_app([]), loop) as served, served.connect() as wire:
        sent = request("/echo/n", *UPGRADE)
        for start in range(0, len(sent), 10):
            wire.send(sent[start : start + 10])
            served.turn(1)
        assert wire.head().status == 101


@pytest.mark.parametrize(
    ("path", "status"), [("/refused", 403), ("/denied", 418), ("/fails", 500), ("/none", 403)]
)
def test_refusals(loop: str, path: str, status: int) -> None:
    with serve(_app([]), loop) as served:
        with pytest.raises(InvalidStatus) as caught, _opened(served, path):
            pass
        assert caught.value.response.status_code == status
        served.until(lambda: served.connections == 0)
        served.settle()
        kinds = [kind for _, _, kind in served.problems() if kind]
        assert kinds == (["ValueError"] if path == "/fails" else [])


def test_graceful_shutdown(loop: str) -> None:
    with serve(_app([]), loop) as served, _opened(served, "/echo/n") as client:
        client.send("x")
        assert client.recv(PATIENCE) == "n: x"
        served.stop(wait=False)
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(PATIENCE)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1012
        served.join()


NOT_SERVED = ["Unsupported upgrade request."]
NO_LIBRARY = [
    "No supported WebSocket library detected. Please use \"pip install 'uvicorn[standard]'\", "
    "or install 'websockets' or 'wsproto' manually."
]


@pytest.mark.parametrize(
    ("options", "headers", "warnings"),
    [
        ({}, ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"), NOT_SERVED),
        ({}, ("Connection: Upgrade", "Upgrade: x"), NOT_SERVED),
        ({}, ("Upgrade: websocket",), []),
        ({}, ("Connection: Upgrade",), []),
        ({"ws": "none"}, UPGRADE, NOT_SERVED + NO_LIBRARY),
    ],
    ids=["h2c", "unknown", "no connection", "no upgrade", "no websockets"],
)
def test_what_is_not_upgraded(
    loop: str, options: dict[str, Any], headers: tuple[str, ...], warnings: list[str]
) -> None:
    with serve(_app([]), loop, **options) as served, served.connect() as wire:
        answer = wire.ask("/", *headers)
        assert (answer.status, answer.body) == (200, b"hello")
        assert [text for _, text, _ in served.problems()] == warnings
        assert wire.ask().body == b"hello"


def test_name_in_any_case(loop: str) -> None:
    with serve(_app([]), loop) as served, served.connect() as wire:
        wire.send(request("/echo/n", "connection: keep-alive, UPGRADE", "upgrade: WebSocket", *UPGRADE[2:]))
        assert wire.head().status == 101


def test_client_that_leaves(loop: str) -> None:
    notes: list[Any] = []
    with serve(_app(notes), loop) as served:
        with served.connect() as wire:
            wire.send(request("/echo/n", *UPGRADE))
            assert wire.head().status == 101
            Wire.reset(wire)
        served.until(lambda: served.connections == 0)
        served.settle()
        assert isinstance(notes[-1], int)
