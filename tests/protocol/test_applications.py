"""Applications of all manners, good and bad: bytes, messages and log records are those beside httptools."""

import asyncio
import itertools
import logging
from http import HTTPStatus
from typing import Any

import pytest

from .compare import responses, same_as_httptools
from .exchange import Act, Action, exchange
from .scripts import Drain, Echo, Raise, Receive, Return, Script, Send, Turn, Wait, body, start
from .sides import CANDIDATE, HTTPTOOLS

GET = b"GET /items/1?q=a%20b HTTP/1.1\r\nHost: example.org\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: example.org\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
EXPECTING = POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
UNFINISHED = POST[:-2]

STREAMS: dict[str, list[Action]] = {
    "get": [GET],
    "close": [CLOSING],
    "head": [HEAD],
    "http/1.0": [OLD],
    "post": [POST],
    "chunked": [CHUNKED],
    "expect": [EXPECTING],
    "in parts": [POST[:20], Act.SETTLE, POST[20:-3], Act.SETTLE, POST[-3:]],
    "unfinished": [UNFINISHED],
    "unfinished, lost": [UNFINISHED, Act.SETTLE, Act.LOST],
    "unfinished, ended": [UNFINISHED, Act.SETTLE, Act.EOF],
    "pipelined": [GET + GET],
    "shut down": [POST, Act.SHUTDOWN],
    "gate": [GET, Act.SETTLE, Act.GATE],
    "gate, next": [GET, Act.SETTLE, GET, Act.SETTLE, Act.GATE, Act.SETTLE, POST],
    "held": [GET, Act.HOLD, Act.SETTLE, Act.FREE],
    "held, lost": [GET, Act.HOLD, Act.SETTLE, Act.LOST],
}

LENGTH = ((b"content-length", b"5"),)
LENGTHS = ((b"content-length", b"5"), (b"content-length", b"5"))

SCRIPTS: dict[str, Script] = {
    "echo": [Drain(), Echo()],
    "echo first": [Receive(), Echo()],
    "no body": [start(headers=[(b"content-length", b"0")]), body()],
    "length": [start(headers=LENGTH), body(b"hello")],
    "length in two": [start(headers=LENGTH), body(b"he", more=True), Turn(), body(b"llo", more=False)],
    "length twice": [start(headers=LENGTHS), body(b"hello")],
    "too long": [start(headers=LENGTH), body(b"hello world")],
    "too long at last": [start(headers=LENGTH), body(b"hello", more=True), body(b"!", more=False)],
    "too short": [start(headers=LENGTH), body(b"hell")],
    "too short, caught": [start(headers=LENGTH), Send(body(b"hell").message, caught=True), Turn()],
    "too long, caught": [
        start(headers=LENGTH), Send(body(b"hello!").message, caught=True), body(b"hello"),
    ],
    "no length": [start(), body(b"hello")],
    "stream": [
        start(), body(b"he", more=True), Turn(), body(b"", more=True), body(b"llo", more=True), body(b""),
    ],
    "stream of nothing": [start(), body(b"", more=True), body()],
    "chunked": [start(headers=[(b"transfer-encoding", b"chunked")]), body(b"hello")],
    "Chunked": [start(headers=[(b"Transfer-Encoding", b"Chunked")]), body(b"hello")],
    "chunked and length": [start(headers=[(b"transfer-encoding", b"chunked"), *LENGTH]), body(b"hello")],
    "length and chunked": [start(headers=[*LENGTH, (b"transfer-encoding", b"chunked")]), body(b"hello")],
    "other coding": [start(headers=[(b"transfer-encoding", b"gzip")]), body(b"hello")],
    "large": [start(), body(b"x" * 300_000)],
    "large with length": [start(headers=[(b"content-length", b"300000")]), body(b"x" * 300_000)],
    "204": [start(204, headers=()), body()],
    "304": [start(304, headers=()), body()],
    "204 of length 0": [start(204, headers=[(b"content-length", b"0")]), body()],
    "404": [start(404), body(b"none")],
    "unknown status": [start(299), body(b"what")],
    "last status": [start(599), body(b"what")],
    "close": [start(headers=[*LENGTH, (b"connection", b"close")]), body(b"hello")],
    "Close": [start(headers=[*LENGTH, (b"Connection", b"keep-alive, Close")]), body(b"hello")],
    "keep-alive": [start(headers=[*LENGTH, (b"connection", b"keep-alive")]), body(b"hello")],
    "upper case": [start(headers=[(b"X-Name", b"Value"), (b"CONTENT-LENGTH", b"5")]), body(b"hello")],
    "repeated": [start(headers=[(b"set-cookie", b"a"), (b"set-cookie", b"b")]), body(b"hello")],
    "odd values": [start(headers=[(b"a", b""), (b"b", b" c "), (b"d", b"\t"), (b"e", b"\xb5\xff")]), body(b"")],
    "no headers": [Send({"type": "http.response.start", "status": 200}), body(b"hello")],
    "lists for headers": [
        Send({"type": "http.response.start", "status": 200, "headers": [[b"a", b"b"], [b"content-length", b"0"]]}),
        body(),
    ],
    "tuple of headers": [
        Send({"type": "http.response.start", "status": 200, "headers": ((b"a", b"b"), [b"c", b"d"])}), body(),
    ],
    "no body key": [start(), Send({"type": "http.response.body"})],
    "bytearray": [start(headers=LENGTH), body(bytearray(b"hello"))],  # type: ignore[arg-type]
    "bytearray, chunked": [start(), body(bytearray(b"hello"))],  # type: ignore[arg-type]
    "memoryview": [start(headers=LENGTH), body(memoryview(b"hello"))],  # type: ignore[arg-type]
    "memoryview, chunked": [start(), body(memoryview(b"hello"))],  # type: ignore[arg-type]
    "more keys": [start(trailers=False), Send({"type": "http.response.body", "body": b"", "other": 1})],
    "returns early": [],
    "returns after receive": [Receive()],
    "returns a value": [Return()],
    "returns a value after start": [start(), Return("late")],
    "returns a value after all": [start(), body(), Return(0)],
    "only starts": [start()],
    "unfinished": [start(), body(b"he", more=True)],
    "unfinished with length": [start(headers=LENGTH), body(b"he", more=True)],
    "raises": [Raise()],
    "raises after receive": [Drain(), Raise(KeyError)],
    "raises after start": [start(), Raise()],
    "raises within": [start(), body(b"he", more=True), Raise()],
    "raises after all": [start(), body(b"hello"), Raise()],
    "is cancelled": [Raise(asyncio.CancelledError)],
    "exits": [Raise(GeneratorExit)],
    "body first": [body(b"hello")],
    "body first, caught": [Send(body(b"hello").message, caught=True), start(), body(b"hello")],
    "starts twice": [start(), start(404)],
    "starts twice, caught": [start(), Send(start(404).message, caught=True), body(b"hello")],
    "body after all": [start(), body(), body()],
    "body after all, caught": [start(), body(), Send(body().message, caught=True)],
    "start after all, caught": [start(), body(), Send(start().message, caught=True)],
    "unknown message": [Send({"type": "http.response.unknown"})],
    "unknown message within, caught": [
        start(), Send({"type": "websocket.send"}, caught=True), body(b"hello"),
    ],
    "debug message, caught": [Send({"type": "http.response.debug", "info": {}}, caught=True), start(), body()],
    "receives after all": [start(), body(), Receive(), Receive()],
    "receives twice": [Drain(), start(), body(b"", more=True), Wait(), body()],
    "waits for the end": [Receive(), Receive(), start(), body()],
    "waits at first": [Wait(), Drain(), Echo()],
    "waits within": [start(), body(b"he", more=True), Wait(), body(b"llo"), Receive()],
    "waits after all": [start(), body(b"hello"), Wait(), Receive()],
}  # fmt: skip

