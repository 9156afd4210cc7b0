"""Run the reference's own test suite, unchanged, against this package through the drop-in.

python -m tests.conformance              the whole suite; compares with `known_failures.txt`
python -m tests.conformance --update     ... and rewrites that list
python -m tests.conformance --reference  on the real package; rewrites `reference.json`
python -m tests.conformance -- tests/test_application.py -x   a part, with pytest's options; compares nothing
"""

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.upstream.outcomes import Comparison, Outcome, Reference, compare, load_known, save_known
from tests.upstream.sdist import Sdist
from tests.upstream.suite import Suite, show

_HERE = Path(__file__).resolve().parent
_KNOWN = _HERE / "known_failures.txt"
_REFERENCE = _HERE / "reference.json"
SUITE = Suite(Sdist("fastapi", "0.165.0", "dd94d4128319c1e1d50535ab023ab698f850a4d2822f0e181747b46f4ff3c0ab"))
_DROPIN = [sys.executable, "-m", "ferroapi", "exec", "--"]


def main() -> int:
    options = _parse()
    start = time.monotonic()
    whole = not options.pytest
    arguments = options.pytest or ["tests", "-n", str(options.workers), "-q", "--tb=no", "--no-header"]
    if whole:
        arguments += ["--continue-on-collection-errors", "--disable-warnings", "--inline-snapshot=disable"]
    try:
        launcher = [] if options.reference else _DROPIN
        status, outcomes = SUITE.run(arguments, launcher=launcher, deadline=options.deadline)
    except subprocess.TimeoutExpired:
        print(f"conformance: no end after {options.deadline} seconds")
        return 1
    if not whole:
        return status
    if not outcomes:
        print(f"conformance: the suite did not run, pytest ended with {status}")
        return 1
    if options.reference:
        Reference.of(outcomes, _python()).save(_REFERENCE)
    reference = Reference.load(_REFERENCE)
    comparison = compare(outcomes, reference, load_known(_KNOWN))
    if options.update:
        save_known(_KNOWN, comparison.failing)
        comparison = compare(outcomes, reference, comparison.failing)
    _explain(comparison, outcomes, reference)
    print(f"conformance: {comparison.passed} of {comparison.total} ({time.monotonic() - start:.0f} s)")
    return not comparison.agrees


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="rewrite the list of known failures")
    parser.add_argument("--reference", action="store_true", help="run the real package, record what it gives")
    parser.add_argument("--workers", type=int, default=2, help="pytest-xdist workers (default: 2)")
    parser.add_argument(
        "--deadline", type=int, default=1800, help="seconds for the whole suite (default: 1800)"
    )
    parser.add_argument("pytest", nargs="*", help="after `--`: pytest's arguments, for a part of the suite")
    return parser.parse_args()


def _explain(comparison: Comparison, outcomes: Mapping[str, Outcome], reference: Reference) -> None:
    show("not known to fail, and failing", comparison.unlisted, outcomes)
    show("known to fail, and passing (or gone): take them off the list", comparison.stale, outcomes)
    if comparison.missing:
        print(f"{comparison.missing} tests that pass on the reference did not run")
    if not comparison.agrees and _python() != reference.python:
        print(f"(the reference was recorded with Python {reference.python}, this is {_python()})")


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


if __name__ == "__main__":
    sys.exit(main())
