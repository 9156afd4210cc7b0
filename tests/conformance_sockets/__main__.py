"""Run the reference's own test suite through the drop-in, each request of its test client over a real socket.

python -m tests.conformance_sockets               under this package's protocol; compares with `httptools.json`
python -m tests.conformance_sockets --reference   the real package under httptools; rewrites `httptools.json`
python -m tests.conformance_sockets --protocol httptools   the drop-in under httptools; compares
python -m tests.conformance_sockets -- tests/test_application.py -x   a part; compares nothing

Every test has to end as it does on the real package under httptools, but for those in `deliberate.txt`. Few fail there,
by their nature: they look at what a test client makes up and a socket cannot carry, as the code of a WebSocket that is
closed before it is accepted.
"""

import argparse
import dataclasses
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.conformance.__main__ import SUITE
from tests.protocol_sockets.chosen import HTTPTOOLS, OURS
from tests.upstream.outcomes import Outcome, Reference, departures
from tests.upstream.suite import show

_HERE = Path(__file__).resolve().parent
_RECORD = _HERE / "httptools.json"
_DELIBERATE = _HERE / "deliberate.txt"
_DROPIN = [sys.executable, "-m", "ferroapi", "exec", "--"]
_SOCKETS = dataclasses.replace(SUITE, plugin_directories=[_HERE], plugins=["conformance_sockets"])
_FEWEST = 5000
"""Requests over sockets in the whole suite: with fewer, something else was tested."""


def main() -> int:
    """Run the suite; 1 where a test ends in another way than it should."""
    options = _parse()
    start = time.monotonic()
    whole = not options.pytest
    arguments = options.pytest or ["tests", "-n", str(options.workers), "-q", "--tb=no", "--no-header"]
    if whole:
        arguments += ["--continue-on-collection-errors", "--disable-warnings", "--inline-snapshot=disable"]
    protocol = "httptools" if options.reference else options.protocol
    with tempfile.TemporaryDirectory() as directory:
        environ = {"SOCKETS_PROTOCOL": {"httptools": HTTPTOOLS, "ferroapi": OURS}.get(protocol, protocol)}
        environ |= {"SOCKETS_LOOP": options.loop, "SOCKETS_COUNTS": directory}
        launcher = [] if options.reference else _DROPIN
        try:
            status, outcomes = _SOCKETS.run(
                arguments, launcher=launcher, environ=environ, deadline=options.deadline
            )
        except subprocess.TimeoutExpired:
            print(f"conformance over sockets: no end after {options.deadline} seconds")
            return 1
        counts = sum((Counter(json.loads(file.read_text())) for file in Path(directory).iterdir()), Counter())
    print(f"over sockets under {protocol} on {options.loop}: {dict(counts)}")
    if not whole:
        return status
    if counts["http"] < _FEWEST:
        print(f"conformance over sockets: the suite did not run, pytest ended with {status}")
        return 1
    if options.reference:
        Reference.of(outcomes, _python()).save(_RECORD)
    deliberate = _deliberate() if protocol == "ferroapi" else {}
    different = _differences(outcomes, Reference.load(_RECORD), deliberate)
    passed = sum(outcome.kind == "passed" for outcome in outcomes.values())
    passed_line = f"conformance over sockets: {passed} of {len(outcomes)} pass, {different} end otherwise than they should"
    print(f"{passed_line} ({time.monotonic() - start:.0f} s)")
    return int(different > 0)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance_sockets", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--protocol", default="ferroapi", help="ferroapi, httptools or MODULE:CLASS")
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    parser.add_argument("--reference", action="store_true", help="run the real package, record what it gives")
    parser.add_argument("--workers", type=int, default=2, help="pytest-xdist workers (default: 2)")
    parser.add_argument(
        "--deadline", type=int, default=1800, help="seconds for the whole suite (default: 1800)"
    )
    parser.add_argument("pytest", nargs="*", help="after `--`: pytest's arguments, for a part of the suite")
    return parser.parse_args()


def _differences(outcomes: Mapping[str, Outcome], record: Reference, deliberate: Mapping[str, str]) -> int:
    """Print what ended in another way than it should, or not at all; the number."""
    other, missing = departures(outcomes, record, deliberate)
    show("end otherwise than they should", other, outcomes)
    if missing:
        print(f"{missing} tests fewer than under httptools")
    different = len(other) + abs(missing)
    if different and _python() != record.python:
        print(f"(recorded with Python {record.python}, this is {_python()})")
    return different


def _deliberate() -> dict[str, str]:
    """How the listed tests end under this package's protocol."""
    found = {}
    for line in _DELIBERATE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            entry, _, reason = line.partition("  # ")
            kind, _, nodeid = entry.partition(" ")
            if not reason:
                raise ValueError(f"no reason: {line}")
            found[nodeid] = kind
    return found


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


if __name__ == "__main__":
    sys.exit(main())