BAD_HEADERS: dict[str, tuple[bytes, bytes]] = {
    **{
        f"name {char!r}": (b"a" + char + b"b", b"c")
        for char in map(bytes, zip(b'\0\t\n\r\x1f ()<>@,;:\\[]={}"\x7f'))
    },
    **{f"value {char!r}": (b"a", b"b" + char + b"c") for char in map(bytes, zip(b"\0\x08\n\r\x1f\x7f"))},
}


ODD: dict[str, Script] = {
    "empty name": [start(headers=[(b"", b"x"), *LENGTH, (b"", b"")]), body(b"hello")],
    "empty name, bad value": [start(headers=[(b"", b"x\n")]), body(b"hello")],
    "text for a name": [start(headers=[("a", b"b")]), body()],  # type: ignore[list-item]
    "text for a value": [start(headers=[(b"a", "b")]), body()],  # type: ignore[list-item]
    "text for a header": [start(headers=["ab", "c"]), body()],  # type: ignore[list-item]
    "a header alone": [start(headers=[(b"a",)]), body()],  # type: ignore[list-item]
    "three for a header": [start(headers=[(b"a", b"b", b"c")]), body()],  # type: ignore[list-item]
    "none for a header": [start(headers=[None]), body()],  # type: ignore[list-item]
    "none for a value": [start(headers=[(b"a", None)]), body()],  # type: ignore[list-item]
    "none for headers": [Send({"type": "http.response.start", "status": 200, "headers": None}), body()],
    "dict for headers": [
        Send({"type": "http.response.start", "status": 200, "headers": {b"ab": b"cd"}}), body(),
    ],
    "length that is no number": [start(headers=[(b"content-length", b"x")]), body()],
    "empty length": [start(headers=[(b"content-length", b"")]), body()],
    "length in other bytes": [start(headers=[(b"content-length", b"\xff")]), body()],
    "length with space": [start(headers=[(b"content-length", b" 5\t")]), body(b"hello")],
    **{
        f"status {status!r}": [start(status), body(b"")]  # type: ignore[arg-type]
        for status in (99, 600, -1, 1 << 70, "200", 200.0, 200.5, True, None, [], HTTPStatus.OK)
    },
    **{
        f"{nothing!r} for a body": [start(), Send({"type": "http.response.body", "body": nothing})]
        for nothing in (None, "", (), 0)
    },
    **{
        f"{kind!r} for a type": [Send({"type": kind, "status": 200, "headers": []}), body()]
        for kind in (None, 5, b"http.response.start", "http.response.trailers")
    },
    "other type within": [start(), Send({"type": None, "body": b""}), body()],
    "other type after all": [start(), body(), Send({"type": 5}, caught=True)],
}  # fmt: skip
"""What is no ASGI, or hardly; the answer and the error are uvicorn's."""


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("stream", STREAMS)
def test_same(stream: str, script: str) -> None:
    same_as_httptools(STREAMS[stream], [SCRIPTS[script]])


