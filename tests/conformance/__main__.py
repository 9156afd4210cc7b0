"""Run the reference's own test suite, unchanged, against this package through the drop-in.

python -m tests.conformance              the whole suite; compares with `known_failures.txt`
python -m tests.conformance --update     ... and rewrites that list
python -m tests.conformance --reference  on the real package; rewrites `reference.json`
python -m tests.conformance -- tests/test_application.py -x   a part, with pytest's options; compares nothing
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from .outcomes import Comparison, Outcome, Reference, compare, load_known, read, save_known
from .sdist import unpacked

_HERE = Path(__file__).resolve().parent
_KNOWN = _HERE / "known_failures.txt"
_REFERENCE = _HERE / "reference.json"
_CACHE = Path(os.environ.get("CONFORMANCE_CACHE", _HERE.parents[1] / ".cache" / "conformance"))
# The suite knows neither plugin: one warns under xdist, and the suite makes warnings errors; one draws.
_PLUGINS = ["-p", "no:benchmark", "-p", "no:sugar", "-p", "no:cacheprovider", "-p", "conformance_report"]


def main() -> int:
    options = _parse()
    start = time.monotonic()
    whole = not options.pytest
    arguments = options.pytest or ["tests", "-n", str(options.workers), "-q", "--tb=no", "--no-header"]
    if whole:
        arguments += ["--continue-on-collection-errors", "--disable-warnings", "--inline-snapshot=disable"]
    try:
        status, outcomes = _run(arguments, real=options.reference, deadline=options.deadline)
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


def _run(arguments: list[str], *, real: bool, deadline: int) -> tuple[int, dict[str, Outcome]]:
    pytest = [sys.executable, "-m", "pytest", *_PLUGINS, *arguments]
    command = pytest if real else [sys.executable, "-m", "ferroapi", "exec", "--", *pytest]
    with unpacked(_CACHE) as root, tempfile.TemporaryDirectory() as directory:
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))
        }
        paths = [str(_HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
        environ |= {"PYTHONPATH": os.pathsep.join(paths), "CONFORMANCE_OUTCOMES": directory}
        status = subprocess.run(command, cwd=root, env=environ, timeout=deadline, check=False).returncode
        return status, read(Path(directory))


def _explain(comparison: Comparison, outcomes: Mapping[str, Outcome], reference: Reference) -> None:
    _list("not known to fail, and failing", comparison.unlisted, outcomes)
    _list("known to fail, and passing (or gone): take them off the list", comparison.stale, outcomes)
    if comparison.missing:
        print(f"{comparison.missing} tests that pass on the reference did not run")
    if not comparison.agrees and _python() != reference.python:
        print(f"(the reference was recorded with Python {reference.python}, this is {_python()})")


def _list(title: str, nodeids: Iterable[str], outcomes: Mapping[str, Outcome]) -> None:
    lines = [f"  {nodeid}  {_reason(outcomes.get(nodeid))}" for nodeid in sorted(nodeids)]
    if lines:
        print(f"{len(lines)} {title}:", *lines, sep="\n")


def _reason(outcome: Outcome | None) -> str:
    if outcome is None or outcome.kind == "passed":
        return ""
    lines = [line for line in map(str.strip, outcome.detail.splitlines()) if line]
    return f"[{outcome.kind}] {' '.join(lines)[:160]}"


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


if __name__ == "__main__":
    sys.exit(main())
