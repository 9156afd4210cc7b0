"""How a run of uvicorn's tests with one protocol class compares with the run with another."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.upstream.outcomes import Outcome, Reference, compare

MOST_EXCEPTIONS = 5
_REMARK = "  # "


class InvalidListError(ValueError):
    """The list of exceptions is not one, or is too long."""


@dataclass(frozen=True)
class Verdict:
    """A run held against the reference's and the exceptions."""

    passed: int
    total: int
    unlisted: frozenset[str]
    """Ends otherwise than on the reference, without passing, and is no exception."""
    stale: frozenset[str]
    """An exception that passes, or is gone."""
    missing: frozenset[str]
    """Passes on the reference, and left no outcome."""
    failing_reference: frozenset[str]
    """Fails on the reference, so that nothing can be asked of it."""

    @property
    def agrees(self) -> bool:
        return not (self.unlisted or self.stale or self.missing or self.failing_reference)


def judge(
    outcomes: Mapping[str, Outcome], reference: Mapping[str, Outcome], exceptions: Mapping[str, str]
) -> Verdict:
    """Compare two runs of the same tests; `exceptions` maps node ids to the reason why they may fail."""
    comparison = compare(outcomes, Reference.of(reference, python=""), exceptions)
    passing = {nodeid for nodeid, outcome in reference.items() if outcome.kind == "passed"}
    return Verdict(
        passed=comparison.passed,
        total=len(passing),
        unlisted=comparison.unlisted,
        stale=comparison.stale,
        missing=frozenset(passing - outcomes.keys()),
        failing_reference=frozenset(
            nodeid for nodeid, outcome in reference.items() if outcome.kind == "failed"
        ),
    )


def load_exceptions(path: Path) -> dict[str, str]:
    """Read the list: a line is a node id, two blanks, `# ` and the reason; one that begins with `#` is a remark.

    Raises:
        InvalidListError: A line has no reason, or a node id is there twice, or there are more than
            `MOST_EXCEPTIONS`.
    """
    exceptions: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        nodeid, _, reason = map(str.strip, line.partition(_REMARK))
        if not reason:
            raise InvalidListError(f"an exception without a reason: {line}")
        if nodeid in exceptions:
            raise InvalidListError(f"an exception that is there twice: {nodeid}")
        exceptions[nodeid] = reason
    if len(exceptions) > MOST_EXCEPTIONS:
        raise InvalidListError(f"{len(exceptions)} exceptions, {MOST_EXCEPTIONS} are allowed")
    return exceptions
