"""Many connections at once, and the memory that an idle one takes."""

import gc
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .process import Process, running
from .site import KINDS
from .wire import Wire, request

_WANTED = 10_000
_SPARE = 500
"""File descriptors for everything else."""
_MOST = 10 * 1024
"""Bytes of the server's memory for one idle connection with its transport; httptools' class takes some 7.5 KiB."""


@pytest.fixture(scope="module")
def count() -> Iterator[int]:
    """How many connections this machine allows; both processes need a descriptor for each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else _WANTED + _SPARE
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(most, _WANTED + _SPARE)), hard))
    try:
        yield min(_WANTED, most - _SPARE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _ask_all(wires: list[Wire]) -> None:
    """Each asks once; they are answered together, some hundreds at a time."""
    for start in range(0, len(wires), 500):
        part = wires[start : start + 500]
        for wire in part:
            wire.send(_REQUEST)
        for wire in part:
            answer = wire.answer()
            assert (answer.status, answer.body) == (200, b"hello")


_REQUEST = request()


def _settled(process: Process, files: int) -> None:
    process.until(lambda: process.open_files <= files, "closed connections are gone")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_many_connections(
    loop: str, kind: str, count: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = str(tmp_path / "socket")
    options = ("--uds", path, "--timeout-keep-alive", "600", "--no-access-log", "--log-level", "info")
    with running(f"tests.protocol_sockets.apps:{kind}", tmp_path, *options, loop=loop) as process:
        with process.connect() as wire:  # what is made once
            for _ in range(200):
                assert wire.ask().status == 200
        files = process.open_files
        before = process.memory
        with ExitStack() as stack:
            wires = [stack.enter_context(process.connect()) for _ in range(count)]
            _ask_all(wires)
            _ask_all(wires)
            each = (process.memory - before) / count
            record_property("connections", count)
            record_property("bytes per connection", round(each))
            print(f"{count} connections, {each:.0f} bytes each")
            assert process.open_files >= count
            # Any one of them is as good as it was alone.
            for wire in wires[:: max(1, count // 100)]:
                assert wire.ask("/item/7").body == b"7"
        gc.collect()
        _settled(process, files)
        assert each < _MOST
        # Once more: what the first ones left is used again.
        with ExitStack() as stack:
            wires = [stack.enter_context(process.connect()) for _ in range(count)]
            _ask_all(wires)
            again = (process.memory - before) / count
        assert again < each * 1.25 + 1024
