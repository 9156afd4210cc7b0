"""Run uvicorn's own HTTP, WebSocket and TLS tests, unchanged, with our protocol class and with httptools; compare.

python -m tests.uvicorn_suite                             compares; `exceptions.txt` lists what may differ
python -m tests.uvicorn_suite --protocol module:Class     ... with another class than ours
python -m tests.uvicorn_suite -- -k keepalive -x          a part, with pytest's options; compares nothing
"""

import argparse
import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.upstream.outcomes import Outcome
from tests.upstream.sdist import Sdist
from tests.upstream.suite import Suite, show

from .verdict import InvalidListError, Verdict, judge, load_exceptions

_HERE = Path(__file__).resolve().parent
_EXCEPTIONS = _HERE / "exceptions.txt"
_UVICORN = Sdist("uvicorn", "0.54.0", "a2e33cbfaa0306f8e6b0c13e0cb89d7d7a2da3e62b90c66e18c33d9807b28620")
_SUITE = Suite(_UVICORN, plugin_directories=[_HERE], plugins=["no:inline_snapshot", "uvicorn_overlay"])
_FILES = ["tests/protocols/test_http.py", "tests/protocols/test_websocket.py", "tests/test_ssl.py"]
_OURS = "ferroapi.protocol:HTTPProtocol"
_REFERENCE = "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol"


def main() -> int:
    options = _parse()
    try:
        return _main(options)
    except subprocess.TimeoutExpired:
        print(f"uvicorn's suite: no end after {options.deadline} seconds")
    except (_NoRunError, InvalidListError) as error:
        print(f"uvicorn's suite: {error}")
    return 1


class _NoRunError(Exception):
    """There is nothing to compare."""


def _main(options: argparse.Namespace) -> int:
    installed = importlib.metadata.version("uvicorn")
    if installed != _UVICORN.version:
        raise _NoRunError(f"these are the tests of {_UVICORN.version}, installed is {installed}")
    start = time.monotonic()
    if options.pytest:
        status, _ = _run(options.protocol, [*_FILES, "-n0", *options.pytest], options.deadline)
        return status
    exceptions = load_exceptions(_EXCEPTIONS)
    outcomes = _whole(options.protocol, options)
    reference = _whole(_REFERENCE, options)
    verdict = judge(outcomes, reference, exceptions)
    _explain(verdict, outcomes, reference)
    print(
        f"uvicorn's suite: {options.protocol} passes {verdict.passed} of the {verdict.total} tests that httptools "
        f"passes, {len(exceptions)} exceptions ({time.monotonic() - start:.0f} s)"
    )
    return not verdict.agrees


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.uvicorn_suite", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--protocol", default=_OURS, help=f"the class, as module:Class (default: {_OURS})")
    parser.add_argument("--workers", type=int, default=2, help="pytest-xdist workers (default: 2)")
    parser.add_argument(
        "--deadline", type=int, default=300, help="seconds for one of the runs (default: 300)"
    )
    parser.add_argument("pytest", nargs="*", help="after `--`: pytest's arguments, for a part of the suite")
    return parser.parse_args()


def _whole(protocol: str, options: argparse.Namespace) -> dict[str, Outcome]:
    arguments = [
        *_FILES,
        "-n",
        str(options.workers),
        "-q",
        "--tb=no",
        "--no-header",
        "--disable-warnings",
        "-r",
        "",
    ]
    status, outcomes = _run(protocol, arguments, options.deadline)
    if not outcomes:
        raise _NoRunError(f"no outcomes with {protocol}, pytest ended with {status}")
    return outcomes


def _run(protocol: str, arguments: list[str], deadline: float) -> tuple[int, dict[str, Outcome]]:
    environ = {"UVICORN_HTTP_PROTOCOL": protocol}
    arguments = ["--continue-on-collection-errors", "--timeout=60", *arguments]
    return _SUITE.run(arguments, environ=environ, deadline=deadline)


def _explain(verdict: Verdict, outcomes: Mapping[str, Outcome], reference: Mapping[str, Outcome]) -> None:
    show("fail with httptools itself", verdict.failing_reference, reference)
    show("fail, and are no exceptions", verdict.unlisted, outcomes)
    show("are exceptions, and pass (or are gone): take them off the list", verdict.stale, outcomes)
    show("pass with httptools, and did not run", verdict.missing, outcomes)


if __name__ == "__main__":
    sys.exit(main())
