"""`python -m benches.counts`: fail when a main case takes over 5 percent more instructions than its baseline.

The baseline, `benches/results/instructions.json`, is renewed by `make bench-counts RENEW=1`. A count depends
on the builds of Python, of the extension and of the libraries, so with others than the baseline's the counts
are only reported. `--repeat` counts more than once and says how far apart the counts are.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .callgrind import PROTOCOL, RESULTS, count, ready
from .inprocess import CANDIDATE
from .machine import describe, versions

BASELINE = RESULTS / "instructions.json"
ALLOWED = 0.05
MAIN = (
    "hello async",
    "parameters",
    "six dependencies",
    "nested model in and out",
    "100 models out",
    "404",
    "422 with two errors",
    "hello behind 1,000 routes",
    "three nested routers",
    "hello behind CORS",
    "hello async, own protocol",
    "parameters, own protocol",
    "six dependencies, own protocol",
    "nested model in and out, own protocol",
)
OWN_PROTOCOL = ", own protocol"


def toolchain() -> dict[str, str | None]:
    """Return what the counts depend on beside this package's source."""
    machine = describe()
    return {
        "python": machine["python"],
        "python_build": machine["python_build"],
        "rustc": machine["rustc"],
        "profile_guided": machine["profile_guided"],
        **versions(("pydantic_core", "pydantic", "starlette", "uvloop")),
    }


def _count(case: str) -> float:
    side = PROTOCOL if case.endswith(OWN_PROTOCOL) else CANDIDATE
    kept = RESULTS / f"callgrind.{case.replace(' ', '-')}.candidate.out"
    return count(case.removesuffix(OWN_PROTOCOL), side, kept)


def counted(cases: list[str], repeat: int) -> Iterator[tuple[str, list[float]]]:
    """Count each case `repeat` times, on all cores since what else runs does not matter."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [pool.submit(_count, case) for case in cases for _ in range(repeat)]
        for number, case in enumerate(cases):
            yield case, [job.result() for job in found[number * repeat : (number + 1) * repeat]]


def line(case: str, counts: list[float], base: float | None) -> str:
    """Return what is said of one case."""
    now = statistics.median(counts)
    change = f"{base:>10,} {now / base - 1:>+7.1%}" if base else f"{'new':>10} {'':>7}"
    spread = f"   spread {max(counts) / min(counts) - 1:.2%}" if len(counts) > 1 else ""
    return f"{case:<38} {now:>10,.0f} {change}{spread}"


def grown(counts: dict[str, int], base: dict[str, int]) -> list[str]:
    """Return the cases that take more than is allowed."""
    return [case for case, now in counts.items() if case in base and now > base[case] * (1 + ALLOWED)]


def verdict(worse: list[str]) -> int:
    """Print what the comparison found and return the exit status."""
    if worse:
        print(f"FAILED: over {ALLOWED:.0%} more instructions in: {', '.join(worse)}.")
        print("If that is meant, renew the baseline with `make bench-counts RENEW=1`, and check it in.")
        return 1
    print(f"passed: no main case takes over {ALLOWED:.0%} more instructions than {BASELINE.name} has.")
    return 0


def differences(there: dict[str, str | None], here: dict[str, str | None]) -> list[str]:
    """Say in what the baseline's toolchain differs from this one."""
    names = sorted(there.keys() | here.keys())
    return [
        f"another toolchain than the baseline's: {name}: {there.get(name)} there, {here.get(name)} here"
        for name in names
        if there.get(name) != here.get(name)
    ]


def _read() -> dict[str, Any]:
    empty: dict[str, Any] = {"toolchain": {}, "instructions": {}}
    return json.loads(BASELINE.read_text()) if BASELINE.exists() else empty


def _renew(counts: dict[str, int], tools: dict[str, str | None], base: dict[str, Any]) -> None:
    # What was counted with another toolchain does not stay beside the new.
    kept = base["instructions"] if base["toolchain"] == tools else {}
    made = {"toolchain": tools, "instructions": kept | counts}
    BASELINE.write_text(json.dumps(made, indent=1) + "\n")
    print(f"written to {BASELINE}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", action="append", choices=MAIN, help="default: all of them")
    parser.add_argument("--repeat", type=int, default=1, help="counts of each case")
    parser.add_argument("--renew", action="store_true", help="write the baseline instead of comparing")
    return parser.parse_args()


def _counts(cases: list[str], repeat: int, base: dict[str, int]) -> dict[str, int]:
    print(f"{'instructions a request':<38} {'now':>10} {'baseline':>10} {'change':>7}")
    counts: dict[str, int] = {}
    for case, found in counted(cases, repeat):
        print(line(case, found, base.get(case)), flush=True)
        counts[case] = round(statistics.median(found))
    return counts


def main() -> int:
    """Count, print, and compare or renew."""
    options = _options()
    if missing := ready():
        raise SystemExit(missing)
    RESULTS.mkdir(exist_ok=True)
    base, tools = _read(), toolchain()
    cases: list[str] = list(options.case or MAIN)
    if options.renew:
        _renew(_counts(cases, options.repeat, base["instructions"]), tools, base)
        return 0
    if not base["instructions"]:
        raise SystemExit(f"{BASELINE} is not there: make bench-counts RENEW=1")
    if others := differences(base["toolchain"], tools):
        return _report_only(cases, options.repeat, others)
    return verdict(grown(_counts(cases, options.repeat, base["instructions"]), base["instructions"]))


def _report_only(cases: list[str], repeat: int, others: list[str]) -> int:
    print(*others, sep="\n")
    try:
        _counts(cases, repeat, {})
    except SystemExit as failure:
        print(failure)
    print("Counts cannot be compared across toolchains: REPORTED ONLY, nothing was checked.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
