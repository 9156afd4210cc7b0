"""The application that a server process serves, chosen by `BENCH_SIDE` and `BENCH_CASE`."""

import importlib
import json
import os
from collections.abc import Callable
from typing import Any

from ..cases import CASES, bare, named
from ..inprocess import CANDIDATE, REFERENCE, build

CASE = os.environ.get("BENCH_CASE", "hello async")
SIDE = os.environ.get("BENCH_SIDE", CANDIDATE)


def applications() -> dict[str, Callable[[], Any]]:
    """Return what makes the application of each case that this side can do."""
    if SIDE == "bare ASGI":
        return {"hello async": lambda: bare}
    if SIDE in (REFERENCE, CANDIDATE):
        return {case.name: lambda: build(named(CASE), SIDE) for case in CASES}
    apps: dict[str, Callable[[], Any]] = importlib.import_module(f"benches.load.apps.{SIDE}_app").APPS
    return apps


def make() -> Any:
    """Return the application for `uvicorn --factory`."""
    return applications()[CASE]()


def print_cases() -> None:
    """Print the names of the cases as JSON."""
    print(json.dumps(list(applications())))


if __name__ == "__main__":
    # A framework with a server of its own.
    make().start(host="127.0.0.1", port=int(os.environ["BENCH_PORT"]))
