"""What a run of an upstream suite gave, and how it compares with what it should give."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# A later report of the same test never makes it better: a teardown can fail after a passed call.
_RANK = {"passed": 0, "xfailed": 1, "skipped": 2, "failed": 3}


@dataclass(frozen=True)
class Outcome:
    """How one test, or the collection of one module, ended."""

    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Reference:
    """What the suite gives on the reference itself: how many pass, and which tests end otherwise."""

    python: str
    passed: int
    others: Mapping[str, str]

    @classmethod
    def load(cls, path: Path) -> "Reference":
        return cls(**json.loads(path.read_text()))

    @classmethod
    def of(cls, outcomes: Mapping[str, Outcome], python: str) -> "Reference":
        others = {
            nodeid: outcome.kind for nodeid, outcome in sorted(outcomes.items()) if outcome.kind != "passed"
        }
        return cls(python, len(outcomes) - len(others), others)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(vars(self), indent=1) + "\n")


@dataclass(frozen=True)
class Comparison:
    """A run held against the reference and the known failures."""

    passed: int
    total: int
    failing: frozenset[str]
    """Whatever ends otherwise than on the reference, without passing."""
    unlisted: frozenset[str] = field(default_factory=frozenset)
    """Failing, and not known to."""
    stale: frozenset[str] = field(default_factory=frozenset)
    """Known to fail, and not failing."""
    missing: int = 0
    """Tests of the reference that left no outcome at all, where each module was collected."""

    @property
    def agrees(self) -> bool:
        return not (self.unlisted or self.stale or self.missing)


def read(directory: Path) -> dict[str, Outcome]:
    """Read what the report plugin wrote: the worst outcome per node id."""
    outcomes: dict[str, Outcome] = {}
    for file in sorted(directory.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            report = json.loads(line)
            known = outcomes.get(report["nodeid"])
            if known is None or _RANK[report["outcome"]] > _RANK[known.kind]:
                outcomes[report["nodeid"]] = Outcome(report["outcome"], report["detail"])
    return outcomes


def compare(outcomes: Mapping[str, Outcome], reference: Reference, known: Iterable[str]) -> Comparison:
    """Compare a run of the whole suite with the reference and with the node ids known to fail."""
    failing = frozenset(
        nodeid
        for nodeid, outcome in outcomes.items()
        if outcome.kind not in ("passed", reference.others.get(nodeid))
    )
    passed = sum(
        outcome.kind == "passed" and nodeid not in reference.others for nodeid, outcome in outcomes.items()
    )
    whole = all("::" in nodeid for nodeid in failing)
    failed = sum(nodeid not in reference.others for nodeid in failing)
    return Comparison(
        passed=passed,
        total=reference.passed,
        failing=failing,
        unlisted=failing - frozenset(known),
        stale=frozenset(known) - failing,
        missing=max(0, reference.passed - passed - failed) if whole else 0,
    )


def departures(
    outcomes: Mapping[str, Outcome], record: Reference, deliberate: Mapping[str, str] | None = None
) -> tuple[set[str], int]:
    """Find what ended in another way than recorded, for better or worse.

    Args:
        outcomes: Those of a run of the whole suite.
        record: What it gave on the reference.
        deliberate: Node ids that should end in another way, and in which.

    Returns:
        The node ids, and how many outcomes fewer there are than were recorded.
    """
    kinds = {nodeid: outcome.kind for nodeid, outcome in outcomes.items()}
    should = {**dict.fromkeys(kinds, "passed"), **record.others, **(deliberate or {})}
    other = {nodeid for nodeid, kind in should.items() if kinds.get(nodeid) != kind}
    return other, record.passed + len(record.others) - len(outcomes)


def load_known(path: Path) -> frozenset[str]:
    """Read the checked-in list: a node id per line, `#` before a remark."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return frozenset(line for line in lines if line and not line.startswith("#"))


def save_known(path: Path, nodeids: Iterable[str]) -> None:
    """Write the list that `load_known` reads."""
    header = "# The reference's tests that are known not to pass; written by `make conformance UPDATE=1`.\n"
    path.write_text(header + "".join(f"{nodeid}\n" for nodeid in sorted(nodeids)), encoding="utf-8")
