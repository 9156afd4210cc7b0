"""The application that a server process serves, chosen by `BENCH_SIDE` and `BENCH_CASE`."""

import ast
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from ..cases import CASES, named
from ..inprocess import CANDIDATE, REFERENCE, Runner, build, new_loop

CASE = os.environ.get("BENCH_CASE", "hello async")
SIDE = os.environ.get("BENCH_SIDE", CANDIDATE)


def applications() -> dict[str, Callable[[], Any]]:
    """Return what makes the application of each case that this side can do."""
    if SIDE == "bare ASGI":
        return {case.name: constant for case in CASES}
    if SIDE in (REFERENCE, CANDIDATE):
        return {case.name: lambda: build(named(CASE), SIDE) for case in CASES}
    apps: dict[str, Callable[[], Any]] = importlib.import_module(f"benches.load.apps.{SIDE}_app").APPS
    return apps


def constant() -> Any:
    """Return the floor: an ASGI callable that reads the body, if any, and sends what the reference sends."""
    case = named(CASE)
    # In a process of its own, so that this one holds nothing of the reference.
    code = "from benches.load.served import print_messages; print_messages()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    start, body = ast.literal_eval(done.stdout)
    status, headers, content = start["status"], start["headers"], body["body"]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if case.body:
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        await send({"type": "http.response.body", "body": content})

    return answer


def print_messages() -> None:
    """Print the messages that the reference sends."""
    case = named(CASE)
    print(Runner(case, build(case, REFERENCE), new_loop()).answer())


def make() -> Any:
    """Return the application for `uvicorn --factory`."""
    return applications()[CASE]()


def print_cases() -> None:
    """Print the names of the cases as JSON."""
    print(json.dumps(list(applications())))


if __name__ == "__main__":
    # A framework with a server of its own.
    make().start(host="127.0.0.1", port=int(os.environ["BENCH_PORT"]))
