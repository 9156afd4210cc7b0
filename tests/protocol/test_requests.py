"""Requests that are fine: the scope, the messages and the answer are those beside uvicorn's own classes."""

import pytest

from .compare import same_as_h11, same_as_httptools
from .exchange import Act, exchange
from .scripts import Drain, Echo, Receive, Turn, Wait, body, start
from .sides import CANDIDATE

ECHO = [Drain(), Echo()]


def request(
    line: bytes = b"GET / HTTP/1.1", *fields: bytes, host: bytes | None = b"Host: example.org"
) -> bytes:
    """Return a request head."""
    return b"\r\n".join([line, *([] if host is None else [host]), *fields, b"", b""])


TARGETS = [
    b"/", b"/a", b"/a/b.c", b"//", b"//a", b"/a//b/", b"/?", b"/?q", b"/a?b=c&d=e", b"/a?b?c", b"/a?%20", b"/%41%2f%2F",
    b"/%C3%A9", b"/%ff", b"/%", b"/%4", b"/%zz", b"/%00", b"/a%3Fb?c", b"/a;b=c", b"/a:b@c", b"/!$&'()*+,-._~", b"/a|b",
    b'/a"b', b"/{a}", b"/a^b`c", b"/<a>", b"/a\\b", b"/../a", b"/./a", b"/" + b"a" * 5000, b"/?" + b"a" * 5000,
    b"/" + b"%41" * 2000,
]  # fmt: skip

METHODS = [
    b"GET",
    b"POST",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"PROPFIND",
    b"M-SEARCH",
    b"QUERY",
]

FIELDS: dict[str, list[bytes]] = {
    "none": [],
    "usual": [b"User-Agent: a/1 (b; c)", b"Accept: */*", b"Cookie: a=b; c=d"],
    "case": [b"X-NAME: Value", b"x-name: value", b"X-Name: VALUE"],
    "space before": [b"a:b", b"a:  b", b"a:\tb", b"a: \t b c"],
    "inside": [b"a: b  c\td", b"a: ,;=\"'", b"a: \xe9\xff"],
    "empty": [b"a:", b"b: ", b"c:\t"],
    "token characters": [b"!#$%&'*+-.^_`|~09azAZ: 1"],
    "many": [b"x-%d: %d" % (number, number) for number in range(200)],
    "long": [b"a: " + b"b" * 40_000],
    "keep-alive": [b"Connection: keep-alive"],
    "close": [b"Connection: close"],
    "Close": [b"CONNECTION: Close"],
    "close among others": [b"Connection: keep-alive, close"],
    "other connection options": [b"Connection: te, x-foo", b"TE: trailers"],
    "expectation without a body": [b"Expect: 100-continue"],
    "Expectation": [b"Expect: 100-Continue", b"Content-Length: 0"],
    "other expectation": [b"Expect: 101"],
    "length 0": [b"Content-Length: 0"],
    "leading zeros": [b"Content-Length: 00"],
}

BODIES: dict[str, bytes] = {
    "length": request(b"POST / HTTP/1.1", b"Content-Length: 11") + b"hello world",
    "length with zeros": request(b"POST / HTTP/1.1", b"Content-Length: 0011") + b"hello world",
    "get with body": request(b"GET / HTTP/1.1", b"Content-Length: 11") + b"hello world",
    "like a head": request(b"POST / HTTP/1.1", b"Content-Length: %d" % len(request())) + request(),
    "chunked": request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n1\r\n \r\n0\r\n\r\n",
    "Chunked": request(b"POST / HTTP/1.1", b"TRANSFER-ENCODING: Chunked") + b"A\r\n0123456789\r\n0\r\n\r\n",
    "hexadecimal": request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + b"0a\r\n0123456789\r\n0\r\n\r\n",
    "no chunks": request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "zeros": request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + b"0001\r\na\r\n0000\r\n\r\n",
    "extensions": request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked")
    + b"5;a=b;c\r\nhello\r\n1;a=\"b c\"\r\n!\r\n0;x\r\n\r\n",
    "expectation": request(b"POST / HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 11") + b"hello world",
    "expectation, chunked": request(b"POST / HTTP/1.1", b"Expect: 100-continue", b"Transfer-Encoding: chunked")
    + b"5\r\nhello\r\n0\r\n\r\n",
    "close": request(b"POST / HTTP/1.1", b"Connection: close", b"Content-Length: 11") + b"hello world",
    "large": request(b"POST / HTTP/1.1", b"Content-Length: 200000") + b"x" * 200_000,
    "large chunk": request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked")
    + b"30d40\r\n" + b"x" * 200_000 + b"\r\n0\r\n\r\n",
    "many chunks": request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n",
    "http/1.0": request(b"POST / HTTP/1.0", b"Content-Length: 11", host=None) + b"hello world",
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:20].decode())
def test_target(target: bytes) -> None:
    head = request(b"GET " + target + b" HTTP/1.1")
    same_as_httptools([head], [ECHO])
    same_as_httptools([head], [ECHO], root_path="/root")


@pytest.mark.parametrize("target", [b"/", b"/a?b=c", b"/%C3%A9?%20", b"//a", b"/?"], ids=bytes.decode)
def test_target_as_h11(target: bytes) -> None:
    same_as_h11([request(b"GET " + target + b" HTTP/1.1")], [ECHO], root_path="/root")


