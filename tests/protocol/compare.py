"""What has to be the same: everything beside httptools, and what is no matter of style beside h11."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .exchange import Action, Record, exchange
from .scripts import Script
from .sides import CANDIDATE, H11, HTTPTOOLS

_FRAMING = (b"content-length", b"transfer-encoding", b"connection")


@dataclass(frozen=True)
class Response:
    """One response as a client reads it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    complete: bool = True


def same_as_httptools(actions: Sequence[Action], scripts: Sequence[Script], **options: Any) -> Record:
    """Play on both; everything in the record must be equal. Return it."""
    expected = exchange(HTTPTOOLS, actions, scripts, **options)
    found = exchange(CANDIDATE, actions, scripts, **options)
    _agree(vars(found), vars(expected), "httptools")
    return found


def same_as_h11(actions: Sequence[Action], scripts: Sequence[Script], **options: Any) -> Record:
    """Play on both; what the application and a client can tell must be equal. Return the candidate's record."""
    expected = exchange(H11, actions, scripts, **options)
    found = exchange(CANDIDATE, actions, scripts, **options)
    _agree(essence(found), essence(expected), "h11")
    return found


def _agree(found: dict[str, Any], expected: dict[str, Any], side: str) -> None:
    differing = [name for name in expected if found[name] != expected[name]]
    lines = [
        f"{name}:\n  candidate {found[name]!r:.2000}\n  {side} {expected[name]!r:.2000}" for name in differing
    ]
    if lines:
        raise AssertionError("\n".join(["the candidate differs", *lines]))


def essence(record: Record) -> dict[str, Any]:
    """Leave out of a record what differs between uvicorn's own two classes, too."""
    methods = [call.scope["method"][1] for call in record.calls]
    return {
        "scopes": [call.scope for call in record.calls],
        "bodies": [call.body for call in record.calls],
        "responses": [
            Response(
                response.status,
                tuple(pair for pair in response.headers if pair[0] not in _FRAMING),
                response.body,
                response.complete,
            )
            for response in responses(record.written, methods)
        ],
        "closed": record.closed,
        "access": [entry for entry in record.logs if entry[0] == "uvicorn.access"],
        "requests": record.requests,
        "errors": record.errors,
    }


def responses(data: bytes, methods: Sequence[str]) -> list[Response]:
    """Read responses as RFC 9112 section 6.3 tells a client; `methods` are those of the requests, in order."""
    return list(_responses(data, list(methods)))


def _responses(data: bytes, methods: list[str]) -> Iterator[Response]:
    while data:
        head, separator, data = data.partition(b"\r\n\r\n")
        assert separator, f"no whole head: {head!r}"
        status_line, *lines = head.split(b"\r\n")
        version, code, _ = status_line.split(b" ", 2)
        assert version == b"HTTP/1.1"
        fields = [_field(line) for line in lines]
        status = int(code)
        if status == 100:
            yield Response(100, tuple(fields), b"")
            continue
        method = methods.pop(0) if methods else "GET"
        content, data, complete = _content(method, status, dict(fields), data)
        yield Response(status, tuple(fields), content, complete)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    assert colon, line
    assert name.strip() == name, line
    return name.lower(), value.strip(b" \t")


def _content(method: str, status: int, fields: dict[bytes, bytes], data: bytes) -> tuple[bytes, bytes, bool]:
    if method == "HEAD" or status in (204, 304):
        return b"", data, True
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return _chunks(data)
    if b"content-length" in fields:
        length = int(fields[b"content-length"])
        return data[:length], data[length:], len(data) >= length
    return data, b"", True


def _chunks(data: bytes) -> tuple[bytes, bytes, bool]:
    content = b""
    while True:
        line, separator, rest = data.partition(b"\r\n")
        size = int(line, 16) if separator else 0
        if not separator or len(rest) < size + 2:
            return content, b"", False
        assert rest[size : size + 2] == b"\r\n"
        content, data = content + rest[:size], rest[size + 2 :]
        if size == 0:
            return content, data, True
