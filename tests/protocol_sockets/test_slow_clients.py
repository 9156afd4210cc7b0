"""Clients that send or read little by little, or not at all: the right answer, and bounded buffers."""

import hashlib
import socket
from pathlib import Path

import pytest

from .serving import Served, serve
from .site import BLOCK, Site
from .wire import Wire, chunked, request

_BLOCKS = 800  # 50 MB
_KERNEL = 1 << 20
"""What a Unix socket may hold in both buffers; Linux gives them some 200 KiB."""
_SERVER = 1 << 20
"""What the server may hold besides, for one connection."""

_TRICKLED = {
    "length": request("/echo", "X-Header: value", method="POST", body=b"0123456789"),
    "chunks": request("/echo", "Transfer-Encoding: chunked", method="POST")
    + chunked(b"0123", b"4", b"56789"),
    "extensions and trailers": request("/echo", "Transfer-Encoding: chunked", method="POST")
    + b"3;a=b\r\n012\r\n07;c\r\n3456789\r\n0;d\r\nX-Trailer: 1\r\n\r\n",
}


@pytest.mark.parametrize("sent", _TRICKLED.values(), ids=_TRICKLED)
@pytest.mark.parametrize("step", [1, 7])
def test_little_by_little(site: Site, loop: str, sent: bytes, step: int) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        for _ in range(2):
            for start in range(0, len(sent), step):
                wire.send(sent[start : start + step])
                served.turn(1)
            answer = wire.answer()
            assert (answer.status, answer.body) == (200, b"0123456789")
        assert served.connections == 1


def test_nothing_is_answered_before_the_head_is_complete(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: test\r\n")
        served.turn()
        assert wire.at_hand() == (b"", False)
        wire.send(b"\r\n")
        assert wire.answer().body == b"hello"


def _accepted(served: Served, site: Site) -> int:
    """Wait until `send` takes no more."""
    before = -1
    while before != site.sent:
        before = site.sent
        served.turn(20)
    return before


def test_client_that_does_not_read(site: Site, loop: str, tmp_path: Path) -> None:
    """`send` waits: what it has taken fits into the sockets and the server's bounded buffer."""
    with serve(site.app, loop, uds=str(tmp_path / "s")) as served, served.connect() as wire:
        wire.send(request(f"/stream?count={_BLOCKS}"))
        served.until(lambda: site.sent)
        taken = _accepted(served, site)
        assert taken < _KERNEL + _SERVER
        assert "end of stream" not in site.notes
        # Another client is served meanwhile.
        with served.connect() as other:
            assert other.ask().body == b"hello"
        assert site.sent == taken
        # Now it reads, and gets all.
        answer = wire.answer()
        assert hashlib.sha256(answer.body).digest() == hashlib.sha256(BLOCK * _BLOCKS).digest()
        assert wire.ask().body == b"hello"


def test_client_that_reads_slowly(site: Site, loop: str, tmp_path: Path) -> None:
    """The server is never more than its buffers ahead of the client."""
    with serve(site.app, loop, uds=str(tmp_path / "s")) as served, served.connect() as wire:
        wire.send(request("/stream?count=100"))
        wire.head()
        read = 0
        for _ in range(40):
            wire.take(100_000)
            read += 100_000
            served.turn(2)
            assert site.sent < read + wire.unread + _KERNEL + _SERVER
        assert site.sent + len(BLOCK) >= read


def test_client_that_does_not_read_and_leaves(site: Site, loop: str, tmp_path: Path) -> None:
    """A `send` that waits ends with the connection."""
    with serve(site.app, loop, uds=str(tmp_path / "s")) as served:
        with served.connect() as wire:
            wire.send(request(f"/stream?count={_BLOCKS}"))
            served.until(lambda: site.sent)
            _accepted(served, site)
        served.settle()
        assert served.connections == 0
        assert "stream left" in site.notes


def _push(wire: Wire, data: bytes) -> int:
    """Send as much as goes without waiting."""
    wire.socket.setblocking(False)
    try:
        return wire.socket.send(data)
    except BlockingIOError:
        return 0
    finally:
        wire.socket.settimeout(20)


def _push_all(served: Served, wire: Wire, data: bytes) -> int:
    """Send until the server takes no more."""
    sent, idle = 0, 0
    while sent < len(data) and idle < 5:
        count = _push(wire, data[sent : sent + len(BLOCK)])
        idle = 0 if count else idle + 1
        sent += count
        if not count:
            served.turn(20)
    return sent


def test_body_that_is_not_read_yet(site: Site, loop: str, tmp_path: Path) -> None:
    """Reading is paused while the application does not ask for the body."""
    body = BLOCK * _BLOCKS
    with serve(site.app, loop, uds=str(tmp_path / "s")) as served, served.connect() as wire:
        wire.send(request("/count?wait", f"Content-Length: {len(body)}", method="POST"))
        sent = _push_all(served, wire, body)
        assert 0 < sent < _KERNEL + _SERVER
        served.call(site.gate.set)
        wire.socket.sendall(memoryview(body)[sent:])
        assert wire.answer().body.decode() == f"{len(body)} {hashlib.sha256(body).hexdigest()}"


def test_body_that_is_never_read(site: Site, loop: str, tmp_path: Path) -> None:
    """The rest of a body that nobody wants is passed over, and the next request is answered."""
    body = BLOCK * 100
    with serve(site.app, loop, uds=str(tmp_path / "s")) as served, served.connect() as wire:
        wire.send(request("/deaf", f"Content-Length: {len(body)}", method="POST"))
        assert wire.answer().body == b"not read"
        wire.send(body)
        assert wire.ask().body == b"hello"


def test_buffer_of_pipelined_requests_is_bounded(site: Site, loop: str, tmp_path: Path) -> None:
    """No more is read from a client that sends requests while the first is being answered."""
    many = request("/") * 100_000
    with serve(site.app, loop, uds=str(tmp_path / "s")) as served, served.connect() as wire:
        wire.send(request("/gate"))
        served.until(lambda: site.notes)
        assert 0 < _push_all(served, wire, many) < _KERNEL + _SERVER
        wire.socket.shutdown(socket.SHUT_RDWR)
        served.call(site.gate.set)
        served.settle()
