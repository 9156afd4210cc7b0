"""What each suite gives on the reference, for each Python it was recorded with."""

import json
import platform
from collections.abc import Mapping

from tests.upstream.outcomes import Outcome, Reference

from .library import Library

_PYTHON = ".".join(platform.python_version_tuple()[:2])


def known(library: Library) -> bool:
    """Whether there is a record of this Python."""
    return _PYTHON in _records(library)


def load(library: Library) -> Reference:
    """The record of this Python."""
    return Reference(_PYTHON, **_records(library)[_PYTHON])


def record(library: Library, outcomes: Mapping[str, Outcome]) -> None:
    """Write down a run on the reference, beside those of other Pythons."""
    found = Reference.of(outcomes, _PYTHON)
    records = {**_records(library), _PYTHON: {"passed": found.passed, "others": found.others}}
    library.baseline.parent.mkdir(exist_ok=True)
    library.baseline.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")


def _records(library: Library) -> dict[str, dict]:
    return json.loads(library.baseline.read_text()) if library.baseline.exists() else {}
