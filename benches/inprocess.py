"""Run requests of a case straight through the ASGI interface on one event loop."""

import importlib
import os
from collections.abc import Callable
from typing import Any

from .cases import Case

REFERENCE = "fastapi"
CANDIDATE = os.environ.get("BENCH_CANDIDATE", "ferroapi")


def new_loop() -> Any:
    """Return a new uvloop event loop, or asyncio's where uvloop does not exist."""
    try:
        import uvloop
    except ImportError:
        import asyncio

        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Runner:
    """One application with its scopes made ahead, so that only the application is timed."""

    def __init__(self, case: Case, app: Any, loop: Any) -> None:
        self._case, self._app, self._loop = case, app, loop
        self._receive = case.receive()

    def answer(self) -> list[dict[str, Any]]:
        """Run one request and return the messages it sent."""
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(dict(message))

        self._loop.run_until_complete(self._app(self._case.scope(), self._receive, send))
        return sent

    def prepare(self, requests: int) -> list[dict[str, Any]]:
        """Make the scopes of a batch; the untimed part."""
        return [self._case.scope() for _ in range(requests)]

    def run(self, scopes: list[dict[str, Any]]) -> None:
        """Serve a batch, one request after the other; the timed part."""
        self._loop.run_until_complete(self._batch(scopes))

    async def _batch(self, scopes: list[dict[str, Any]]) -> None:
        app, receive, send = self._app, self._receive, _discard
        for scope in scopes:
            await app(scope, receive, send)


async def _discard(message: dict[str, Any]) -> None:
    pass


def build(case: Case, package: str) -> Any:
    """Build the application of `case` on `package`."""
    api = importlib.import_module(package)
    importlib.import_module(f"{package}.responses")
    return case.build(api)


# The scopes of more requests do not stay in the processor's caches until they are used; those of a server,
# which makes them one by one, do.
MOST_REQUESTS = 1000


def batch_size(run: Callable[[int], float], seconds: float) -> int:
    """Return how many requests take about `seconds`, measured by `run(requests)`; at most `MOST_REQUESTS`."""
    requests = 8
    while True:
        # The better of two: the first run may build what all others find.
        spent = min(run(requests), run(requests))
        if spent >= seconds / 8 or requests >= MOST_REQUESTS:
            return max(8, min(MOST_REQUESTS, int(requests * seconds / max(spent, 1e-9))))
        requests *= 4
