"""Run the suites of libraries that build on FastAPI or Starlette, unchanged, against this package through the drop-in.

python -m tests.ecosystem                      all of them; every test has to end as on the reference
python -m tests.ecosystem cadwyn starlette     some of them
python -m tests.ecosystem --short              those that are quick, in every `make test`
python -m tests.ecosystem --update [NAME ...]  on the real package; records what it gives in `baseline/`
python -m tests.ecosystem --freeze [NAME ...]  resolves anew, rewrites `requirements/ecosystem/NAME.txt`
python -m tests.ecosystem NAME -- tests/test_a.py -x   a part of one suite, with pytest's options; compares nothing

`libraries.toml` is the table of libraries, and says what is left out of a suite, and why.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.upstream.outcomes import Outcome, departures
from tests.upstream.suite import Suite, show

from . import baseline
from .environment import freeze, ready
from .library import Library, load_table

_PLUGINS = Path(__file__).resolve().parent / "plugins"


class _NoRunError(Exception):
    """There is nothing to compare."""


def main() -> int:
    """Run what the arguments ask for; 1 where a test of a library ends in another way than on the reference."""
    options = _parse()
    chosen = _choose(load_table(), options)
    if options.table:
        print(
            "| library | what it is | tests that pass |", "| --- | --- | ---: |", *map(_row, chosen), sep="\n"
        )
        return 0
    start = time.monotonic()
    bad = [library.name for library in chosen if not _treat(library, options)]
    seconds = time.monotonic() - start
    print(f"ecosystem: {len(chosen) - len(bad)} of {len(chosen)} libraries agree ({seconds:.0f} s)", *bad)
    return int(bool(bad))


def _parse() -> argparse.Namespace:
    own, part = sys.argv[1:], None
    if "--" in own:
        own, part = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(
        prog="python -m tests.ecosystem", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("names", nargs="*", help="libraries of the table (default: all)")
    parser.add_argument("--short", action="store_true", help="those that are quick")
    parser.add_argument("--update", action="store_true", help="record what the reference gives")
    parser.add_argument(
        "--freeze", action="store_true", help="resolve anew, and rewrite the list of versions"
    )
    parser.add_argument("--reference", action="store_true", help="for a part: on the real package")
    parser.add_argument("--table", action="store_true", help="print the records as a table")
    parser.add_argument("--workers", type=int, default=2, help="most pytest-xdist workers (default: 2)")
    options = parser.parse_args(own)
    options.pytest = part
    return options


def _choose(table: dict[str, Library], options: argparse.Namespace) -> list[Library]:
    unknown = set(options.names) - table.keys()
    if unknown:
        raise SystemExit(f"ecosystem: not in the table: {', '.join(sorted(unknown))}")
    return [
        library
        for name, library in table.items()
        if (not options.names or name in options.names) and (library.short or not options.short)
    ]


def _row(library: Library) -> str:
    own = "" if library.sha256 else " (tests of ours)"
    return f"| {library.name} {library.version}{own} | {library.about} | {baseline.load(library).passed:,} |"


def _treat(library: Library, options: argparse.Namespace) -> bool:
    """Do for one library what is asked; whether all is as it should be."""
    start = time.monotonic()
    try:
        if options.freeze or not library.lock.exists():
            freeze(library)
        if options.freeze:
            return True
        python = ready(library)
        installed = time.monotonic() - start
        if options.pytest is not None:
            status, _ = _run(library, python, options.pytest, reference=options.reference)
            return status == 0
        if options.update or not baseline.known(library):
            baseline.record(library, _whole(library, python, options.workers, reference=True))
        if options.update:
            return True
        outcomes = _whole(library, python, options.workers, reference=False)
    except subprocess.CalledProcessError as error:
        print(f"{library.name}: {error}")
        return False
    except subprocess.TimeoutExpired:
        print(f"{library.name}: no end after {library.deadline} seconds")
        return False
    except _NoRunError as error:
        print(f"{library.name}: {error}")
        return False
    return _compare(
        library, outcomes, f"{time.monotonic() - start:.0f} s, {installed:.0f} of them to install"
    )


def _whole(library: Library, python: str, workers: int, *, reference: bool) -> dict[str, Outcome]:
    status, outcomes = _run(library, python, library.arguments(workers), reference=reference)
    if not any(outcome.kind == "passed" for outcome in outcomes.values()):
        raise _NoRunError(f"the suite did not run, pytest ended with {status}")
    return outcomes


def _run(
    library: Library, python: str, arguments: Sequence[str], *, reference: bool
) -> tuple[int, dict[str, Outcome]]:
    suite = Suite(library.source, plugin_directories=[_PLUGINS], plugins=library.plugins, python=python)
    launcher = [] if reference else [python, "-m", "ferroapi", "exec", "--"]
    return suite.run(arguments, launcher=launcher, environ=library.environ, deadline=library.deadline)


def _compare(library: Library, outcomes: dict[str, Outcome], spent: str) -> bool:
    record = baseline.load(library)
    other, missing = departures(outcomes, record)
    passed = sum(outcome.kind == "passed" for outcome in outcomes.values())
    print(f"{library.name} {library.version}: {passed} pass, {record.passed} on the reference ({spent})")
    show("end otherwise than on the reference", other, outcomes)
    if missing:
        print(f"{missing} tests fewer than on the reference")
    return not (other or missing)


if __name__ == "__main__":
    sys.exit(main())
