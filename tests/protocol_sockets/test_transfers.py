"""Bodies far larger than what a server may hold, in both directions: they arrive whole, in bounded memory."""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from .process import Process, running
from .site import BLOCK, KINDS
from .wire import Wire, request

_BYTES = int(os.environ.get("TRANSFER_BYTES", 1 << 30))
_BLOCKS = _BYTES // len(BLOCK)
_MOST = 8 << 20
"""Bytes by which the server's memory may grow."""
_STEP = 1 << 20


class _Peak:
    """The server's memory, looked at again and again while something else goes on."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._over = threading.Event()
        self.most = self.first = process.memory
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, self._process.memory)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def growth(self) -> int:
        return self.most - self.first


def _upload(wire: Wire, *, chunks: bool) -> None:
    part = BLOCK * (_STEP // len(BLOCK))
    digest = hashlib.sha256()
    if chunks:
        wire.send(request("/count", "Transfer-Encoding: chunked", method="POST"))
        framed = b"%x\r\n%b\r\n" % (len(part), part)
    else:
        wire.send(request("/count", f"Content-Length: {_BYTES}", method="POST"))
        framed = part
    for _ in range(_BYTES // _STEP):
        wire.send(framed)
        digest.update(part)
    if chunks:
        wire.send(b"0\r\n\r\n")
    answer = wire.answer()
    assert answer.body.decode() == f"{_BYTES} {digest.hexdigest()}"


def _download(wire: Wire) -> None:
    wire.send(request(f"/stream?count={_BLOCKS}"))
    assert wire.head()["transfer-encoding"] == "chunked"
    expected = b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK)
    for _ in range(_BLOCKS):
        assert wire.take(len(expected)) == expected
    assert wire.take(5) == b"0\r\n\r\n"


TRANSFERS: dict[str, Callable[[Wire], None]] = {
    "upload": lambda wire: _upload(wire, chunks=False),
    "upload in chunks": lambda wire: _upload(wire, chunks=True),
    "download": _download,
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transfer", TRANSFERS.values(), ids=TRANSFERS)
def test_memory_stays(
    loop: str,
    kind: str,
    transfer: Callable[[Wire], None],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    with (
        running(f"tests.protocol_sockets.apps:{kind}", tmp_path, loop=loop) as process,
        process.connect() as wire,
    ):
        assert wire.ask().status == 200
        with _Peak(process) as peak:
            transfer(wire)
            assert wire.ask().body == b"hello"
        record_property("bytes grown", peak.growth)
        print(f"grown by {peak.growth} bytes")
        assert peak.growth < _MOST
