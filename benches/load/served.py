"""The application that a server process serves, chosen by `BENCH_APP` and `BENCH_CASE`."""

import importlib
import json
import os
from collections.abc import Callable
from typing import Any

from ..cases import EVERY_CASE, named
from ..inprocess import CANDIDATE, REFERENCE, build
from .answers import given

CASE = os.environ.get("BENCH_CASE", "hello async")
APP = os.environ.get("BENCH_APP", CANDIDATE)


def applications() -> dict[str, Callable[[], Any]]:
    """Return what makes the application of each case that this side can do."""
    if APP == "bare":
        return {case.name: bare for case in EVERY_CASE}
    if APP in (REFERENCE, CANDIDATE):
        return {case.name: lambda: build(named(CASE), APP) for case in EVERY_CASE if not case.plain}
    apps: dict[str, Callable[[], Any]] = importlib.import_module(f"benches.load.apps.{APP}_app").APPS
    return apps


def bare() -> Any:
    """Return the floor: an ASGI callable that reads the body, if any, and sends what the reference sends."""
    case = named(CASE)
    if case.bare is not None:
        return case.bare
    status, headers, content = given()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if case.body:
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        await send({"type": "http.response.body", "body": content})

    return answer


def make() -> Any:
    """Return the application, for servers that call a factory."""
    return applications()[CASE]()


def print_cases() -> None:
    """Print the names of the cases as JSON."""
    print(json.dumps(list(applications())))


if __name__ == "__main__":
    # A framework with a server of its own.
    make().start(host="127.0.0.1", port=int(os.environ["BENCH_PORT"]))
