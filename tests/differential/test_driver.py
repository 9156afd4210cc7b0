"""The harness itself: it must see what an application does, and notice every kind of difference."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest

from .compare import differences
from .driver import Http, Lifespan, Outcome, WebSocket, drive, get, header, log, post, post_multipart, ws

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
NAMES = ("reference", "candidate")


def run(app: App, exchange: Http | WebSocket | Lifespan, timeout: float = 5.0) -> Outcome:
    return anyio.run(partial(drive, app, exchange, timeout=timeout))


def answering(status: int = 200, body: bytes = b"x", headers: list[Any] | None = None, *events: str) -> App:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        for event in events:
            log(event)
        await send({"type": "http.response.start", "status": status, "headers": headers or []})
        await send({"type": "http.response.body", "body": body})

    return app


def raising(error: Exception) -> App:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            raise KeyError("first")
        except KeyError:
            raise error  # noqa: B904 - the context is what is looked at

    return app


async def reading(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Take every message until the connection ends."""
    while True:
        message = await receive()
        log(message["type"], message.get("body"), message.get("more_body"))
        if message["type"] == "http.disconnect":
            return


BASE = answering()
A, B = (b"a", b"1"), (b"b", b"2")


@pytest.mark.parametrize(
    ("left", "right", "part"),
    [
        (BASE, answering(201), "messages[0]"),
        (BASE, answering(body=b"y"), "messages[1]"),
        (answering(headers=[A, B]), answering(headers=[B, A]), "messages[0]"),
        (answering(headers=[(b"a", b"1")]), answering(headers=[(b"A", b"1")]), "messages[0]"),
        (BASE, answering(200, b"x", None, "event"), "events"),
        (raising(ValueError("a")), raising(ValueError("b")), "exception[0]"),
        (raising(ValueError("a")), raising(TypeError("a")), "exception[0]"),
        (BASE, raising(ValueError("a")), "exception"),
        (BASE, reading, "messages"),
    ],
)
def test_differences_are_noticed(left: App, right: App, part: str) -> None:
    exchange = get("/")
    assert differences(exchange, run(left, exchange), run(left, exchange), NAMES) == []
    found = differences(exchange, run(left, exchange), run(right, exchange, timeout=0.2), NAMES)
    assert any(line.startswith(part) for line in found), found


def test_scope_differences_are_noticed() -> None:
    async def endpoint() -> None:
        pass

    async def setting(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["endpoint"] = endpoint
        scope["path_params"] = {"n": 1}

    async def string(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["path_params"] = {"n": "1"}

    found = differences(get("/"), run(setting, get("/")), run(string, get("/")), NAMES)
    assert [line.split(":")[0] for line in found] == ["scope endpoint", "scope path_params"]


def test_package_names_and_addresses_count_as_equal() -> None:
    left = run(raising(ValueError("reference.x at 0x7f0011223344")), get("/"))
    right = run(raising(ValueError("candidate.x at 0x7faabbccddee")), get("/"))
    assert differences(get("/"), left, right, NAMES) == []


def test_hang_is_an_outcome() -> None:
    async def hanging(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await anyio.sleep_forever()

    assert run(hanging, get("/"), timeout=0.05).hung


def test_chain_is_recorded() -> None:
    outcome = run(raising(ExceptionGroup("g", [ValueError("inside")])), get("/"))
    assert outcome.exception == [
        ("builtins.ExceptionGroup", "g (1 sub-exception)"),
        ("  builtins.ValueError", "inside"),
        ("builtins.KeyError", "'first'"),
    ]


def test_body_chunks_and_cut() -> None:
    cut = run(reading, post("/", b"abc", chunks=(b"a", b"b"), cut=True))
    assert cut.events == ["http.request b'a' True", "http.request b'b' True", "http.disconnect None None"]
    assert cut.received == 2


def test_client_that_leaves() -> None:
    outcome = run(BASE, get("/", gone_after_sends=1))
    assert len(outcome.messages) == 1
    assert outcome.exception == [("builtins.OSError", "client is gone")]


def test_requests_look_as_written() -> None:
    sent = post("/a%20b?q=%ff", b"{}", headers=(header("X-A", b"\xff"),), length=7)
    seen: dict[str, Any] = {}

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.update(scope)

    run(app, sent)
    assert (seen["path"], seen["raw_path"], seen["query_string"]) == ("/a b", b"/a%20b", b"q=%ff")
    assert (b"content-length", b"7") in seen["headers"]
    assert (b"x-a", b"\xff") in seen["headers"]


def test_multipart() -> None:
    body = post_multipart("/", [("a", "f.txt", "text/plain", b"data")]).body[0]
    assert b'name="a"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\ndata\r\n--' in body


def test_websocket_script() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        for _ in range(4):
            log((await receive())["type"])

    kinds = ["websocket.connect", "websocket.receive", "websocket.receive", "websocket.disconnect"]
    assert run(app, ws("/", "text", b"bytes")).events == kinds
