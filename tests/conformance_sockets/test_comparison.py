"""The comparison of a run over sockets with the record under httptools notices every kind of difference."""

import pytest
from tests.upstream.outcomes import Outcome, Reference

from .__main__ import _deliberate, _differences

RECORD = Reference(python="3.11", passed=2, others={"t.py::nature": "failed", "t.py::skips": "skipped"})
DELIBERATE = {"t.py::strict": "failed"}
SAME = {"t.py::a": "passed", "t.py::strict": "failed", "t.py::nature": "failed", "t.py::skips": "skipped"}


@pytest.mark.parametrize(
    ("changes", "different"),
    [
        ({}, 0),
        ({"t.py::a": "failed"}, 1),
        ({"t.py::a": "skipped"}, 1),
        ({"t.py::a": None}, 1),
        ({"t.py::nature": "passed"}, 1),
        ({"t.py::nature": None}, 2),
        ({"t.py::strict": "passed"}, 1),
        ({"t.py::b": "passed"}, 1),
    ],
)
def test_differences(changes: dict[str, str | None], different: int) -> None:
    outcomes = {nodeid: Outcome(kind) for nodeid, kind in {**SAME, **changes}.items() if kind is not None}
    assert _differences(outcomes, RECORD, DELIBERATE) == different


def test_every_deliberate_difference_has_a_reason() -> None:
    assert set(_deliberate().values()) <= {"passed", "failed"}
