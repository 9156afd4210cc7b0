"""Turn the benchmarks of one run into a table of ratios, printed and written as JSON."""

import json
import os
import platform
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

RESULTS = Path(__file__).parent / "results"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    table = _table(session.benchmarks) if session is not None else []
    if not table:
        return
    for line in _lines(table):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"written to {_write(table)}")


def _table(benchmarks: list[Any]) -> list[dict[str, Any]]:
    """One row per case: microseconds a request on each side, and the ratio.

    Both are medians over the passes; a pass compares the fastest batches of two neighbours, so that what
    else the machine does hits both sides alike. Its ratios say how far to trust the median.
    """
    best: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    goals: dict[str, float | None] = {}
    for bench in benchmarks:
        info = bench.extra_info
        if "case" not in info or not bench.stats.rounds:
            continue
        best[info["case"]][info["side"]][info["pass"]] = bench.stats.min / info["requests"] * 1e6
        goals[info["case"]] = info["goal"]
    return [_row(case, sides, goals[case]) for case, sides in best.items()]


def _row(case: str, sides: dict[str, dict[int, float]], goal: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"case": case, "goal": goal}
    for side, passes in sides.items():
        row[f"{side}_us"] = round(statistics.median(passes.values()), 3)
        row[f"{side}_us_best"] = round(min(passes.values()), 3)
        row[f"{side}_us_passes"] = [round(passes[number], 3) for number in sorted(passes)]
    reference, candidate = sides.get("reference", {}), sides.get("candidate", {})
    ratios = [reference[number] / candidate[number] for number in sorted(reference.keys() & candidate.keys())]
    if ratios:
        row["ratio"] = round(statistics.median(ratios), 2)
        row["ratio_passes"] = [round(ratio, 2) for ratio in ratios]
    return row


def _lines(table: list[dict[str, Any]]) -> list[str]:
    width = max(len(row["case"]) for row in table)
    lines = ["", f"{'case':<{width}}  reference us  ferroapi us  times faster  (half of all)  goal"]
    for row in table:
        if "ratio" not in row:
            lines.append(f"{row['case']:<{width}}  {row.get('bare_us', 0):>24.2f}  (a bare ASGI callable)")
            continue
        low, _, high = statistics.quantiles(row["ratio_passes"], n=4)
        spread = f"({low:.1f}..{high:.1f})"
        goal = (
            ""
            if row["goal"] is None
            else f"{row['goal']:g} {'met' if row['ratio'] >= row['goal'] else 'MISSED'}"
        )
        lines.append(
            f"{row['case']:<{width}}  {row['reference_us']:>12.1f}  {row['candidate_us']:>11.2f}"
            f"  {row['ratio']:>12.1f}  {spread:<13}  {goal}"
        )
    by_case = {row["case"]: row for row in table}
    alone, behind = by_case.get("hello async"), by_case.get("hello behind 1,000 routes")
    if alone and behind and "candidate_us" in alone and "candidate_us" in behind:
        cost = behind["candidate_us_best"] / alone["candidate_us_best"]
        lines.append(f"hello behind 1,000 routes costs {cost:.2f} of hello alone (goal 1.3)")
    return lines


def _write(table: list[dict[str, Any]]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    quick = os.environ.get("BENCH_QUICK", "") not in ("", "0")
    path = RESULTS / ("ratios-quick.json" if quick else "ratios.json")
    report = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "quick": quick,
        "candidate": os.environ.get("BENCH_CANDIDATE", "ferroapi"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "cases": table,
    }
    path.write_text(json.dumps(report, indent=1) + "\n")
    return path