@pytest.mark.parametrize("method", METHODS, ids=bytes.decode)
def test_method(method: bytes) -> None:
    head = request(method + b" / HTTP/1.1")
    same_as_httptools([head], [ECHO])
    same_as_h11([head], [ECHO])


@pytest.mark.parametrize("fields", FIELDS)
def test_fields(fields: str) -> None:
    head = request(b"GET / HTTP/1.1", *FIELDS[fields])
    record = same_as_httptools([head, Act.SETTLE, head], [ECHO])
    same_as_httptools([head], [ECHO])
    if fields not in ("long", "close among others", "Close", "other expectation"):
        assert same_as_h11([head, Act.SETTLE, head], [ECHO]) == record


def test_space_after_a_value_is_no_part_of_it() -> None:
    """As with h11 and RFC 9110 section 5.5; httptools keeps it."""
    record = same_as_h11(
        [request(b"GET / HTTP/1.1", b"a: b  ", b"a:\tb\t", b"a: \t b c \t ", b"b: ")], [ECHO]
    )
    assert record.calls[0].scope["headers"][1][1:] == [
        (b"a", b"b"),
        (b"a", b"b"),
        (b"a", b"b c"),
        (b"b", b""),
    ]


@pytest.mark.parametrize("content", BODIES)
def test_body(content: str) -> None:
    stream = BODIES[content]
    for script in (
        ECHO,
        [Receive(), Echo()],
        [Echo()],
        [start(), body(b"early"), Turn(), Drain()],
        [Wait(), *ECHO],
    ):
        same_as_httptools([stream], [script])
        same_as_httptools([stream, Act.SETTLE, Act.GATE, Act.SETTLE, request()], [script, ECHO])
    if content not in ("http/1.0", "Chunked"):
        same_as_h11([stream, Act.SETTLE, request()], [ECHO])


@pytest.mark.parametrize("content", [name for name, stream in BODIES.items() if len(stream) < 300])
def test_every_cut(content: str) -> None:
    stream = BODIES[content] + request()
    for at in range(1, len(stream)):
        same_as_httptools([stream[:at], stream[at:]], [ECHO])
        same_as_httptools([stream[:at], Act.SETTLE, stream[at:]], [ECHO])


@pytest.mark.parametrize("content", [name for name, stream in BODIES.items() if len(stream) < 300])
def test_byte_by_byte(content: str) -> None:
    stream = BODIES[content] + request()
    pieces = [stream[at : at + 1] for at in range(len(stream))]
    same_as_httptools(pieces, [ECHO])
    same_as_httptools([action for piece in pieces for action in (piece, Act.SETTLE)], [ECHO])


@pytest.mark.parametrize("line", [b"\r\n", b"\r\n\r\n"], ids=["one", "two"])
def test_empty_lines_before_a_request(line: bytes) -> None:
    same_as_httptools([line + request() + line, Act.SETTLE, request()], [ECHO])
    same_as_httptools([line[:1], line[1:], Act.SETTLE, request()], [ECHO])


def test_old_version_needs_no_host_and_closes() -> None:
    for fields in ([], [b"Connection: keep-alive"], [b"Host: a"]):
        record = same_as_httptools([request(b"GET / HTTP/1.0", *fields, host=None)], [ECHO])
        assert record.closed


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://example.org/a?b", b"/a", b"b"),
        (b"http://example.org", b"/", b""),
        (b"http://example.org?b", b"/", b"b"),
        (b"https://example.org:443/a", b"/a", b""),
        (b"HTTP://example.org/a", b"/a", b""),
    ],
)
def test_absolute_target(target: bytes, path: bytes, query: bytes) -> None:
    """The path is the origin form's (RFC 9112 section 3.2.2), also where httptools has no answer."""
    record = exchange(CANDIDATE, [request(b"GET " + target + b" HTTP/1.1")], [ECHO])
    scope = record.calls[0].scope
    assert (scope["raw_path"][1], scope["path"][1], scope["query_string"][1]) == (path, path.decode(), query)


def test_asterisk() -> None:
    record = exchange(CANDIDATE, [request(b"OPTIONS * HTTP/1.1")], [ECHO])
    assert record.calls[0].scope["raw_path"] == (bytes, b"*")


def test_unknown_method_is_the_applications_matter() -> None:
    same_as_h11([request(b"BREW / HTTP/1.1")], [ECHO])


def test_trailers_are_dropped() -> None:
    """As with h11; httptools appends them to the header list of a scope that the application has already."""
    stream = (
        request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\nx-trailer: 1\r\n\r\n"
    )
    record = same_as_h11([stream, request()], [ECHO])
    assert b"x-trailer" not in dict(record.calls[0].scope["headers"][1])


def test_bytes_after_close_are_no_request() -> None:
    closing = request(b"GET / HTTP/1.1", b"Connection: close")
    for rest in (request(), b"\0\0", b"\r\n"):
        record = exchange(CANDIDATE, [closing + rest, rest], [ECHO])
        assert len(record.calls) == 1
        assert record.closed
        assert record.written.count(b"HTTP/1.1 ") == 1
