"""The figures as JSON, as a Markdown table and as a plot."""

import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from ..inprocess import REFERENCE
from ..machine import PACKAGES, describe, versions
from .plot import draw
from .sides import SIDES, Side
from .wrk import Load

RESULTS = Path(__file__).parent.parent / "results"
HEAD = (
    "| case | side | requests/s | of the reference | p50 ms | p99 ms | resident MiB |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
)
NOTE = """
One worker process on one core, wrk on another, {connections} connections that are always busy, so latency
is that of a server with all it can do. Medians of {rounds} rounds of {seconds} s; sides alternate.
{asgi} run under uvicorn with uvloop and httptools.
Robyn is a server of its own (Rust, with its own HTTP parser), so its line is about the server too. Resident
memory is that of the server process and its children after the load. A side without a line has no equal of
that case: see `benches/load/apps`.
"""


def row(loads: list[Load], memory: float) -> dict[str, Any]:
    """Return the medians of one side, with the rounds they come from."""
    return {
        "requests_per_second": round(statistics.median(load.rate for load in loads)),
        "p50_us": round(statistics.median(load.p50_us for load in loads)),
        "p99_us": round(statistics.median(load.p99_us for load in loads)),
        "resident_mib": round(memory, 1),
        "rounds": [round(load.rate) for load in loads],
    }


def lines(case: str, sides: dict[str, Any]) -> list[str]:
    """Return one Markdown row per side."""
    base = sides.get(REFERENCE, {}).get("requests_per_second")
    return [
        f"| {case} | {name} | {found['requests_per_second']:,} | "
        + (f"{found['requests_per_second'] / base:.2f}" if base else "")
        + f" | {found['p50_us'] / 1000:.2f} | {found['p99_us'] / 1000:.2f} | {found['resident_mib']:.0f} |"
        for name, found in sides.items()
    ]


def write(stem: str, table: dict[str, Any], settings: dict[str, Any], sides: list[Side]) -> list[Path]:
    """Write the three files and return their paths."""
    RESULTS.mkdir(exist_ok=True)
    made = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": describe() | {"load": _wrk_version()},
        "versions": {side.name: _versions(side) for side in sides},
        **settings,
        "cases": table,
    }
    texts = {".json": json.dumps(made, indent=1) + "\n", ".md": _markdown(made), ".svg": _plot(made)}
    paths = [RESULTS / f"{stem}{suffix}" for suffix in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


def _versions(side: Side) -> dict[str, str]:
    found = versions((*PACKAGES, side.package), side.python)
    others = {other.package for other in SIDES if not other.own_server} - {
        "uvicorn",
        "starlette",
        side.package,
    }
    return {name: version for name, version in found.items() if name not in others}


def _wrk_version() -> str:
    return (
        subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
        .stdout.splitlines()[0]
        .strip()
    )


def _markdown(made: dict[str, Any]) -> str:
    asgi = ", ".join(side.name for side in SIDES if not side.own_server)
    note = NOTE.format(**{name: made[name] for name in ("connections", "rounds", "seconds")}, asgi=asgi)
    body = [line for case, sides in made["cases"].items() for line in lines(case, sides)]
    machine = [f"- {name}: {value}" for name, value in made["machine"].items()]
    packages = [
        f"- {side}: {', '.join(f'{name} {version}' for name, version in found.items())}"
        for side, found in made["versions"].items()
    ]
    parts = ["# Load", f"{note}", *HEAD, *body, "", f"Measured {made['at']}.", "", *machine, *packages]
    return "\n".join(parts) + "\n"


def _plot(made: dict[str, Any]) -> str:
    rates = {
        case: {side: found["requests_per_second"] for side, found in sides.items()}
        for case, sides in made["cases"].items()
    }
    machine = made["machine"]
    below = f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, Python {machine['python']}"
    return draw(rates, "Requests a second, one worker on one core", below, (made["highlight"], REFERENCE))
