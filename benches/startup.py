"""`python -m benches.startup [--rounds N] [--routes N]`: start-up time and memory beside the reference.

Each figure comes from fresh processes that alternate between the two packages; the table shows the best of
them, since whatever else runs on the machine can only add. Times are CPU time, if not said otherwise. What
tracemalloc traces is measured in a process of its own. Plugins of pydantic are left out: one that only
happens to be installed would be loaded by either package.
"""

import argparse
import asyncio
import gc
import importlib
import json
import os
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .inprocess import CANDIDATE, REFERENCE

DEPENDENCIES = 20
BRANCHES = 4
VARIANTS = ("shared-flat", "shared-nested", "distinct-flat", "distinct-nested")
STAGES = ("import", "built", "first", "all")
_ENV = {**os.environ, "PYDANTIC_DISABLE_PLUGINS": "__all__"}
_IMPORT = "from {package} import APIRouter, Depends, FastAPI, Query"


def dependency(api: Any, index: int, below: list[Callable[..., Any]]) -> Callable[..., Any]:
    """Return a dependency with one query parameter, which needs those of `below`."""
    name = f"q{index}"
    parameters = [f"{name}: int = 0", *(f"d{i}=Depends(below[{i}])" for i in range(len(below)))]
    namespace: dict[str, Any] = {"Depends": api.Depends, "below": below}
    exec(f"async def dep{index}({', '.join(parameters)}) -> int:\n    return {name}", namespace)
    made: Callable[..., Any] = namespace[f"dep{index}"]
    return made


def dependencies(api: Any, shape: str) -> list[Callable[..., Any]]:
    """Return what one endpoint depends on: 20 dependencies, side by side or 4 that need 4 each."""
    if shape == "flat":
        return [dependency(api, index, []) for index in range(DEPENDENCIES)]
    below = DEPENDENCIES // BRANCHES - 1
    trees = []
    for branch in range(BRANCHES):
        first = branch * (below + 1)
        leaves = [dependency(api, first + index, []) for index in range(below)]
        trees.append(dependency(api, first + below, leaves))
    return trees


def endpoint(api: Any, needed: list[Callable[..., Any]]) -> Callable[..., Any]:
    """Return a path operation function with a path parameter, which needs those dependencies."""
    parameters = ["item_id: int", *(f"d{i}=Depends(needed[{i}])" for i in range(len(needed)))]
    namespace: dict[str, Any] = {"Depends": api.Depends, "needed": needed}
    exec(f"async def read({', '.join(parameters)}):\n    return item_id", namespace)
    made: Callable[..., Any] = namespace["read"]
    return made


def endpoints(api: Any, variant: str, routes: int) -> list[Callable[..., Any]]:
    """Return the functions of the application: the user's own code, made before anything is timed."""
    sharing, _, shape = variant.partition("-")
    shared = dependencies(api, shape)
    return [endpoint(api, shared if sharing == "shared" else dependencies(api, shape)) for _ in range(routes)]


