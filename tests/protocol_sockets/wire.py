"""A client that adds nothing of its own: bytes out, answers in."""

import contextlib
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from .chosen import PATIENCE

Address = tuple[str, int] | str


@dataclass(frozen=True)
class Answer:
    """One response as it came."""

    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    complete: bool = True
    interim: list[int] = field(default_factory=list)
    """Status codes of the 1xx responses before it."""

    def __getitem__(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


class Answers:
    """A stream of responses, read one by one."""

    def __init__(self, data: bytes = b"") -> None:
        self._buffer = bytearray(data)

    def answer(self, method: str = "GET", *, cut: bool = False) -> Answer:
        """Read one response, to a request with this method; with `cut` it may end before its end."""
        interim: list[int] = []
        while True:
            version, status, reason, headers = self._head()
            if status >= 200:
                break
            interim.append(status)
        complete, body = True, bytearray()
        try:
            for chunk in self._body(method, status, headers):
                body += chunk
        except EOFError:
            complete = False
            assert cut, f"the answer ends after {len(body)} bytes of its body"
        return Answer(version, status, reason, headers, bytes(body), complete, interim)

    def head(self) -> Answer:
        """Read the head of a response only; its body follows in `take` or `rest`."""
        version, status, reason, headers = self._head()
        return Answer(version, status, reason, headers, b"", complete=False)

    def take(self, count: int) -> bytes:
        """Read so many bytes."""
        while len(self._buffer) < count:
            self._fill()
        return self._cut(count)

    def rest(self) -> bytes:
        """Read until the server closes the connection."""
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                self._fill()
        return self._cut(len(self._buffer))

    def give_back(self, data: bytes) -> None:
        """Let what `rest` or `at_hand` took be read again."""
        self._buffer[:0] = data

    @property
    def unread(self) -> int:
        """How many bytes were received and not asked for."""
        return len(self._buffer)

    def _fill(self) -> None:
        """Get more bytes; there are none, where all was given at once."""
        raise EOFError

    def _cut(self, count: int) -> bytes:
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _line(self) -> bytes:
        start = 0
        while (end := self._buffer.find(b"\r\n", start)) < 0:
            start = max(0, len(self._buffer) - 1)
            self._fill()
        return self._cut(end + 2)[:-2]

    def _head(self) -> tuple[str, int, str, list[tuple[str, str]]]:
        line = self._line().decode("latin-1")
        match = re.fullmatch(r"HTTP/(\d\.\d) (\d{3}) (.*)", line)
        assert match, f"no status line: {line!r}"
        headers = []
        while line := self._line().decode("latin-1"):
            name, colon, value = line.partition(": ")
            assert colon, f"no header: {line!r}"
            headers.append((name, value))
        return match[1], int(match[2]), match[3], headers

    def _body(self, method: str, status: int, headers: list[tuple[str, str]]) -> Iterator[bytes]:
        """The parts of a body by RFC 9112, section 6.3."""
        given = dict(headers)
        if method == "HEAD" or status in (204, 304):
            return
        if given.get("transfer-encoding") == "chunked":
            while size := int(self._line(), 16):
                yield self.take(size)
                assert self._line() == b""
            assert self._line() == b""
        elif "content-length" in given:
            left = int(given["content-length"])
            while left:
                if not self._buffer:
                    self._fill()
                part = self._cut(min(left, len(self._buffer)))
                left -= len(part)
                yield part
        else:
            yield self.rest()


class Wire(Answers):
    """One connection. Every wait has an end."""

    def __init__(
        self,
        address: Address,
        *,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__()
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket: socket.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(patience)
        try:
            self.socket.connect(address)
            if family == socket.AF_INET:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    @property
    def port(self) -> int:
        """The client's port."""
        return int(self.socket.getsockname()[1])

    def send(self, *parts: bytes) -> None:
        """Send these bytes, all of them."""
        self.socket.sendall(b"".join(parts))

    def ask(self, target: str = "/", *headers: str, method: str = "GET", body: bytes | None = None) -> Answer:
        """Make a whole request, and read its answer."""
        self.send(request(target, *headers, method=method, body=body))
        return self.answer(method)

    def end_of_requests(self) -> None:
        """Close this direction only."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close at once, with a reset instead of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def at_hand(self) -> tuple[bytes, bool]:
        """What has come and was not read, and whether the server has closed the connection; no wait."""
        closed = False
        self.socket.setblocking(False)
        try:
            while True:
                self._fill()
        except (EOFError, ConnectionResetError):
            closed = True
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self.socket.settimeout(PATIENCE)
        return self._cut(len(self._buffer)), closed

    def _fill(self) -> None:
        data = self.socket.recv(262144)
        if not data:
            raise EOFError
        self._buffer += data


def request(
    target: str = "/",
    *headers: str,
    method: str = "GET",
    body: bytes | None = None,
    host: str = "test",
    version: str = "1.1",
) -> bytes:
    """The bytes of a request; `headers` are whole lines, a body gets its length."""
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks, with its end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
