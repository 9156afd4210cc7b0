"""Requests, ways in which their bytes arrive, and applications, made by hypothesis."""

import itertools
import string
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .exchange import Act, Action
from .scripts import Drain, Echo, Raise, Receive, Return, Script, Send, Step, Turn, Wait, body, start

_TOKEN = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
_SPECIAL = {b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade"}
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"]

names = (
    st.text(_TOKEN, min_size=1, max_size=12).map(str.encode).filter(lambda name: name.lower() not in _SPECIAL)
)
# No white space at either end: httptools keeps it at the end of a request's value.
values = (
    st.binary(max_size=20)
    .map(lambda value: bytes(byte for byte in value if byte == 9 or 32 <= byte != 127))
    .map(bytes.strip)
)
paths = st.one_of(
    st.sampled_from(
        [b"/", b"/items/1", b"/%C3%A9", b"/%ff%zz", b"/a//b/", b"/%2F%3F", b"http://example.org/a"]
    ),
    st.text(string.ascii_letters + string.digits + "/-._~!$&'()*+,;=:@%", max_size=12).map(
        lambda rest: b"/" + rest.encode()
    ),
)
queries = st.one_of(
    st.just(b""),
    st.text(string.ascii_letters + "&=%20?/+", max_size=10).map(lambda query: b"?" + query.encode()),
)
contents = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"x" * 66_000, b"GET / HTTP/1.1\r\nHost: b\r\n\r\n", b"0\r\n\r\n"]),
)


@st.composite
def chunked(draw: st.DrawFn, content: bytes) -> bytes:
    """Return `content` in chunks of any size, written in any way that is allowed."""
    pieces = split(content, draw(cuts(len(content), most=4)))
    sizes = st.sampled_from([b"%x", b"%X", b"0%x", b"%x;a", b"%x;a=b", b'%x;a="b c"'])
    encoded = [draw(sizes) % len(piece) + b"\r\n" + piece + b"\r\n" for piece in pieces if piece]
    return b"".join([*encoded, b"0\r\n\r\n"])


@st.composite
def requests(draw: st.DrawFn, *, last: bool = True) -> bytes:
    """Return one whole request; it asks to close the connection only if it may be the `last`."""
    old = last and draw(st.integers(0, 9)) == 0
    version = b"HTTP/1.0" if old else b"HTTP/1.1"
    fields = draw(st.lists(st.tuples(names, values), max_size=4))
    fields.insert(0, (b"Host", b"example.org"))
    connection = draw(st.sampled_from([None, None, b"keep-alive", *([b"close", b"Close"] if last else [])]))
    if connection:
        fields.append((b"Connection", connection))
    content = draw(contents)
    match draw(st.sampled_from(["none", "none", "length", "chunked"])):
        case "length":
            fields.append((b"Content-Length", b"%d" % len(content)))
        case "chunked" if not old:
            fields.append((b"Transfer-Encoding", b"chunked"))
            content = draw(chunked(content))
        case _:
            content = b""
    if content and not old and draw(st.integers(0, 4)) == 0:
        fields.append((b"Expect", b"100-continue"))
    fields = draw(st.permutations(fields))
    spaces = st.sampled_from([b"", b" ", b"\t "])
    lines = [name + b":" + draw(spaces) + value for name, value in fields]
    target = draw(paths) + draw(queries)
    return b"\r\n".join([b" ".join([draw(st.sampled_from(METHODS)), target, version]), *lines, b"", content])


@st.composite
def pipelines(draw: st.DrawFn, *, most: int = 3) -> bytes:
    """Return some requests in a row, of which only the last may ask to close."""
    others = draw(st.lists(requests(last=False), max_size=most - 1))
    return b"".join([*others, draw(requests())])


def cuts(length: int, *, most: int = 6) -> SearchStrategy[list[int]]:
    """Return places to cut something of this length."""
    return st.lists(st.integers(0, length), max_size=most).map(sorted)


