"""`python -m benches.routing [--quick]`: what a request costs behind 10 to 10,000 other routes.

In CPU time, in one process, both packages in turn. Asked for are the route in the middle, which is what a
request costs on average where routes are tried one after the other, and a path that no route has.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .cases import Case
from .inprocess import CANDIDATE, REFERENCE, Runner, batch_size, build, new_loop
from .machine import describe, versions

RESULTS = Path(__file__).parent / "results"
SIZES = (10, 100, 1_000, 10_000)
# A quick run makes 10,000 routes, which takes seconds, in one shape only.
QUICK_SIZES = {"wide": SIZES, "parameters": SIZES[:3], "deep": SIZES[:3]}
PASSES, ROUNDS, BATCH_SECONDS = 7, 3, 0.02


def wide(index: int) -> str:
    """All routes are neighbours under the root."""
    return f"/resource{index}/{{item_id}}"


def parameters(index: int) -> str:
    """Parameters stand before what tells the routes apart."""
    return f"/{{tenant}}/users/{{user_id:int}}/resource{index}/{{item_id}}"


def deep(index: int) -> str:
    """Nine segments; neighbours differ in the fourth at most, by the digits of `index`."""
    return "/n".join(("", *f"{index:04}")) + "/a/b/c/d/{item_id}"


SHAPES = {"wide": wide, "parameters": parameters, "deep": deep}


def application(api: Any, path: Callable[[int], str], routes: int) -> Any:
    """Return an application of the package `api` with `routes` routes of one shape."""
    app = api.FastAPI(openapi_url=None)

    async def endpoint(item_id: str) -> str:
        return item_id

    for index in range(routes):
        app.add_api_route(path(index), endpoint, name=f"r{index}", response_model=None)
    return app


def targets(path: Callable[[int], str], routes: int) -> dict[str, tuple[str, int]]:
    """Return the requested paths, each with the status of its answer."""
    values = {"tenant": "acme", "user_id": "7", "item_id": "42"}

    def filled(index: int) -> str:
        return path(index).replace(":int", "").format(**values)

    return {"middle": (filled(routes // 2), 200), "nowhere": (f"{filled(routes // 2)}/more", 404)}


def measure(shape: str, routes: int, loop: Any) -> dict[str, Any]:
    """Return microseconds a request and ratios for each target."""
    path = SHAPES[shape]
    case = Case(name=shape, build=partial(application, path=path, routes=routes))
    apps = {side: build(case, package) for side, package in _sides().items()}
    row: dict[str, Any] = {"shape": shape, "routes": routes}
    for name, (target, status) in targets(path, routes).items():
        asked = Case(name=name, build=case.build, target=target, status=status)
        row[name] = _alternate({side: Runner(asked, app, loop) for side, app in apps.items()}, status)
    return row


def _sides() -> dict[str, str]:
    return {"reference": REFERENCE, "candidate": CANDIDATE}


def _alternate(runners: dict[str, Runner], status: int) -> dict[str, Any]:
    answers = [runner.answer() for runner in runners.values()]
    assert answers[0][0]["status"] == status, answers[0]
    assert answers[0][0] == answers[1][0], answers
    sizes = {side: batch_size(partial(_spent, runner), BATCH_SECONDS) for side, runner in runners.items()}
    passes: dict[str, list[float]] = {side: [] for side in runners}
    gc.collect()
    gc.freeze()
    for _ in range(PASSES):
        for side, runner in runners.items():
            best = min(_spent(runner, sizes[side]) for _ in range(ROUNDS))
            passes[side].append(best / sizes[side] * 1e6)
    gc.unfreeze()
    ratios = [old / new for old, new in zip(passes["reference"], passes["candidate"], strict=True)]
    row = {f"{side}_us": round(statistics.median(values), 2) for side, values in passes.items()}
    return row | {"ratio": round(statistics.median(ratios), 1)}


def _spent(runner: Runner, requests: int) -> float:
    scopes = runner.prepare(requests)
    started = time.process_time()
    runner.run(scopes)
    return time.process_time() - started


def line(row: dict[str, Any]) -> str:
    """Return one Markdown row."""
    cells = [row["shape"], f"{row['routes']:,}"]
    for name in ("middle", "nowhere"):
        found = row[name]
        cells += [f"{found['reference_us']:.1f}", f"{found['candidate_us']:.2f}", f"{found['ratio']:.1f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="10,000 routes in one shape only")
    quick = parser.parse_args().quick
    loop, rows = new_loop(), []
    print("| shape | routes | reference us | ferroapi us | times faster | nowhere: same | same | same |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for shape in SHAPES:
        for routes in QUICK_SIZES[shape] if quick else SIZES:
            rows.append(measure(shape, routes, loop))
            print(line(rows[-1]), flush=True)
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / ("routing-quick.json" if quick else "routing.json")
    report = {"machine": describe(), "versions": versions(), "rows": rows}
    target.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {target}")


if __name__ == "__main__":
    main()
