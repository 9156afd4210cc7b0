"""Whole exchanges: the scope, heads and bodies of answers, connections that stay or close, and what goes wrong."""

import asyncio
import contextvars
import json
from typing import Any

import pytest

from .serving import serve
from .site import BLOCK, Site
from .wire import Answer, chunked, request

_PIPELINED = 1000


def _scope(answer: Answer) -> dict[str, Any]:
    scope: dict[str, Any] = json.loads(answer.body)
    return scope


def test_scope(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        answer = wire.ask("/scope?a=%20b&c", "X-A: 1", "X-B:   padded", "x-a: \xff")
        assert _scope(answer) == {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/scope",
            "raw_path": "/scope",
            "root_path": "",
            "query_string": "a=%20b&c",
            "client": ["127.0.0.1", wire.port],
            "server": ["127.0.0.1", served.address[1]],
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "headers": [["host", "test"], ["x-a", "1"], ["x-b", "padded"], ["x-a", "\xff"]],
        }


def test_default_headers(site: Site, loop: str) -> None:
    with serve(site.app, loop, headers=[("X-Custom", "1"), ("X-Custom", "2")]) as served:
        # The first are made by the server's main loop, which starts after it listens.
        served.until(lambda: served.server.server_state.default_headers)
        with served.connect() as wire:
            answer = wire.ask()
    (date, _), *others = answer.headers
    assert date == "date"
    body = [("content-length", "5"), ("content-type", "text/plain; charset=utf-8")]
    assert others == [("server", "uvicorn"), ("x-custom", "1"), ("x-custom", "2"), *body]
    assert (answer.version, answer.status, answer.reason) == ("1.1", 200, "OK")


def test_no_default_headers(site: Site, loop: str) -> None:
    with serve(site.app, loop, server_header=False, date_header=False) as served, served.connect() as wire:
        assert [name for name, _ in wire.ask().headers] == ["content-length", "content-type"]


def test_pipelined_requests_are_answered_in_order(site: Site, loop: str) -> None:
    sent = b"".join(request(f"/item/{number}") for number in range(_PIPELINED))
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(sent)
        assert [int(wire.answer().body) for _ in range(_PIPELINED)] == list(range(_PIPELINED))
        served.settle()
        assert wire.at_hand() == (b"", False)
        assert served.server.server_state.total_requests == _PIPELINED


def test_pipelined_requests_of_all_kinds(site: Site, loop: str) -> None:
    """Bodies, streams, errors and a waiting one between them."""
    kinds = [
        (request("/echo", method="POST", body=b"x" * 100_000), 200, b"x" * 100_000),
        (request("/item/1"), 200, b"1"),
        (request("/deaf", method="POST", body=b"y" * 1000), 200, b"not read"),
        (request("/stream?count=3"), 200, BLOCK * 3),
        (request("/nowhere"), 404, b'{"detail":"Not Found"}'),
        (request("/echo", "Transfer-Encoding: chunked", method="POST") + chunked(b"a", b"bc"), 200, b"abc"),
        (request("/gate"), 200, b"open"),
    ]
    with serve(site.app, loop) as served, served.connect() as wire:
        served.call(site.gate.set)
        for _ in range(20):
            wire.send(*(sent for sent, _, _ in kinds))
            for _, status, body in kinds:
                answer = wire.answer()
                assert (answer.status, answer.body) == (status, body)
        assert served.problems() == []


def test_request_while_another_is_answered_waits(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/gate"))
        served.until(lambda: site.notes)
        wire.send(request("/item/7"))
        served.turn()
        assert wire.at_hand() == (b"", False)
        served.call(site.gate.set)
        assert [wire.answer().body, wire.answer().body] == [b"open", b"7"]


def test_connections_do_not_wait_for_each_other(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as one, served.connect() as other:
        one.send(request("/gate"))
        served.until(lambda: site.notes)
        assert other.ask("/item/1").body == b"1"
        served.call(site.gate.set)
        assert one.answer().body == b"open"


@pytest.mark.parametrize(
    ("sent", "stays"),
    [
        (request(), True),
        (request("/", "Connection: keep-alive"), True),
        (request("/", "Connection: close"), False),
        (request("/", "Connection: Close"), False),
        (request("/", "Connection: x, close"), False),
        (request("/", version="1.0"), False),
        (request("/echo", method="POST", body=b"x"), True),
    ],
)
def test_connection_stays_or_closes(site: Site, loop: str, sent: bytes, stays: bool) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(sent)
        answer = wire.answer()
        assert answer.status == 200
        assert answer["connection"] == (None if stays else "close")
        if stays:
            assert wire.ask().body == b"hello"
        else:
            assert wire.rest() == b""


def test_application_closes(loop: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    with serve(app, loop) as served, served.connect() as wire:
        wire.send(request(), request())
        assert wire.answer()["connection"] == "close"
        assert wire.rest() == b""


@pytest.mark.parametrize("status", [200, 204, 304, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_without_a_length(loop: str, status: int, method: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status})
        body = b"" if status in (204, 304) else b"body"
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body"})

    with serve(app, loop) as served, served.connect() as wire:
        answer = wire.ask(method=method)
        plain = method == "HEAD" or status in (204, 304)
        assert answer.status == status
        assert answer["transfer-encoding"] == (None if plain else "chunked")
        assert answer.body == (b"" if plain else b"body")
        assert wire.ask(method=method).status == status


def test_expectation(site: Site, loop: str) -> None:
    """100 Continue is sent when the application asks for the body, not before."""
    head = request("/count?wait", "Content-Length: 3", "Expect: 100-continue", method="POST")
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(head)
        served.turn()
        assert wire.at_hand() == (b"", False)
        served.call(site.gate.set)
        assert wire.take(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(b"abc")
        assert wire.answer().body.startswith(b"3 ")
        wire.send(request("/deaf", "Content-Length: 3", "Expect: 100-continue", method="POST"))
        assert (answer := wire.answer()).body == b"not read" and answer.interim == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ],
    ids=["tls", "no request", "no header", "no length", "no chunk"],
)
def test_what_is_no_http(site: Site, loop: str, sent: bytes) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        assert wire.ask().status == 200
        wire.send(sent)
        answer = wire.answer()
        assert (answer.status, answer.body) == (400, b"Invalid HTTP request received.")
        assert answer["connection"] == "close"
        assert wire.rest() == b""
        served.until(lambda: served.connections == 0)
        assert served.problems()[0] == ("WARNING", "Invalid HTTP request received.", "")


def test_error_of_the_application(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        answer = wire.ask("/error")
        assert (answer.status, answer.body) == (500, b"Internal Server Error")
        served.settle()
        assert served.problems() == [("ERROR", "Exception in ASGI application\n", "ValueError")]
        assert wire.rest() == b""


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
CHUNKED = {"type": "http.response.start", "status": 200}
BODY = {"type": "http.response.body", "body": b"body"}
WRONG: dict[str, tuple[list[Any], str, str]] = {
    "nothing": ([], "500", "ASGI callable returned without starting response."),
    "no body": ([START], "cut", "ASGI callable returned without completing response."),
    "no end": (
        [CHUNKED, {**BODY, "more_body": True}],
        "cut",
        "ASGI callable returned without completing response.",
    ),
    "a result": ([START, BODY, "result"], "200", "ASGI callable should return None, but returned 'result'."),
    "body first": ([BODY], "500", "RuntimeError"),
    "two starts": ([START, START], "cut", "RuntimeError"),
    "more than the end": ([START, BODY, BODY], "200", "RuntimeError"),
    "too long": ([START, {**BODY, "body": b"longer"}], "cut", "RuntimeError"),
    "too short": ([START, {**BODY, "body": b"s"}], "cut", "RuntimeError"),
    "raised first": ([KeyError("k")], "500", "KeyError"),
    "raised after the start": ([START, KeyError("k")], "cut", "KeyError"),
    "raised in the stream": ([CHUNKED, {**BODY, "more_body": True}, KeyError("k")], "cut", "KeyError"),
    "raised after the end": ([START, BODY, KeyError("k")], "200", "KeyError"),
    "cancelled": ([asyncio.CancelledError()], "500", "CancelledError"),
    "bad name": ([{**START, "headers": [(b"a b", b"")]}], "none", "RuntimeError"),
    "bad value": ([{**START, "headers": [(b"a", b"\n")]}], "none", "RuntimeError"),
    "bad status": ([{**START, "status": 1000}], "none", "KeyError"),
}


@pytest.mark.parametrize(("steps", "result", "logged"), WRONG.values(), ids=WRONG)
def test_application_that_does_wrong(loop: str, steps: list[Any], result: str, logged: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> Any:
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, str):
                return step
            await send(step)
        return None

    with serve(app, loop) as served, served.connect() as wire:
        wire.send(request())
        if result == "none":
            assert wire.rest() == b""
        else:
            answer = wire.answer(cut=True)
            assert answer.status == (500 if result == "500" else 200)
            assert answer.complete == (result != "cut")
        served.settle()
        ((level, message, kind),) = served.problems()
        assert level == "ERROR"
        assert logged in (message, kind)
        assert served.connections in (0, 1)


@pytest.mark.parametrize("reset", [True, False])
def test_context_of_requests(loop: str, reset: bool) -> None:
    """Each request has a task and a context of its own, also those of one connection."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    tasks: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        before = variable.get()
        variable.set(scope["path"])
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0)
        assert asyncio.current_task() is tasks[-1]
        body = f"{before} {variable.get()}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with serve(app, loop, reset_contextvars=reset) as served, served.connect() as wire:
        assert [wire.ask(f"/{number}").body for number in range(3)] == [b"unset /0", b"unset /1", b"unset /2"]
        if reset:  # else a pipelined request starts in the context of the one before it
            wire.send(request("/0"), request("/1"))
            assert [wire.answer().body for _ in range(2)] == [b"unset /0", b"unset /1"]
        served.settle()
        assert len({id(task) for task in tasks if isinstance(task, asyncio.Task)}) == len(tasks)


def test_long_heads(site: Site, loop: str) -> None:
    """A head that comes in many segments, and one with many headers."""
    lines = [f"X-Header-{number}: {'v' * 100}" for number in range(200)]
    with serve(site.app, loop) as served, served.connect() as wire:
        scope = _scope(wire.ask("/scope?" + "q" * 20_000, *lines))
        assert len(scope["headers"]) == 201
        assert len(scope["query_string"]) == 20_000


def test_many_requests_on_one_connection(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        for number in range(300):
            assert wire.ask(f"/item/{number}").body == str(number).encode()
        assert served.connections == 1
        assert len(served.messages("uvicorn.access")) == 300


def test_segments_that_end_anywhere(site: Site, loop: str) -> None:
    """Requests cut at every place give the same answers."""
    sent = request("/echo", "A: b", method="POST", body=b"abc") + request("/item/1")
    with serve(site.app, loop) as served, served.connect() as wire:
        for cut in range(1, len(sent)):
            wire.send(sent[:cut])
            served.turn(1)
            wire.send(sent[cut:])
            assert [wire.answer().body, wire.answer().body] == [b"abc", b"1"]
