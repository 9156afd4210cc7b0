"""`python -m benches.load`: requests a second, latency and memory of one worker, beside its peers.

Servers have one core to themselves and wrk another. All servers of a case stay up while rounds go from one to
the next, so that what else the machine does hits all alike; figures are medians over rounds.
"""

import argparse
import json
import os
import shutil
from contextlib import ExitStack
from typing import Any

from ..cases import CASES, Case, named
from ..inprocess import CANDIDATE, REFERENCE, Runner, build, new_loop
from . import report, wrk
from .server import Server, answer, resident_mib, serve
from .sides import SIDES, Side

DEFAULT = (
    "hello async",
    "hello def",
    "parameters",
    "six dependencies",
    "nested model in and out",
    "100 models out",
    "404",
    "hello behind 1,000 routes",
    "hello behind CORS",
)


def cores() -> tuple[int, int]:
    """The core for the server and the one for the load; the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[-1], allowed[0]


def expected(case: Case) -> tuple[int, Any]:
    """Return status and decoded body of the reference's answer."""
    loop = new_loop()
    try:
        start, body = Runner(case, build(case, REFERENCE), loop).answer()
    finally:
        loop.close()
    return start["status"], json.loads(body["body"]) if start["status"] == 200 else None


def measure(case: Case, sides: list[Side], rounds: int, seconds: int) -> dict[str, Any]:
    """Return the figures of each side in one case."""
    server_core, load_core = cores()
    right = expected(case)
    found: dict[str, list[wrk.Load]] = {side.name: [] for side in sides}
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(side, case, server_core)) for side in sides]
        for server in servers:
            _warm_up(case, server, right, load_core)
        for _ in range(rounds):
            for server in servers:
                found[server.side.name].append(wrk.run(case, server.port, seconds, load_core))
        memory = {server.side.name: resident_mib(server) for server in servers}
    return {name: report.row(loads, memory[name]) for name, loads in found.items()}


def _warm_up(case: Case, server: Server, right: tuple[int, Any], core: int) -> None:
    given = answer(case, server.port)
    if given != right:
        raise SystemExit(f"{case.name}: {server.side.name} answers {given}, the reference {right}")
    wrk.run(case, server.port, 1, core)


def present() -> dict[Side, set[str]]:
    """Return the sides that are installed, with the names of the cases they can do."""
    missing = [side.name for side in SIDES if not side.python.exists()]
    if missing:
        print(f"not installed, left out: {', '.join(missing)} (make bench-peers)")
    return {side: side.cases() for side in SIDES if side.name not in missing}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, help="default: the main ones")
    parser.add_argument("--side", action="append", choices=[side.name for side in SIDES], help="default: all")
    parser.add_argument("--seconds", type=int, help="length of each measurement (3)")
    parser.add_argument("--rounds", type=int, help="measurements of each server (5)")
    parser.add_argument("--quick", action="store_true", help="one round of one second; writes load-quick.*")
    return parser.parse_args()


def main() -> None:
    """Measure, print and write."""
    options = _options()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; it is in the Debian package `wrk`")
    rounds = options.rounds or (1 if options.quick else 5)
    seconds = options.seconds or (1 if options.quick else 3)
    sides = present()
    table: dict[str, Any] = {}
    for name in options.case or DEFAULT:
        chosen = [
            side for side in sides if name in sides[side] and side.name in (options.side or (side.name,))
        ]
        table[name] = measure(named(name), chosen, rounds, seconds)
        for line in report.lines(name, table[name]):
            print(line, flush=True)
    whole = not (options.case or options.side)
    stem = "load" if whole and not options.quick else "load-quick"
    settings = {"rounds": rounds, "seconds": seconds, "connections": wrk.CONNECTIONS, "highlight": CANDIDATE}
    for path in report.write(stem, table, settings, list(sides)):
        print(f"written to {path}")


if __name__ == "__main__":
    main()
