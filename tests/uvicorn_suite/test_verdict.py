"""The comparison of two runs, and the list of exceptions."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.upstream.outcomes import Outcome

from .verdict import InvalidListError, judge, load_exceptions

REFERENCE = {"t.py::a": "passed", "t.py::b": "passed", "t.py::skips": "skipped"}


@pytest.mark.parametrize(
    ("changes", "exceptions", "passed", "unlisted", "stale", "missing"),
    [
        ({}, [], 2, [], [], []),
        ({"t.py::a": "failed"}, [], 1, ["t.py::a"], [], []),
        ({"t.py::a": "failed"}, ["t.py::a"], 1, [], [], []),
        ({"t.py::a": "skipped"}, [], 1, ["t.py::a"], [], []),
        ({}, ["t.py::a"], 2, [], ["t.py::a"], []),
        ({}, ["t.py::gone"], 2, [], ["t.py::gone"], []),
        ({"t.py::b": None}, [], 1, [], [], ["t.py::b"]),
        # A test more does not hide one that is missing.
        ({"t.py::b": None, "t.py::c": "passed"}, [], 2, [], [], ["t.py::b"]),
        # A test that httptools skips may be skipped, or pass.
        ({"t.py::skips": "passed"}, [], 2, [], [], []),
        ({"t.py::skips": "failed"}, [], 2, ["t.py::skips"], [], []),
        ({"t.py::a": None, "t.py::b": None, "t.py": "failed"}, [], 0, ["t.py"], [], ["t.py::a", "t.py::b"]),
    ],
)
def test_verdict(
    changes: Mapping[str, str | None],
    exceptions: list[str],
    passed: int,
    unlisted: list[str],
    stale: list[str],
    missing: list[str],
) -> None:
    verdict = judge(
        _outcomes({**REFERENCE, **changes}), _outcomes(REFERENCE), dict.fromkeys(exceptions, "why")
    )
    assert (verdict.passed, verdict.total) == (passed, 2)
    assert (sorted(verdict.unlisted), sorted(verdict.stale)) == (unlisted, stale)
    assert sorted(verdict.missing) == missing
    assert verdict.agrees == (not unlisted and not stale and not missing)


def test_reference_that_fails_proves_nothing() -> None:
    run = _outcomes({**REFERENCE, "t.py::a": "failed"})
    verdict = judge(run, run, {})
    assert verdict.failing_reference == {"t.py::a"}
    assert not verdict.agrees


def _outcomes(kinds: Mapping[str, str | None]) -> dict[str, Outcome]:
    return {nodeid: Outcome(kind) for nodeid, kind in kinds.items() if kind is not None}


def test_list(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.txt"
    path.write_text("# a remark\n\nt.py::a[x # y]  # because\n")
    assert load_exceptions(path) == {"t.py::a[x # y]": "because"}


@pytest.mark.parametrize(
    "text",
    [
        "t.py::a\n",
        "t.py::a  #  \n",
        "t.py::a  # one\nt.py::a  # two\n",
        "".join(f"t.py::{number}  # why\n" for number in range(6)),
    ],
    ids=["no reason", "empty reason", "twice", "too long"],
)
def test_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exceptions.txt"
    path.write_text(text)
    with pytest.raises(InvalidListError):
        load_exceptions(path)


def test_list_of_ours_is_one() -> None:
    load_exceptions(Path(__file__).parent / "exceptions.txt")
