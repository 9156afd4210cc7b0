"""Byte streams that RFC 9112 does not know: answered with an error, and nothing after them is read.

In many of these httptools or h11 is more lenient; where two servers on one path read a stream in two ways, requests can
be smuggled past the first.
"""

import logging
from collections.abc import Sequence

import pytest

from .compare import responses
from .exchange import Act, Action, Record, exchange
from .scripts import Drain, Echo, Receive, Script, Wait, body, start
from .sides import CANDIDATE

ECHO = [Drain(), Echo()]
REASONS = {400: b"Bad Request", 413: None, 431: b"Request Header Fields Too Large", 501: b"Not Implemented"}


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([*lines, b"", b""])


def get(*fields: bytes) -> bytes:
    return head(b"GET / HTTP/1.1", b"Host: a", *fields)


def post(*fields: bytes) -> bytes:
    return head(b"POST / HTTP/1.1", b"Host: a", *fields)


def line(text: bytes) -> bytes:
    return head(text, b"Host: a")


HEADS: dict[str, tuple[bytes, int]] = {
    # Lines (RFC 9112 section 2.2).
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    "bare LF after a field": (b"GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
    "bare LF as the empty line": (b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "bare CR in a value": (get(b"a: b\rc"), 400),
    "bare CR after a field": (b"GET / HTTP/1.1\r\nHost: a\r\rb: c\r\n\r\n", 400),
    "CR in a name": (get(b"a\rb: c"), 400),
    "CR CR LF": (b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    "LF before a request": (b"\n" + get(), 400),
    "space before a request": (b" " + get(), 400),
    "space before the first field": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    # Fields (section 5).
    "space before the colon": (get(b"a : b"), 400),
    "tab before the colon": (get(b"a\t: b"), 400),
    "obs-fold": (get(b"a: b", b" c"), 400),
    "obs-fold with a tab": (get(b"a: b", b"\tc"), 400),
    "no colon": (get(b"a"), 400),
    "no name": (get(b": b"), 400),
    **{f"name with {char!r}": (get(b"a" + char + b": c"), 400) for char in map(bytes, zip(b'\0\x1f\x7f\x80\xff()<>@,;\\"/[]?={} '))},
    **{f"value with {char!r}": (get(b"a: b" + char), 400) for char in map(bytes, zip(b"\0\x01\x08\x0b\x0c\x1f\x7f"))},
    # The request line (section 3).
    "no version": (line(b"GET /"), 400),
    "no target": (line(b"GET HTTP/1.1"), 400),
    "two spaces": (line(b"GET  / HTTP/1.1"), 400),
    "two spaces before the version": (line(b"GET /  HTTP/1.1"), 400),
    "tab": (line(b"GET\t/\tHTTP/1.1"), 400),
    "space at the end": (line(b"GET / HTTP/1.1 "), 400),
    "four words": (line(b"GET / a HTTP/1.1"), 400),
    "HTTP/0.9": (line(b"GET / HTTP/0.9"), 400),
    "HTTP/1.2": (line(b"GET / HTTP/1.2"), 400),
    "HTTP/2.0": (line(b"GET / HTTP/2.0"), 400),
    "HTTP/1.10": (line(b"GET / HTTP/1.10"), 400),
    "HTTP/1": (line(b"GET / HTTP/1"), 400),
    "HTTP/01.1": (line(b"GET / HTTP/01.1"), 400),
    "http/1.1": (line(b"GET / http/1.1"), 400),
    "HTTP2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 600, 400),
    "method with a character that is none of a token's": (line(b"G@T / HTTP/1.1"), 400),
    "no method": (line(b" / HTTP/1.1"), 400),
    "long method": (line(b"A" * 100 + b" / HTTP/1.1"), 400),
    "relative target": (line(b"GET a HTTP/1.1"), 400),
    "empty query as target": (line(b"GET ?a HTTP/1.1"), 400),
    "asterisk": (line(b"GET * HTTP/1.1"), 400),
    "other scheme": (line(b"GET ftp://a/ HTTP/1.1"), 400),
    "authority of another host": (line(b"GET http://b/ HTTP/1.1"), 400),
    "authority of another port": (line(b"GET http://a:81/ HTTP/1.1"), 400),
    "authority that is no host": (line(b"GET http://a@a/ HTTP/1.1"), 400),
    "no authority": (line(b"GET http:///a HTTP/1.1"), 400),
    "CONNECT": (line(b"CONNECT a:443 HTTP/1.1"), 501),
    **{f"target with {char!r}": (line(b"GET /a" + char + b" HTTP/1.1"), 400) for char in map(bytes, zip(b"\0\x01\t\x1f\x7f\x80\xff"))},
    # Host (section 3.2).
    "no host": (head(b"GET / HTTP/1.1"), 400),
    "no host, other fields": (head(b"GET / HTTP/1.1", b"a: b"), 400),
    "two hosts": (get(b"Host: a"), 400),
    "two hosts that differ": (get(b"host: b"), 400),
    "two hosts, 1.0": (head(b"GET / HTTP/1.0", b"Host: a", b"Host: a"), 400),
    **{f"host {host!r}": (head(b"GET / HTTP/1.1", b"Host: " + host), 400) for host in (b"a b", b"a,b", b"a/b", b"a\tb", b"a?b", b"a#b", b"a@b", b"a\\b", b"\xff")},
    # The length of a body (section 6).
    **{
        f"content-length {length!r}": (post(b"Content-Length: " + length), 400)
        for length in (b"", b"+1", b"-1", b"1 1", b"1,1", b"1, 1", b"1, 2", b"0x1", b"1a", b"1.0", b"1_0", b"\xb2", b"'1'", b"1;")
    },
    "content-length twice": (post(b"Content-Length: 1", b"Content-Length: 1"), 400),
    "content-length twice, different": (post(b"Content-Length: 1", b"Content-Length: 2"), 400),
    "content-length beyond 64 bits": (post(b"Content-Length: 18446744073709551616"), 413),
    "content-length far beyond": (post(b"Content-Length: " + b"9" * 60), 413),
    "both lengths": (post(b"Content-Length: 1", b"Transfer-Encoding: chunked"), 400),
    "both lengths, reversed": (post(b"Transfer-Encoding: chunked", b"Content-Length: 1"), 400),
    "chunked in 1.0": (head(b"POST / HTTP/1.0", b"Host: a", b"Transfer-Encoding: chunked"), 400),
    "gzip": (post(b"Transfer-Encoding: gzip"), 501),
    "identity": (post(b"Transfer-Encoding: identity"), 501),
    "gzip, chunked": (post(b"Transfer-Encoding: gzip, chunked"), 501),
    "gzip, then chunked": (post(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"), 501),
    "like chunked": (post(b"Transfer-Encoding: xchunked"), 501),
    "chunked, gzip": (post(b"Transfer-Encoding: chunked, gzip"), 400),
    "chunked, chunked": (post(b"Transfer-Encoding: chunked, chunked"), 400),
    "chunked twice": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "no coding": (post(b"Transfer-Encoding:"), 400),
    "chunked with a tab inside": (post(b"Transfer-Encoding: chu\tnked"), 400),
    "chunked in quotes": (post(b'Transfer-Encoding: "chunked"'), 400),
    # Sizes.
    "endless request line": (b"GET /" + b"a" * 300_000, 431),
    "endless field": (b"GET / HTTP/1.1\r\nHost: a\r\na: " + b"b" * 300_000, 431),
    "endless fields": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 60_000, 431),
    "too many fields": (get(*[b"a: b"] * 2000), 431),
}  # fmt: skip

CHUNKED = post(b"Transfer-Encoding: chunked")

# What follows the head of a chunked request.
CHUNKS: dict[str, tuple[bytes, Sequence[int]]] = {
    "no size": (b"\r\n\r\n", [400]),
    "no number": (b"g\r\n", [400]),
    "prefix": (b"0x1\r\na\r\n0\r\n\r\n", [400]),
    "sign": (b"+1\r\na\r\n0\r\n\r\n", [400]),
    "negative": (b"-1\r\na\r\n0\r\n\r\n", [400]),
    "underscore": (b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n", [400]),
    "space before the size": (b" 1\r\na\r\n0\r\n\r\n", [400]),
    "beyond 64 bits": (b"1" + b"0" * 16 + b"\r\n", [400, 413]),
    "far beyond": (b"f" * 100 + b"\r\n", [400, 413]),
    "bare LF after the size": (b"1\na\r\n0\r\n\r\n", [400]),
    "bare CR after the size": (b"1\ra\r\n0\r\n\r\n", [400]),
    "CR in an extension": (b"1;a\rb\r\na\r\n0\r\n\r\n", [400]),
    "LF in an extension": (b"1;a\nb\r\na\r\n0\r\n\r\n", [400]),
    "control in an extension": (b"1;a\0\r\na\r\n0\r\n\r\n", [400]),
    "extension without semicolon": (b"1 a\r\na\r\n0\r\n\r\n", [400]),
    "long extension": (b"1;" + b"a" * 20_000 + b"\r\na\r\n0\r\n\r\n", [400, 413, 431]),
    "endless extension": (b"1;" + b"a" * 100_000, [400, 413, 431]),
    "bare LF after the data": (b"1\r\na\n0\r\n\r\n", [400]),
    "data too long": (b"1\r\nab\r\n0\r\n\r\n", [400]),
    "data too short": (b"3\r\na\r\n0\r\n\r\n", [400]),
    "nothing after the data": (b"1\r\na0\r\n\r\n", [400]),
    "bare LF at the end": (b"0\r\n\n", [400]),
    "bare LF after the last size": (b"0\n\r\n", [400]),
    "trailer without colon": (b"0\r\na\r\n\r\n", [400]),
    "trailer with a space before the colon": (b"0\r\na : b\r\n\r\n", [400]),
    "trailer with a bare LF": (b"0\r\na: b\n\r\n", [400]),
    "trailer with a control": (b"0\r\na: \0\r\n\r\n", [400]),
    "folded trailer": (b"0\r\na: b\r\n c\r\n\r\n", [400]),
    "endless trailer": (b"0\r\na: " + b"b" * 100_000, [400, 413, 431]),
    "endless trailers": (b"0\r\n" + b"a: b\r\n" * 20_000, [400, 413, 431]),
}


def refused(record: Record, statuses: Sequence[int], *, after: int = 0) -> None:
    """Assert that the last response is the refusal, and that it is one."""
    methods = [call.scope["method"][1] for call in record.calls]
    answers = responses(record.written, [*methods[:after], "GET"])
    *others, refusal = [answer for answer in answers if answer.status != 100]
    assert len(others) == after
    assert refusal.status in statuses
    assert refusal.complete
    fields = dict(refusal.headers)
    assert fields[b"connection"] == b"close"
    assert fields[b"content-type"] == b"text/plain; charset=utf-8"
    assert fields[b"content-length"] == b"%d" % len(refusal.body)
    assert (b"date", b"Thu, 01 Jan 1970 00:00:00 GMT") in refusal.headers
    assert record.closed
    assert record.errors == []
    warnings = [entry for entry in record.logs if entry[1] == logging.WARNING]
    assert len(warnings) == 1
    if refusal.status == 400:
        assert refusal.body == b"Invalid HTTP request received."
        assert warnings[0][2] == "Invalid HTTP request received."
    assert record.after == [0, 0]


def rests(stream: bytes) -> list[list[Action]]:
    """Return ways in which a stream may arrive, each with a request after it that nobody may read."""
    whole: list[list[Action]] = [[stream + get()], [stream, Act.SETTLE, get()], [stream, get()]]
    if len(stream) < 1000:
        pieces = [stream[at : at + 1] for at in range(len(stream))]
        whole.append([*pieces, get()])
        whole.append([action for piece in pieces for action in (piece, Act.SETTLE)])
    return whole


@pytest.mark.parametrize("name", HEADS)
def test_head(name: str) -> None:
    stream, status = HEADS[name]
    for actions in rests(stream):
        record = exchange(CANDIDATE, actions, [ECHO])
        refused(record, [status])
        assert record.calls == []


@pytest.mark.parametrize("name", HEADS)
def test_head_after_a_request(name: str) -> None:
    """The request before it is answered, once, whether its answer was there already or not."""
    stream, status = HEADS[name]
    for actions in ([get(), Act.SETTLE, stream], [get() + stream]):
        record = exchange(CANDIDATE, actions, [ECHO])
        refused(record, [status], after=1)
        assert len(record.calls) == 1


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks(name: str) -> None:
    """The application learns that the client is gone, not that the body is complete."""
    stream, statuses = CHUNKS[name]
    for actions in rests(CHUNKED + stream):
        record = exchange(CANDIDATE, actions, [[Drain(), Wait()]])
        refused(record, statuses)
        assert len(record.calls) <= 1
        for call in record.calls:
            assert call.events[-1] == ("received", {"type": "http.disconnect"})
            assert all(message.get("more_body", True) for _, message in call.events)


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_after_a_response_has_begun(name: str) -> None:
    """There is no place for a second head in the middle of a response."""
    stream, _ = CHUNKS[name]
    script: Script = [Receive(), start(), body(b"hello", more=True), Drain(), body(b"world", more=True)]
    record = exchange(CANDIDATE, [CHUNKED + b"1\r\na\r\n", Act.SETTLE, stream, Act.SETTLE, get()], [script])
    assert record.written.count(b"HTTP/1.1 ") == 1
    assert record.closed
    assert len(record.calls) == 1
    assert not responses(record.written, ["POST"])[0].complete


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_after_the_response(name: str) -> None:
    """The response is out already: the connection just ends."""
    stream, _ = CHUNKS[name]
    record = exchange(
        CANDIDATE, [CHUNKED, Act.SETTLE, stream, Act.SETTLE, get()], [[start(), body(b"early")]]
    )
    assert record.closed
    assert len(record.calls) == 1
    assert responses(record.written, ["POST"])[0].body == b"early"
    assert record.written.count(b"HTTP/1.1 200") == 1
