"""Generated applications, over sockets: the same outcomes as under httptools, and as the reference's there."""

from copy import deepcopy
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from tests.differential import driver
from tests.differential.driver import Exchange, Outcome
from tests.differential.registry import CANDIDATE, REFERENCE
from tests.generated.program import Difference, Program, Run, _differences, make_program, run

from .chosen import HTTPTOOLS, PROTOCOL
from .exchanges import drive, servable
from .strictness import refusal, refused_by_httptools, trimmed

# Telemetry is left out: it tells of the client's port.
PROGRAMS = {"application": 60, "stack": 30, "mixture": 15, "stream": 15, "form": 15}

_in_process = driver.drive


def _over_sockets(program: Program, package: str, http: str) -> Run:
    """Run a program, each request that a client can make over a socket."""

    async def drive_either(app: Any, exchange: Exchange, *, timeout: float = 20.0) -> Outcome:
        if servable(exchange) and not refusal(exchange) and not refused_by_httptools(exchange):
            return await drive(app, trimmed(exchange), http=http, unix=True)
        return await _in_process(app, exchange, timeout=timeout)

    with patch.object(driver, "drive", drive_either):
        return run(replace(program, backend="asyncio"), package)


def _told(program: Program, differences: list[Difference]) -> str:
    first = differences[0]
    step = "" if first.step is None else program.steps[first.step]
    return "\n".join([program.source, str(step), *first.lines])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind, count in PROGRAMS.items() for seed in range(count)]
)
def test_same(kind: str, seed: int) -> None:
    program = make_program(seed, kind)
    ours = _over_sockets(program, CANDIDATE, PROTOCOL)
    beside = _over_sockets(program, CANDIDATE, HTTPTOOLS)
    found = list(_differences(program, beside, deepcopy(ours), (CANDIDATE, CANDIDATE)))
    assert not found, _told(program, found)
    beside = _over_sockets(program, REFERENCE, HTTPTOOLS)
    found = list(_differences(program, beside, ours, (REFERENCE, CANDIDATE)))
    assert not found, _told(program, found)
