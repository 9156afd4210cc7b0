"""The figures as JSON, as Markdown tables and as a plot."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from ..inprocess import CANDIDATE, REFERENCE
from ..machine import PACKAGES, describe, versions
from .figures import judged, paced_pairs, rows
from .measure import Found
from .plot import draw
from .sides import Side
from .suites import Suite

RESULTS = Path(__file__).parent.parent / "results"
HEAD = (
    "| case | side | requests/s | best | spread | of the reference | p50 ms | p99 ms | CPU us | busy | MiB |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)
GOALS_HEAD = """
## What is wanted

"Found" is the median of the ratios of neighbouring rounds, "best" the ratio of the best rounds of both, and
"CPU" that of the processor time for a request, which hardly knows what else the machine does.

| case | side | against | wanted | found | best | CPU | rounds | |
| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |
"""
PACED_HEAD = """
## Latency at half load

One request after the other at a constant rate, for both sides of a pair half of what the second can do in
this run; {connections} connections. Latency counts from when a request was due, so a stall is paid for by
all that had to wait. Medians over rounds that alternate; the best round's p99 beside them, and the share
of the time in which the machine held the generator itself up, which no server is to blame for.

| case | side | rate | p50 us | p90 us | p99 us | best p99 us | generator held up | of the other's p99 | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""


def lines(case: str, sides: dict[str, Any]) -> list[str]:
    """Return one Markdown row per side."""
    base = sides.get(REFERENCE, {}).get("requests_per_second")
    return [_line(case, name, found, base) for name, found in sides.items()]


def _line(case: str, name: str, found: dict[str, Any], base: int | None) -> str:
    if "best" not in found:
        return f"| {case} | {name} | no valid round |" + " |" * 8
    rate = found["requests_per_second"]
    cells = (
        f"{rate:,}",
        f"{found['best']:,}",
        f"{found['spread']:.0%}",
        f"{rate / base:.2f}" if base else "",
        f"{found['p50_us'] / 1000:.2f}",
        f"{found['p99_us'] / 1000:.2f}",
        f"{found['cpu_us']:.1f}",
        f"{found['busy']:.2f}",
        f"{found['resident_mib']:.0f}",
    )
    return f"| {case} | {name} | {' | '.join(cells)} |"


def write(
    stem: str, suite: Suite, table: dict[str, dict[str, Found]], settings: dict[str, Any], sides: list[Side]
) -> list[Path]:
    """Write the three files and return their paths."""
    RESULTS.mkdir(exist_ok=True)
    made: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": describe() | {"load": _wrk_version()},
        "versions": {side.name: _versions(side) for side in sides},
        "under": {side.name: side.program.name for side in sides},
        **settings,
        "cases": {case: rows(found) for case, found in table.items()},
    }
    if suite.goals:
        made["goals"] = [judged(goal, table[goal.case]) for goal in suite.goals if goal.case in table]
    if suite.paced:
        made["half_load"] = {case: list(paced_pairs(suite, found)) for case, found in table.items()}
    texts = {
        ".json": json.dumps(made, indent=1) + "\n",
        ".md": _markdown(suite, made),
        ".svg": _plot(suite, made),
    }
    paths = [RESULTS / f"{stem}{suffix}" for suffix in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


def _versions(side: Side) -> dict[str, str]:
    found = versions(tuple(dict.fromkeys((*PACKAGES, side.package))), side.python)
    others = {REFERENCE, CANDIDATE} - {side.package}
    return {name: version for name, version in found.items() if name not in others}


def _wrk_version() -> str:
    return (
        subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
        .stdout.splitlines()[0]
        .strip()
    )


def _markdown(suite: Suite, made: dict[str, Any]) -> str:
    note = suite.note.format(**{name: made[name] for name in ("connections", "rounds", "seconds")})
    body = [line for case, sides in made["cases"].items() for line in lines(case, sides)]
    machine = [f"- {name}: {value}" for name, value in made["machine"].items()]
    packages = [
        f"- {side} ({made['under'][side]}): "
        + ", ".join(f"{name} {version}" for name, version in found.items())
        for side, found in made["versions"].items()
    ]
    goals = [GOALS_HEAD + "\n".join(map(_goal_line, made["goals"]))] if made.get("goals") else []
    half = [PACED_HEAD.format(**made) + "\n".join(_paced_lines(made))] if any(_paced_lines(made)) else []
    parts = [
        f"# {suite.title}",
        note,
        *HEAD,
        *body,
        *goals,
        *half,
        "",
        f"Measured {made['at']}.",
        "",
        *machine,
        *packages,
    ]
    return "\n".join(parts) + "\n"


def _goal_line(goal: dict[str, Any]) -> str:
    start = f"| {goal['case']} | {goal['side']} | {goal['against']} | {goal['wanted']:g} |"
    if "found" not in goal:
        return f"{start} | | | | not measured |"
    span = f"{min(goal['rounds']):.2f} to {max(goal['rounds']):.2f}"
    met = "met" if goal["met"] else "missed"
    return f"{start} {goal['found']:.2f} | {goal['best']:.2f} | {goal['cpu']:.2f} | {span} | {met} |"


def _paced_lines(made: dict[str, Any]) -> list[str]:
    found = made.get("half_load", {})
    return [
        _paced_line(case, pair, name)
        for case, pairs in found.items()
        for pair in pairs
        for name in pair["sides"]
    ]


def _paced_line(case: str, pair: dict[str, Any], name: str) -> str:
    side, judged_here = pair["sides"][name], name == pair["side"] and "met" in pair
    if "p99_us" not in side:
        return f"| {case} | {name} | {side['rate']:,} | no valid round |" + " |" * 6
    cells = (
        f"{side['rate']:,}",
        *(f"{side[key]:,.0f}" for key in ("p50_us", "p90_us", "p99_us", "p99_us_best")),
        f"{side['generator_stalled']:.1%}",
        f"{pair['p99_ratio']:.2f}" if judged_here else "",
        ("met" if pair["met"] else "missed") if judged_here else "",
    )
    return f"| {case} | {name} | {' | '.join(cells)} |"


def _plot(suite: Suite, made: dict[str, Any]) -> str:
    rates = {
        case: {side: found.get("requests_per_second", 0) for side, found in sides.items()}
        for case, sides in made["cases"].items()
    }
    machine = made["machine"]
    below = f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, Python {machine['python']}"
    return draw(rates, suite.title, below, suite.highlight)
