"""A fixed number of generated applications, on the reference and on the candidate."""

import subprocess
import sys
from pathlib import Path

import pytest

from ..differential.driver import Outcome, get
from ..differential.registry import CANDIDATE, REFERENCE
from .prelude import HEADER
from .program import KINDS, Program, compared, make_program, stand_alone
from .reduce import reduced, report

SEEDS = range(320)
# Each closer look at one area is some 70 ms.
AREAS = {"stack": 60, "mixture": 30, "stream": 30, "telemetry": 15, "form": 20}
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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind, count in AREAS.items() for seed in range(count)]
)
def test_same_in_one_area(kind: str, seed: int) -> None:
    program = make_program(seed, kind)
    found, _ = compared(program)
    if found:
        pytest.fail(report(program, found[0], tries=60), pytrace=False)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_program(kind: str) -> None:
    assert make_program(3, kind) == make_program(3, kind)
    assert make_program(3, kind).source != make_program(4, kind).source


def test_all_kinds_are_compared() -> None:
    assert {"application", *AREAS} == set(KINDS)


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


# What the answers of one area have to show to be worth the comparison.
EXPECTED: dict[str, set[object]] = {
    "stack": {
        200,
        207,
        307,
        400,
        403,
        404,
        405,
        500,
        "websocket.accept",
        b"gzip",
        b"OK",
        b"Disallowed CORS origin",
    },
    "mixture": {200, 307, 404, 405, "websocket.accept", "websocket.close"},
    "stream": {200, 422, b"text/event-stream; charset=utf-8", b"application/jsonl"},
    "telemetry": {200, 404, 405, 422, 500, "spans", "metrics", "logs"},
    "form": {200, 400, 422, b"multipart/form-data", b"x-www-form-urlencoded"},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", EXPECTED)
def test_areas_are_worth_running(kind: str) -> None:
    seen: set[object] = set()
    built = 0
    for seed in range(1000, 1010):
        program = make_program(seed, kind)
        _, run = compared(program, names=(REFERENCE, REFERENCE))
        built += bool(run.outcomes)
        for outcome in run.outcomes:
            seen |= _facts(outcome)
        asked = str(program.steps)
        seen |= {word.encode() for word in ("multipart/form-data", "x-www-form-urlencoded") if word in asked}
    assert built >= 9
    assert EXPECTED[kind] <= seen


def _facts(outcome: Outcome | str) -> set[object]:
    if isinstance(outcome, str):
        return {word for word in ("spans", "metrics", "logs") if f"'{word}': [" in outcome}
    found: set[object] = set()
    for message in map(dict, outcome.messages):
        found |= {message.get("status", message["type"]), message.get("body")}
        found |= {value for _, value in message.get("headers", ())}
    return found


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