@pytest.mark.parametrize("script", ODD)
@pytest.mark.parametrize("stream", ["get", "head", "pipelined"])
def test_odd_messages(stream: str, script: str) -> None:
    same_as_httptools(STREAMS[stream], [ODD[script]])


@pytest.mark.parametrize("header", BAD_HEADERS)
def test_invalid_header_is_not_sent(header: str) -> None:
    bad = start(headers=[(b"good", b"1"), BAD_HEADERS[header], (b"late", b"1")])
    record = same_as_httptools([GET], [[bad, body(b"hello")]])
    assert record.closed
    assert record.written == b""
    caught = Send(bad.message, caught=True)
    same_as_httptools([GET], [[caught, body(b"hello")]])
    same_as_httptools([GET], [[caught, start(), body(b"hello")]])


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.start"},
        {"type": "http.response.start", "status": 99},
        {"type": "http.response.start", "status": 600},
        {"type": "http.response.start", "status": "200"},
        {"type": "http.response.start", "status": None},
        {"type": "http.response.start", "status": 200, "headers": [(b"a",)]},
        {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b", b"c")]},
        {"type": "http.response.start", "status": 200, "headers": [("a", "b")]},
        {"type": "http.response.start", "status": 200, "headers": [(b"a", "b")]},
        {"type": "http.response.start", "status": 200, "headers": [(b"a", None)]},
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"five")]},
        {"type": "http.response.start", "status": 200, "headers": 1},
        {"type": "http.response.start", "status": 200, "headers": None},
        {},
    ],
    ids=str,
)
def test_malformed_start(message: dict[str, Any]) -> None:
    _fails([Send(message), body(b"hello")])
    _fails([Send(message, caught=True), body(b"hello")])


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.body", "body": "hello"},
        {"type": "http.response.body", "body": 5},
        {"type": "http.response.body", "body": [1, 2]},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("headers", [LENGTH, ()], ids=["length", "chunked"])
def test_malformed_body(message: dict[str, Any], headers: Any) -> None:
    _fails([start(headers=headers), Send(message)])


def _fails(script: Script) -> None:
    """What is no ASGI message fails in ways of one's own, but nobody takes it for a response."""
    record = exchange(CANDIDATE, [GET, Act.SETTLE, GET], [script])
    assert record.closed
    assert len(record.calls) == 1
    assert record.tasks == 0
    assert [level for name, level, *_ in record.logs if name == "uvicorn.error"] == [logging.ERROR]
    answers = responses(record.written, ["GET"])
    assert not answers or answers[0].status == 500 or not answers[0].complete


@pytest.mark.parametrize("data", [b"", b"hello"])
@pytest.mark.parametrize(
    "framing", [(), LENGTH, ((b"transfer-encoding", b"chunked"),)], ids=["none", "length", "chunked"]
)
@pytest.mark.parametrize("status", [100, 103, 199, 204, 304])
def test_no_content_after_a_status_without(status: int, framing: Any, data: bytes) -> None:
    """A client takes what follows for the next response (RFC 9112 section 6.3); httptools' class writes it."""
    record = exchange(CANDIDATE, [GET, Act.SETTLE, GET], [[start(status, headers=framing), body(data)]])
    head, end, rest = record.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    if status < 200 and not framing:
        assert not record.closed
        assert [call.events for call in record.calls] == [[("sent", None)] * 2] * 2
    # It is the second response of the same kind, or there is none, since the first was no whole one.
    assert rest == b"" if record.closed else rest == head + end


def test_scripts_differ() -> None:
    """The records tell the scripts apart: a comparison of them is one."""
    first = exchange(HTTPTOOLS, [GET], [SCRIPTS["length"]])
    others = [exchange(HTTPTOOLS, [GET], [SCRIPTS[name]]) for name in ("no length", "too long", "raises")]
    assert not any(one == other for one, other in itertools.combinations([first, *others], 2))
