"""Each case on the reference and on this package, alternating, as pytest-benchmark cases.

`BENCH_QUICK=1` shortens every measurement; `BENCH_CANDIDATE` names another package to compare.
"""

import gc
import os
import time
from functools import cache
from typing import Any

import pytest

from .cases import CASES, Case, bare
from .inprocess import CANDIDATE, MOST_REQUESTS, REFERENCE, Runner, batch_size, build, new_loop

QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")
PASSES, ROUNDS, BATCH_SECONDS = (8, 5, 0.01) if QUICK else (16, 10, 0.02)
SIDES = {"reference": REFERENCE, "candidate": CANDIDATE}


@cache
def loop() -> Any:
    return new_loop()


@cache
def runner(case: Case, side: str) -> tuple[Runner, int]:
    """The warm application of one side, and how many requests make a batch."""
    made = Runner(case, build(case, SIDES[side]), loop())
    start = made.answer()[0]
    assert start["status"] == case.status, start

    def run(requests: int) -> float:
        scopes = made.prepare(requests)
        started = time.perf_counter()
        made.run(scopes)
        return time.perf_counter() - started

    return made, batch_size(run, BATCH_SECONDS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_same_answer(case: Case) -> None:
    """What is faster must also be the same."""
    reference, candidate = (runner(case, side)[0].answer() for side in SIDES)
    for message in (*reference, *candidate):
        message.setdefault("more_body", False)
    assert candidate == reference


@pytest.mark.timeout(120)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("number", range(PASSES))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_speed(benchmark: Any, case: Case, number: int, side: str) -> None:
    made, requests = runner(case, side)
    gc.collect()
    _measure(benchmark, made, requests, case=case.name, side=side, number=number, goal=case.goal)


@pytest.mark.parametrize("number", range(PASSES))
def test_floor(benchmark: Any, number: int) -> None:
    """A bare ASGI callable: what the measurement itself costs."""
    made = Runner(CASES[0], bare, loop())
    requests = MOST_REQUESTS
    _measure(benchmark, made, requests, case="floor", side="bare", number=number, goal=None)


def _measure(
    benchmark: Any, made: Runner, requests: int, *, case: str, side: str, number: int, goal: float | None
) -> None:
    """Time batches of `requests`; `number` is the pass."""
    benchmark.group = case
    benchmark.extra_info |= {"case": case, "side": side, "pass": number, "requests": requests, "goal": goal}
    benchmark.pedantic(made.run, setup=lambda: ((_prepare(made, requests),), {}), rounds=ROUNDS, iterations=1)
    gc.unfreeze()


def _prepare(made: Runner, requests: int) -> list[dict[str, Any]]:
    """The scopes of a batch, with all that exists so far set aside from the garbage collector.

    It stays on and is paid for what the requests leave behind, but not for walking the applications of all
    the other cases in this process.
    """
    scopes = made.prepare(requests)
    gc.freeze()
    return scopes
