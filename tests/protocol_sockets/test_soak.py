"""Full load for a while, with clients of all manners among it: answers to the byte, and no growth in memory.

`SOAK_SECONDS` says how long; `make test` takes 30.
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from .process import Process, running
from .site import KINDS
from .wire import Wire, chunked, request

_SECONDS = float(os.environ.get("SOAK_SECONDS", "5"))
_CONNECTIONS = 8
_WARM_UP = 0.3
"""Part of the time after which memory counts: until then allocators and caches fill."""
_GROWTH = 2 << 20
"""Bytes that resident memory may grow by after that."""
_OBJECTS = 600
"""Objects that the garbage collector may know in addition; asyncio keeps some hundred timers after they are cancelled."""

_BATCH = [
    ("GET", request("/item/1")),
    ("GET", request("/?a=b", "Accept: */*", "User-Agent: soak", "Cookie: a=b; c=d")),
    ("POST", request("/echo", method="POST", body=b"x" * 1000)),
    ("POST", request("/echo", "Transfer-Encoding: chunked", method="POST") + chunked(b"ab", b"cde")),
    ("HEAD", request("/item/2", method="HEAD")),
    ("GET", request("/nowhere")),
    ("POST", request("/deaf", method="POST", body=b"y" * 100)),
    ("GET", request("/stream?count=1")),
    *[("GET", request(f"/item/{number}")) for number in range(24)],
]


def _leave(process: Process) -> None:
    """Clients that come and go, each in its own way."""
    sent: list[tuple[bytes, Callable[[Wire], object]]] = [
        (request("/", "Connection: close"), Wire.rest),
        (request("/error"), Wire.rest),
        (b"GET / HTTP/1.1\r\nHost", lambda wire: None),
        (request("/gone"), Wire.reset),
        (request("/echo", "Content-Length: 10", method="POST") + b"123", lambda wire: None),
        (request("/stream?count=50"), lambda wire: (wire.head(), wire.reset())),
        (b"no request\r\n\r\n", Wire.rest),
        (request() * 3, Wire.end_of_requests),
    ]
    for data, leave in sent:
        with process.connect() as wire:
            wire.send(data)
            leave(wire)


def _objects(wire: Wire) -> tuple[int, int]:
    objects, tasks = map(int, wire.ask("/objects").body.split())
    return objects, tasks


@pytest.mark.timeout(60 + 4 * _SECONDS)
@pytest.mark.parametrize("kind", KINDS)
def test_soak(loop: str, kind: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    options = ("--no-date-header", "--no-access-log", "--timeout-keep-alive", "600")
    app = f"tests.protocol_sockets.apps:{kind}"
    with running(app, tmp_path, *options, loop=loop) as process, ExitStack() as stack:
        wires = [stack.enter_context(process.connect()) for _ in range(_CONNECTIONS)]
        batch = b"".join(sent for _, sent in _BATCH)
        expected = _expected(wires[0], batch)
        before = None
        start, rounds, samples = time.monotonic(), 0, []
        while (passed := time.monotonic() - start) < _SECONDS:
            for wire in wires:
                wire.send(batch)
            for wire in wires:
                assert wire.take(len(expected)) == expected
            rounds += 1
            if rounds % 20 == 0:
                _leave(process)
                samples.append((passed, process.memory))
                if before is None and passed > _WARM_UP * _SECONDS:
                    before = _objects(wires[0])
        requests = rounds * len(_BATCH) * _CONNECTIONS
        growth = _grown(samples)
        assert before is not None
        after = _settled(wires[0], before)
        record_property("requests", requests)
        record_property("bytes grown", growth)
        print(f"{requests} requests, grown by {growth} bytes and {after[0] - before[0]} objects")
        assert growth < _GROWTH
        assert after[0] - before[0] < _OBJECTS
        assert after[1] <= before[1]


def _expected(wire: Wire, batch: bytes) -> bytes:
    """The bytes of the answers to a batch, which are looked at once."""
    wire.send(batch)
    statuses = [wire.answer(method).status for method, _ in _BATCH]
    for (method, sent), status in zip(_BATCH, statuses, strict=True):
        assert status in ({404} if b"/nowhere" in sent else {200, 405} if method == "HEAD" else {200})
    wire.send(batch, request("/item/last"))
    answers = b""
    while not answers.endswith(b"\r\n\r\nlast"):
        answers += wire.take(1)
    return answers[: answers.rindex(b"HTTP/1.1 200 OK")]


def _grown(samples: list[tuple[float, int]]) -> float:
    """By how much the memory at the end is above that after the warm-up, in medians."""
    counted = [memory for passed, memory in samples if passed > _WARM_UP * _SECONDS]
    part = max(1, len(counted) // 4)
    assert len(counted) >= 4, "too slow a machine to say anything"
    return statistics.median(counted[-part:]) - statistics.median(counted[:part])


def _settled(wire: Wire, before: tuple[int, int]) -> tuple[int, int]:
    """The objects once those clients that left are gone."""
    end = time.monotonic() + 10
    while (after := _objects(wire))[1] > before[1] and time.monotonic() < end:
        time.sleep(0.05)
    return after
