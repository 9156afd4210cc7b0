"""A fixed number of generated applications, on the reference and on the candidate."""

import subprocess
import sys
from pathlib import Path

import pytest

from ..differential.driver import get
from ..differential.registry import CANDIDATE, REFERENCE
from .prelude import HEADER
from .program import Program, compared, make_program, stand_alone
from .reduce import reduced, report

SEEDS = range(320)
_DIFFERENT = Program(0, HEADER + """
app = FastAPI()


@app.get("/same")
def same(q: int = 0):
    return q


@app.get("/length")
def length(q: int = 0, x: int = 1):
    return len(FastAPI.__module__)
""", (get("/same"), get("/length?q=2")))  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", SEEDS)
def test_same(seed: int) -> None:
    program = make_program(seed)
    found, _ = compared(program)
    if found:
        pytest.fail(report(program, found[0], tries=60), pytrace=False)


def test_same_seed_same_program() -> None:
    assert make_program(3) == make_program(3)
    assert make_program(3) != make_program(4)


@pytest.mark.filterwarnings("ignore")
def test_programs_are_worth_running() -> None:
    """Nearly all applications can be built, and answer with success, errors of the client and errors of their own."""
    seen: dict[object, int] = {}
    for seed in range(1000, 1020):
        _, run = compared(make_program(seed), names=(REFERENCE, REFERENCE))
        seen["built"] = seen.get("built", 0) + bool(run.outcomes)
        for outcome in run.outcomes:
            for message in [] if isinstance(outcome, str) else outcome.messages[:1]:
                status = dict(message).get("status")
                seen[status] = seen.get(status, 0) + 1
    assert seen["built"] >= 18
    assert min(seen[200], seen[404], seen[422], seen[500]) > 10


@pytest.mark.filterwarnings("ignore")
def test_difference_is_found_and_reduced() -> None:
    found, _ = compared(_DIFFERENT)
    assert [(difference.step, difference.kind) for difference in found] == [(1, "messages")]
    small = reduced(_DIFFERENT, found[0], tries=100)
    assert len(small.steps) == 1
    assert "same" not in small.source
    assert "x: int" not in small.source


def test_stand_alone_program(tmp_path: Path) -> None:
    file = tmp_path / "case.py"
    file.write_text(stand_alone(_DIFFERENT, "title"))
    printed = {}
    for package in (REFERENCE, CANDIDATE):
        done = subprocess.run(
            [sys.executable, file, package], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        printed[package] = done.stdout
    # Under the drop-in the package has the reference's name.
    assert printed[REFERENCE] == printed[CANDIDATE]
    assert "http.response.start" in printed[REFERENCE]
