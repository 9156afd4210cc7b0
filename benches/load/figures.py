"""What the rounds of a case come to: medians, ratios and whether a goal is met."""

import statistics
from collections.abc import Iterator
from typing import Any

from .measure import Found
from .suites import Goal, Suite


def row(found: Found) -> dict[str, Any]:
    """Return the medians of one side, with the rounds they come from."""
    rounds = [each for each in found.rounds if each]
    if not rounds:
        return {"rounds": [None] * len(found.rounds), "invalid": found.invalid}
    rates = [each.load.rate for each in rounds]
    used = [each.cpu_seconds / each.load.requests * 1e6 for each in rounds]
    made = {
        "requests_per_second": round(statistics.median(rates)),
        "best": round(max(rates)),
        "spread": round((max(rates) - min(rates)) / statistics.median(rates), 3),
        "p50_us": round(statistics.median(each.load.p50_us for each in rounds)),
        "p99_us": round(statistics.median(each.load.p99_us for each in rounds)),
        "cpu_us": round(statistics.median(used), 1),
        "busy": round(statistics.median(u * rate for u, rate in zip(used, rates, strict=True)) / 1e6, 2),
        "resident_mib": round(found.resident_mib, 1),
        "rounds": [each and round(each.load.rate) for each in found.rounds],
    }
    return made | ({"invalid": found.invalid} if found.invalid else {})


def rows(sides: dict[str, Found]) -> dict[str, Any]:
    """Return the row of each side of a case."""
    return {name: row(found) for name, found in sides.items()}


def judged(goal: Goal, sides: dict[str, Found]) -> dict[str, Any]:
    """Return what came of one goal; without figures where a side has none."""
    made: dict[str, Any] = {
        "case": goal.case,
        "side": goal.side,
        "against": goal.against,
        "wanted": goal.times,
    }
    if goal.side not in sides or goal.against not in sides:
        return made
    ours, theirs = sides[goal.side].rounds, sides[goal.against].rounds
    # A side that did not start has no rounds.
    pairs = [
        (our.load.rate, their.load.rate) for our, their in zip(ours, theirs, strict=False) if our and their
    ]
    if not pairs:
        return made
    ratios = [our / their for our, their in pairs]
    used = [row(sides[name])["cpu_us"] for name in (goal.against, goal.side)]
    best = max(our for our, _ in pairs) / max(their for _, their in pairs)
    found = statistics.median(ratios)
    return made | {
        "found": round(found, 3),
        "best": round(best, 3),
        "cpu": round(used[0] / used[1], 3),
        "rounds": [round(ratio, 3) for ratio in ratios],
        "met": found >= goal.times,
    }


def paced(found: Found) -> dict[str, Any]:
    """Return the medians of one side at a constant rate."""
    rounds = [each for each in found.half_load if each]
    if not rounds:
        return {"rate": round(found.target), "p99_us_rounds": []}
    return {
        "rate": round(found.target),
        "p50_us": round(statistics.median(each.p50_us for each in rounds), 1),
        "p90_us": round(statistics.median(each.p90_us for each in rounds), 1),
        "p99_us": round(statistics.median(each.p99_us for each in rounds), 1),
        "p99_us_best": round(min(each.p99_us for each in rounds), 1),
        "p99_us_rounds": [each and round(each.p99_us, 1) for each in found.half_load],
        "max_us": round(max(each.max_us for each in rounds)),
        "generator_stalled": round(statistics.median(each.stalled for each in rounds), 4),
    }


def paced_pairs(suite: Suite, sides: dict[str, Found]) -> Iterator[dict[str, Any]]:
    """Yield what came of each pair that was measured at half load."""
    for side, against in suite.paced:
        if not all(name in sides and sides[name].half_load for name in (side, against)):
            continue
        ours, theirs = paced(sides[side]), paced(sides[against])
        made: dict[str, Any] = {"side": side, "against": against, "sides": {side: ours, against: theirs}}
        if "p99_us" in ours and "p99_us" in theirs:
            made |= {
                "p99_ratio": round(ours["p99_us"] / theirs["p99_us"], 3),
                "p99_ratio_best": round(ours["p99_us_best"] / theirs["p99_us_best"], 3),
                "met": ours["p99_us"] <= theirs["p99_us"],
            }
        yield made
