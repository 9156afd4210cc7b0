"""The comparison of a run with the reference and the list of known failures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from .outcomes import Outcome, Reference, compare, load_known, read, save_known

REFERENCE = Reference(python="3.11", passed=2, others={"t.py::skips": "skipped", "t.py::x": "xfailed"})
AS_REFERENCE = {"t.py::a": "passed", "t.py::b": "passed", "t.py::skips": "skipped", "t.py::x": "xfailed"}


@pytest.mark.parametrize(
    ("changes", "known", "passed", "unlisted", "stale", "missing"),
    [
        ({}, [], 2, [], [], 0),
        ({"t.py::a": "failed"}, [], 1, ["t.py::a"], [], 0),
        ({"t.py::a": "failed"}, ["t.py::a"], 1, [], [], 0),
        ({"t.py::a": "skipped"}, [], 1, ["t.py::a"], [], 0),
        ({}, ["t.py::a"], 2, [], ["t.py::a"], 0),
        ({}, ["t.py::gone"], 2, [], ["t.py::gone"], 0),
        ({"t.py::skips": "failed"}, [], 2, ["t.py::skips"], [], 0),
        ({"t.py::x": "failed"}, [], 2, ["t.py::x"], [], 0),
        ({"t.py::skips": "passed"}, [], 2, [], [], 0),
        ({"t.py::b": None}, [], 1, [], [], 1),
        # A module that is not collected explains why its tests are missing.
        ({"t.py::b": None, "t.py": "failed"}, [], 1, ["t.py"], [], 0),
        ({"t.py::b": None, "t.py": "failed"}, ["t.py"], 1, [], [], 0),
    ],
)
def test_comparison(
    changes: Mapping[str, str | None],
    known: Sequence[str],
    passed: int,
    unlisted: Sequence[str],
    stale: Sequence[str],
    missing: int,
) -> None:
    kinds = {**AS_REFERENCE, **changes}
    outcomes = {nodeid: Outcome(kind) for nodeid, kind in kinds.items() if kind is not None}
    result = compare(outcomes, REFERENCE, known)
    assert (result.passed, result.total, result.missing) == (passed, 2, missing)
    assert (sorted(result.unlisted), sorted(result.stale)) == (unlisted, stale)
    assert result.agrees == (not unlisted and not stale and not missing)


def test_worst_report_of_a_test_counts(tmp_path: Path) -> None:
    lines = [
        '{"nodeid": "a", "outcome": "passed", "detail": ""}',
        '{"nodeid": "a", "outcome": "failed", "detail": "E"}',
    ]
    tmp_path.joinpath("1.jsonl").write_text("\n".join(lines))
    tmp_path.joinpath("2.jsonl").write_text('{"nodeid": "a", "outcome": "passed", "detail": ""}\n')
    assert read(tmp_path) == {"a": Outcome("failed", "E")}


def test_list_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    assert load_known(path) == frozenset()
    save_known(path, ["t.py::b[#1 x]", "t.py::a"])
    assert load_known(path) == {"t.py::a", "t.py::b[#1 x]"}
    assert path.read_text().splitlines()[1:] == ["t.py::a", "t.py::b[#1 x]"]
