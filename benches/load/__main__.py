"""`python -m benches.load`: requests a second, latency and memory of one worker, beside its peers.

Servers have one core to themselves and the load another; figures are medians over rounds. `--suite load`
compares frameworks under one server, `--suite protocol` the own HTTP protocol with other servers.
"""

import argparse
import importlib.util
import shutil
from typing import Any

from ..cases import EVERY_CASE, named
from . import figures, paced, report, sides
from .cores import cores, priority
from .measure import Found, Plan, measure
from .sides import Side
from .suites import SUITES, Suite


def present(wanted: list[Side]) -> dict[Side, set[str]]:
    """Return the sides that are installed, with the names of the cases they can do."""
    missing = [side.name for side in wanted if not side.python.exists()]
    if missing:
        print(f"not installed, left out: {', '.join(missing)} (make bench-peers)")
    return {side: side.cases() for side in wanted if side.name not in missing}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--suite", choices=SUITES, default="load")
    names = [case.name for case in EVERY_CASE]
    parser.add_argument("--case", action="append", choices=names, help="default: the main ones")
    parser.add_argument("--side", action="append", help="default: all of the suite")
    parser.add_argument("--seconds", type=int, help="length of each measurement")
    parser.add_argument("--rounds", type=int, help="measurements of each server (5)")
    parser.add_argument("--quick", action="store_true", help="one round of one second; writes *-quick.*")
    parser.add_argument(
        "--http",
        default=sides.NATIVE,
        help="what uvicorn runs in place of the own protocol, to try the suite",
    )
    parser.add_argument("--priority", action="store_true", help="before all other processes; needs root")
    parser.add_argument("--no-half-load", action="store_true", help="leave out the latency at a rate")
    return parser.parse_args()


def _chosen(suite: Suite, options: argparse.Namespace) -> list[Side]:
    known = [side.name for side in suite.sides]
    wanted = options.side or known
    if unknown := set(wanted) - set(known):
        raise SystemExit(f"{', '.join(sorted(unknown))}: not among {', '.join(known)}")
    return [side for side in suite.sides if side.name in wanted]


def _check_tools(suite: Suite, options: argparse.Namespace) -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; it is in the Debian package `wrk`")
    if suite.stem == "protocol" and options.http == sides.NATIVE:
        module = sides.NATIVE.partition(":")[0]
        if importlib.util.find_spec(module) is None:
            raise SystemExit(f"{module} is not there yet: `--http httptools` tries the suite without it")
    if suite.paced and not options.no_half_load:
        paced.compile_it()


def _print_duration(suite: Suite, plan: Plan, work: dict[str, list[Side]]) -> None:
    names = {name for pair in suite.paced for name in pair}
    seconds = sum(
        plan.duration(suite, len(chosen), sum(side.name in names for side in chosen))
        for chosen in work.values()
    )
    print(f"about {seconds / 60:.0f} min", flush=True)


def main() -> None:
    """Measure, print and write."""
    options = _options()
    suite = SUITES[options.suite](options.http)
    _check_tools(suite, options)
    rounds = options.rounds or (1 if options.quick else 5)
    seconds = options.seconds or (1 if options.quick else suite.seconds)
    plan = Plan(rounds, seconds, *cores(), half_load=bool(suite.paced) and not options.no_half_load)
    able = present(_chosen(suite, options))
    work = {name: [side for side, can in able.items() if name in can] for name in options.case or suite.cases}
    _print_duration(suite, plan, work)
    table: dict[str, dict[str, Found]] = {}
    with priority(wanted=options.priority):
        for name, chosen in work.items():
            table[name] = measure(suite, named(name), chosen, plan)
            for line in report.lines(name, figures.rows(table[name])):
                print(line, flush=True)
    whole = not (options.case or options.side or options.quick or options.http != sides.NATIVE)
    stem = suite.stem if whole else f"{suite.stem}-quick"
    settings: dict[str, Any] = {
        "rounds": rounds,
        "seconds": seconds,
        "connections": suite.connections,
        "priority": options.priority,
    }
    for path in report.write(stem, suite, table, settings, list(able)):
        print(f"written to {path}")
    wrong = {side for case in table.values() for side, found in case.items() if found.invalid}
    if wrong:
        raise SystemExit(f"not all rounds count: {', '.join(sorted(wrong))}")


if __name__ == "__main__":
    main()