def split(stream: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut a stream at these places."""
    ends = [0, *places, len(stream)]
    return [stream[first:last] for first, last in itertools.pairwise(ends) if first < last]


@st.composite
def arrivals(draw: st.DrawFn, stream: bytes) -> list[Action]:
    """Return one way in which a stream may arrive."""
    actions: list[Action] = []
    for piece in split(stream, draw(cuts(len(stream)))):
        actions.append(piece)
        actions.extend(
            draw(
                st.sampled_from([[], [Act.SETTLE], [Act.SETTLE, Act.GATE], [Act.HOLD, Act.SETTLE, Act.FREE]])
            )
        )
    return actions


_pieces = st.sampled_from([b"", b"hello", b"x" * 1000])
_bodies: SearchStrategy[Step] = st.builds(lambda data, more: body(data, more=more), _pieces, st.booleans())
_headers = st.lists(st.tuples(names, values), max_size=3)
_framing = st.sampled_from(
    [(), (), ((b"content-length", b"5"),), ((b"Content-Length", b"0"),), ((b"transfer-encoding", b"chunked"),),
     ((b"connection", b"close"),), ((b"Connection", b"keep-alive"),)]
)  # fmt: skip
_starts: SearchStrategy[Step] = st.one_of(
    st.builds(
        lambda status, fields, framing: start(status, headers=[*fields, *framing]),
        st.sampled_from([200, 201, 400, 404, 500, 503, 299]), _headers, _framing,
    ),
    # Nothing that has a length, or pretends to: the candidate is stricter.
    st.builds(lambda status, fields: start(status, headers=fields), st.sampled_from([204, 304]), _headers),
)  # fmt: skip
_steps: SearchStrategy[Step] = st.one_of(
    _bodies, _bodies, _starts, st.sampled_from([Receive(), Drain(), Turn(), Wait(), Raise(), Return()])
)
_caught = st.one_of(_bodies, _starts).map(
    lambda step: Send(step.message, caught=True) if isinstance(step, Send) else step
)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Return what an application does, which is mostly right."""
    match draw(st.sampled_from(["echo", "echo", "answer", "stream", "anything"])):
        case "echo":
            return [
                *draw(st.lists(st.sampled_from([Turn(), Wait(), Receive()]), max_size=2)),
                Drain(),
                Echo(),
            ]
        case "answer":
            return [*draw(st.sampled_from([[], [Drain()]])), draw(_starts), draw(_bodies)]
        case "stream":
            pieces = draw(st.lists(_pieces, max_size=4))
            return [
                draw(_starts),
                *[step for data in pieces for step in (body(data, more=True), Turn())],
                body(),
            ]
        case _:
            return draw(st.lists(st.one_of(_steps, _caught), max_size=7))


@st.composite
def mutations(draw: st.DrawFn, stream: bytes) -> bytes:
    """Return a stream with some bytes of its heads and framing changed, which mostly makes it an invalid one."""
    data = bytearray(stream)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, max(0, min(len(data) - 1, 400))))
        match draw(st.sampled_from(["replace", "insert", "delete", "line end", "twice", "line"])):
            case "replace":
                data[at : at + 1] = draw(_BYTES)
            case "insert":
                data[at:at] = draw(_BYTES)
            case "delete":
                del data[at : at + draw(st.integers(1, 3))]
            case "line end":
                data = data.replace(
                    b"\r\n", draw(st.sampled_from([b"\n", b"\r", b"\r\r\n", b"\r\n ", b" \r\n"])), 1
                )
            case "twice":
                end = data.find(b"\r\n", at) + 2
                data[end:end] = data[at:end]
            case _:
                end = data.find(b"\r\n", at) + 2
                data[end:end] = draw(st.sampled_from(_LINES)) + b"\r\n"
    return bytes(data)


_BYTES = st.one_of(
    st.binary(min_size=1, max_size=1),
    st.sampled_from([b"\0", b"\t", b"\n", b"\r", b" ", b":", b";", b",", b"0", b"/", b"\xff"]),
)
_LINES = [
    b"Content-Length: 5", b"Content-Length: 0", b"content-length: 5, 5", b"Content-Length: +5", b"Content-Length : 5",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity",
    b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked", b"Host: b", b"Host:", b" folded: 1", b"a", b": a",
    b"Connection: close", b"Connection: keep-alive, close", b"Expect: 100-continue", b"0", b"5", b"5;a=b", b"", b"a: \0",
]  # fmt: skip
