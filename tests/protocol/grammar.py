"""RFC 9112's message format, in regular expressions, as strictly as the protocol class is meant to read it.

A second reading of the specification, slow and without state, to hold the decoder against: what one accepts, the other
must, with the same result.
"""

import re
from dataclasses import dataclass, field

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_VALUE = rb"[\t \x21-\x7e\x80-\xff]*"
_HEAD = re.compile(
    rb"(?:\r\n)*(?P<method>" + _TOKEN + rb") (?P<target>[\x21-\x7e]+) HTTP/1\.(?P<minor>[01])\r\n"
    rb"(?P<fields>(?:" + _TOKEN + rb":" + _VALUE + rb"\r\n)*)\r\n"
)
_FIELD = re.compile(rb"([^:]+):[\t ]*(.*?)[\t ]*\r\n", re.DOTALL)
_ORIGIN = re.compile(rb"(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?")
_ABSOLUTE = re.compile(
    rb"(?P<scheme>https?)://(?P<authority>[^/?#:][^/?#]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE,
)
_HOST = re.compile(rb"(?:[A-Za-z0-9\-._~%!$&'()*+;=]*|\[[A-Za-z0-9\-._~%:]+\])(?::[0-9]*)?")
_QUOTED = rb'"(?:[\t !\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_EXTENSION = rb"[\t ]*" + _TOKEN + rb"(?:[\t ]*=[\t ]*(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?"
# White space in front of the first semicolon, which the grammar has for bad senders, is refused.
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;" + _EXTENSION + rb"(?:[\t ]*;" + _EXTENSION + rb")*)?\r\n")
_TRAILERS = re.compile(rb"(?:" + _TOKEN + rb":" + _VALUE + rb"\r\n)*\r\n")


@dataclass
class Reading:
    """One request as it is to be understood."""

    method: str
    path: bytes
    query: bytes
    version: str
    fields: list[tuple[bytes, bytes]]
    body: bytes = b""
    complete: bool = False


@dataclass
class Stream:
    """What a byte stream holds."""

    requests: list[Reading] = field(default_factory=list)
    refused: bool = False
    """It makes no sense after the last of them, or within that one's body."""
    rest: bytes = b""
    """What came behind the last complete request: empty lines, or a head without an end."""


class _RefusedError(Exception):
    pass


class _UnfinishedError(Exception):
    pass


def read(data: bytes) -> Stream:
    """Read a whole stream, at whose end the client says nothing more."""
    stream = Stream()
    try:
        while data.strip(b"\r\n"):
            head = _HEAD.match(data)
            if head is None:
                _unfinished_or_refused(data)
                raise _RefusedError
            request, length = _request(head)
            stream.requests.append(request)
            data = (
                _chunks(request, data[head.end() :])
                if length is None
                else _counted(request, data[head.end() :], length)
            )
            request.complete = True
            stream.rest = data
            if _closes(request):
                stream.rest = b""
                return stream
    except _RefusedError:
        stream.refused = True
    except _UnfinishedError:
        pass
    return stream


def _unfinished_or_refused(data: bytes) -> None:
    """Raise if a head that has no end yet can still get a good one; what is bad already may be found so later."""
    if b"\r\n\r\n" not in data.lstrip(b"\r\n"):
        raise _UnfinishedError


def _request(head: "re.Match[bytes]") -> tuple[Reading, int | None]:
    fields = [(name.lower(), value) for name, value in _FIELD.findall(head["fields"])]
    old = head["minor"] == b"0"
    hosts = [value for name, value in fields if name == b"host"]
    _require(len(hosts) == 1 or (old and not hosts))
    _require(all(_HOST.fullmatch(host) for host in hosts))
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    _require(len(lengths) <= 1 and all(re.fullmatch(rb"[0-9]+", length) for length in lengths))
    _require(
        not codings or (not old and not lengths and [coding.lower() for coding in codings] == [b"chunked"])
    )
    path, query = _target(head["method"], head["target"], hosts)
    request = Reading(head["method"].decode(), path, query, f"1.{head['minor'].decode()}", fields)
    return request, None if codings else int(lengths[0]) if lengths else 0


def _target(method: bytes, target: bytes, hosts: list[bytes]) -> tuple[bytes, bytes]:
    _require(method != b"CONNECT")
    if target == b"*":
        _require(method == b"OPTIONS")
        return b"*", b""
    parts = _ORIGIN.fullmatch(target) or _ABSOLUTE.fullmatch(target)
    if parts is None:
        raise _RefusedError
    if parts.re is _ABSOLUTE:
        _require(_HOST.fullmatch(parts["authority"]) is not None)
        port = {b"http": b":80", b"https": b":443"}[parts["scheme"].lower()]
        names = {name.lower().removesuffix(port) for name in (parts["authority"], *hosts)}
        _require(len(names) == 1)
    return parts["path"] or b"/", parts["query"] or b""


def _counted(request: Reading, data: bytes, length: int) -> bytes:
    _require(length < 1 << 64)
    request.body = data[:length]
    if len(data) < length:
        raise _UnfinishedError
    return data[length:]


def _chunks(request: Reading, data: bytes) -> bytes:
    while True:
        size = _SIZE.match(data)
        if size is None:
            raise _UnfinishedError if b"\r\n" not in data else _RefusedError
        length = int(size[1], 16)
        data = data[size.end() :]
        if length == 0:
            break
        request.body += data[:length]
        if len(data) < length + 2:
            raise _UnfinishedError if b"\r\n".startswith(data[length:]) else _RefusedError
        _require(data[length : length + 2] == b"\r\n")
        data = data[length + 2 :]
    trailers = _TRAILERS.match(data)
    if trailers is None:
        raise _UnfinishedError if b"\r\n\r\n" not in b"\r\n" + data else _RefusedError
    return data[trailers.end() :]


def _closes(request: Reading) -> bool:
    options = [
        option.strip(b"\t ").lower()
        for name, value in request.fields
        if name == b"connection"
        for option in value.split(b",")
    ]
    return request.version == "1.0" or b"close" in options


def _require(condition: bool) -> None:
    if not condition:
        raise _RefusedError
