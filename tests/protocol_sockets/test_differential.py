"""The exchanges of the differential suites, over sockets: the same answers, and the same logs, as under httptools.

Each is tried three times: the package's application under the protocol class and under httptools, and the reference's
under httptools.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial

import pytest
import uvloop
from tests.differential.compare import differences
from tests.differential.driver import Exchange, Outcome
from tests.differential.driver import drive as in_process
from tests.differential.registry import CANDIDATE, REFERENCE, App, discover, load

from .chosen import HTTPTOOLS, PROTOCOL
from .exchanges import drive, plain, servable
from .strictness import refusal, refused_by_httptools, trimmed

_LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
_BRACKETS = str.maketrans("[]", "()")


def _cases() -> Iterator[object]:
    seen: dict[str, int] = {}
    for app in discover():
        for exchange in filter(servable, app.exchanges):
            if app.name == "responses.status_codes" and exchange.name == "GET /info":
                continue  # an application that answers with 101: httptools gives it a body
            if "asyncio" not in (exchange.backends or app.backends):
                continue
            stem = f"{app.name}: " + re.sub(r"[^\x20-\x7e]|\\", "_", exchange.name).translate(_BRACKETS)
            seen[stem] = seen.get(stem, 0) + 1
            label = stem if seen[stem] == 1 else f"{stem} #{seen[stem]}"
            # Turn and turn about: the two loops differ in little that an answer depends on.
            loop = list(_LOOPS)[len(seen) % 2]
            yield pytest.param(app, exchange, loop, id=f"{label} ({loop})")


def _outcome(app: App, exchange: Exchange, package: str, http: str, side: str, *, loop: str) -> Outcome:
    # Kept by the identity of functions, which those of applications before this one may have had.
    load(package).routing._endpoint_context_cache.clear()
    built = app.on(package, f"sockets {side}")
    with asyncio.Runner(loop_factory=_LOOPS[loop]) as runner:
        return runner.run(drive(built, exchange, http=http))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("app", "exchange", "loop"), list(_cases()))
def test_same_exchange(app: App, exchange: Exchange, loop: str) -> None:
    outcome = partial(_outcome, app, loop=loop)
    ours = outcome(exchange, CANDIDATE, PROTOCOL, "ours")
    if PROTOCOL != HTTPTOOLS:
        refused = refusal(exchange)
        if refused is not None:
            status, text = refused
            answer = dict(ours.messages[0])
            assert (answer["status"], answer["body"], answer["closed"]) == (status, text, True)
            assert ours.exception == [("uvicorn.error WARNING", text.decode())]
            assert not ours.events
            return
        if refused_by_httptools(exchange):
            with asyncio.Runner(loop_factory=_LOOPS[loop]) as runner:
                inside = runner.run(in_process(app.on(CANDIDATE, "in process"), exchange))
            assert plain(ours) == plain(inside)
            assert ours.events == inside.events
            return
        exchange = trimmed(exchange)
    beside = outcome(exchange, CANDIDATE, HTTPTOOLS, "httptools")
    found = differences(exchange, beside, deepcopy(ours), (CANDIDATE, CANDIDATE))
    assert not found, f"{app.name} {exchange.name}, beside httptools\n" + "\n".join(found)
    beside = outcome(exchange, REFERENCE, HTTPTOOLS, "reference")
    found = differences(exchange, beside, ours, (REFERENCE, CANDIDATE))
    assert not found, f"{app.name} {exchange.name}, beside the reference\n" + "\n".join(found)