def memory() -> dict[str, float]:
    """Resident memory of this process, and what Python allocated if that is traced, in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    size = tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0
    return {"rss": pages * 4096 / 2**20, "traced": size / 2**20}


async def request(app: Any, index: int) -> None:
    """Ask for one item of one route, and check the answer."""
    path = f"/things{index}/{index}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"q1=1",
        "root_path": "",
        "headers": [(b"host", b"bench")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert [sent[0]["status"], sent[1]["body"]] == [200, str(index).encode()], sent


def measure(package: str, variant: str, routes: int, traced: bool) -> dict[str, dict[str, float]]:
    """Build and use one application in this process; times in ms, memory above that of the stage before."""
    if traced:
        tracemalloc.start()
    seconds: list[float] = []
    held = [memory()]

    def stage(run: Callable[[], object]) -> None:
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
        held.append(memory())

    stage(lambda: exec(_IMPORT.format(package=package), {}))
    api = importlib.import_module(package)
    functions = endpoints(api, variant, routes)
    held[-1] = memory()
    app = api.FastAPI()

    def build() -> None:
        for index, function in enumerate(functions):
            app.get(f"/things{index}/{{item_id}}")(function)

    loop = asyncio.new_event_loop()

    async def each() -> None:
        for index in range(routes):
            await request(app, index)

    stage(build)
    stage(lambda: loop.run_until_complete(request(app, routes // 2)))
    stage(lambda: loop.run_until_complete(each()))
    loop.close()
    result = {"ms": dict(zip(STAGES, (1000 * s for s in seconds), strict=True))}
    for kind in ("rss", "traced"):
        result[kind] = dict(zip(STAGES, (h[kind] for h in held[1:]), strict=True))
        # From the functions on: the package and the user's code themselves are not the application's.
        result[f"{kind} of app"] = {name: result[kind][name] - result[kind]["import"] for name in STAGES[1:]}
    return result


def in_process(package: str, variant: str, routes: int, traced: bool) -> dict[str, dict[str, float]]:
    """Run `measure` in a fresh process."""
    command = [sys.executable, "-m", "benches.startup", "--child", package, variant, str(routes)]
    child = subprocess.run([*command, str(int(traced))], check=True, stdout=subprocess.PIPE, env=_ENV)
    outcome: dict[str, dict[str, float]] = json.loads(child.stdout)
    return outcome


def import_times(rounds: int) -> dict[str, dict[str, float]]:
    """Times in ms of processes that only import; their own start is taken off."""
    statements = {"module": "import {package}", "names": _IMPORT, "": "pass"}
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for package in (REFERENCE, CANDIDATE):
            for name, statement in statements.items():
                used, start = _children(), time.perf_counter()
                subprocess.run(
                    [sys.executable, "-c", statement.format(package=package)], check=True, env=_ENV
                )
                wall, cpu = time.perf_counter() - start, _children() - used
                for kind, spent in (("wall", 1000 * wall), ("CPU", 1000 * cpu)):
                    known = best.setdefault(f"{name} ({kind})", {})
                    known[package] = min(spent, known.get(package, spent))
    nothing = {kind: best.pop(f" ({kind})") for kind in ("wall", "CPU")}
    return {
        name: {
            package: spent - nothing["wall" if "wall" in name else "CPU"][package]
            for package, spent in by.items()
        }
        for name, by in best.items()
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(name: str, figures: dict[str, float], unit: str) -> str:
    """Return one line of the table."""
    ours, theirs = figures[CANDIDATE], figures[REFERENCE]
    return f"  {name:<28}{theirs:>10.1f}{ours:>10.1f} {unit:<4}{ours / theirs if theirs else 0:>7.2f}"


def report(variant: str, rounds: int, routes: int) -> list[str]:
    """Measure one variant on both packages and return its lines of the table."""
    best: dict[tuple[str, str], dict[str, float]] = {}
    for turn in range(rounds + 1):
        for package in (REFERENCE, CANDIDATE):
            outcome = in_process(package, variant, routes, traced=turn == rounds)
            for kind, stages in outcome.items():
                # Tracing slows everything down, and has a memory of its own.
                if kind.startswith("traced") != (turn == rounds):
                    continue
                for stage, value in stages.items():
                    known = best.setdefault((kind, stage), {})
                    known[package] = min(value, known.get(package, value))
    lines = [f"{variant} ({routes} routes, {DEPENDENCIES} dependencies each)"]
    lines += [row(f"time: {stage}", best["ms", stage], "ms") for stage in STAGES[1:]]
    total = {
        package: best["ms", "built"][package] + best["ms", "first"][package]
        for package in (REFERENCE, CANDIDATE)
    }
    lines.append(row("time: built and first", total, "ms"))
    for kind in ("rss", "rss of app", "traced of app"):
        lines += [row(f"{kind}: {stage}", best[kind, stage], "MiB") for stage in STAGES[1:]]
    return lines


def main(arguments: list[str]) -> int:
    """Print the table."""
    if arguments[:1] == ["--child"]:
        package, variant, routes, traced = arguments[1:]
        json.dump(measure(package, variant, int(routes), traced == "1"), sys.stdout)
        return 0
    parser = argparse.ArgumentParser(prog="python -m benches.startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="processes for each package and variant")
    parser.add_argument("--imports", type=int, default=20, help="processes for each package that only import")
    parser.add_argument("--routes", type=int, default=1000)
    parser.add_argument("--variant", action="append", choices=VARIANTS)
    options = parser.parse_args(arguments)
    print(f"{'':<30}{'reference':>10}{'candidate':>10}     {'ratio':>7}")
    if options.imports:
        print(f"import (best of {options.imports})")
        for name, figures in import_times(options.imports).items():
            print(row(f"time: {name}", figures, "ms"))
    for variant in options.variant or VARIANTS:
        print("\n".join(report(variant, options.rounds, options.routes)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
