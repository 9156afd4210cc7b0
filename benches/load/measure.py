"""Measure the sides of one case: all servers stay up while rounds go from one to the next.

So what else the machine does hits all sides alike, and the rounds of two sides can be compared one by one.
"""

import http.client
import statistics
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from ..cases import Case
from . import paced, wrk
from .answers import Answer, WrongAnswersError, environment, expected
from .server import Server, answer, cpu_seconds, request, resident_mib, serve
from .sides import Side
from .suites import Suite

WARM_UP_SECONDS = 1
# Start of a process with a thousand routes and its first answers, with room.
START_SECONDS = 30
Measured = TypeVar("Measured")
Given = ParamSpec("Given")
INVALID = (WrongAnswersError, OSError, http.client.HTTPException, subprocess.TimeoutExpired)


@dataclass(frozen=True)
class Plan:
    """How long, from which core on which: `rounds` of `seconds`, and as many at a rate if `half_load`."""

    rounds: int
    seconds: int
    server_core: int
    load_core: int
    half_load: bool

    def duration(self, suite: Suite, sides: int, paced_sides: int) -> int:
        """Return about how many seconds a case takes, with nothing in the way."""
        always_busy = sides * (WARM_UP_SECONDS + self.rounds * self.seconds + 3)
        return always_busy + self.half_load * paced_sides * self.rounds * (self.seconds + 1)


@dataclass(frozen=True)
class Round:
    """One run of wrk, with the processor time of the server in that time."""

    load: wrk.Load
    cpu_seconds: float


@dataclass
class Found:
    """What one side did: a `None` is a round that does not count."""

    rounds: list[Round | None] = field(default_factory=list)
    half_load: list[paced.Paced | None] = field(default_factory=list)
    target: float = 0.0
    resident_mib: float = 0.0
    invalid: list[str] = field(default_factory=list)

    def rate(self) -> float:
        """Return the median of requests a second, 0 if no round counts."""
        rates = [each.load.rate for each in self.rounds if each]
        return statistics.median(rates) if rates else 0.0


@dataclass(frozen=True)
class Up:
    """A server that answers rightly, with the bytes of its answer."""

    server: Server
    raw: bytes


class _Case:
    """The servers of one case and what they did so far."""

    def __init__(self, suite: Suite, case: Case, plan: Plan) -> None:
        self._suite, self._case, self._plan = suite, case, plan
        self._right = expected(case)
        self.servers: dict[str, Up] = {}
        self.found: dict[str, Found] = {}

    def start(self, stack: ExitStack, sides: list[Side]) -> None:
        """Start all, those last that repeat another's answer; one that answers wrongly takes no part."""
        paced_sides = 2 * len(self._suite.paced)
        lifetime = (
            120 + len(sides) * START_SECONDS + 2 * self._plan.duration(self._suite, len(sides), paced_sides)
        )
        self.found = {side.name: Found() for side in sides}
        for side in sorted(sides, key=lambda side: bool(side.copies)):
            up = self._valid(side.name, self._start, stack, side, lifetime)
            if up is not None:
                self.servers[side.name] = up
        self.servers = {side.name: self.servers[side.name] for side in sides if side.name in self.servers}

    def _start(self, stack: ExitStack, side: Side, lifetime: int) -> Up:
        more = environment(self._right)
        if side.copies:
            if side.copies not in self.servers:
                raise WrongAnswersError(f"it repeats what {side.copies} answers, and that is not here")
            more["BENCH_COPY"] = self.servers[side.copies].raw.decode("latin-1")
        server = stack.enter_context(serve(side, self._case, self._plan.server_core, more, lifetime))
        return Up(server, self._checked(server))

    def _checked(self, server: Server) -> bytes:
        status, body, raw = answer(self._case, server.port)
        if not _agrees(self._right, status, body):
            given, right = (status, body[:200]), (self._right.status, self._right.body[:200])
            raise WrongAnswersError(f"{server.side.name} answers {given}, the reference {right}")
        return raw

    def warm_up(self) -> None:
        """Load each server for a moment that does not count."""
        for name, up in self.servers.items():
            self._valid(name, self._always_busy, up, WARM_UP_SECONDS)

    def always_busy(self) -> None:
        """Measure a round of each side with all connections always busy."""
        for name, up in self.servers.items():
            self.found[name].rounds.append(self._valid(name, self._round, up))

    def at_half(self, number: int) -> None:
        """Measure a round of each pair at half of what the second of the pair can do."""
        for pair in self._suite.paced:
            rate = self.found[pair[1]].rate() / 2 if all(name in self.servers for name in pair) else 0.0
            if not rate:
                continue
            for name in pair if number % 2 else pair[::-1]:
                found, up = self.found[name], self.servers[name]
                found.target = rate
                found.half_load.append(self._valid(name, self._paced, up, rate))

    def _round(self, up: Up) -> Round:
        self._checked(up.server)
        before = cpu_seconds(up.server)
        load = self._always_busy(up, self._plan.seconds)
        spent = cpu_seconds(up.server) - before
        self._checked(up.server)
        return Round(load, spent)

    def _always_busy(self, up: Up, seconds: int) -> wrk.Load:
        core, connections = self._plan.load_core, self._suite.connections
        return wrk.run(self._case, up.server.port, seconds, core, connections, len(up.raw))

    def _paced(self, up: Up, rate: float) -> paced.Paced:
        port, plan = up.server.port, self._plan
        exchange = request(self._case, port), up.raw
        return paced.run(port, rate, plan.seconds, plan.load_core, self._suite.connections, exchange)

    def _valid(
        self, name: str, run: Callable[Given, Measured], *arguments: Given.args, **options: Given.kwargs
    ) -> Measured | None:
        """Return what `run` finds, or nothing where an answer was wrong."""
        try:
            return run(*arguments, **options)
        except INVALID as failure:
            self.found[name].invalid.append(str(failure))
            print(f"{self._case.name}: {name} does not count: {failure}", flush=True)
            return None


def _agrees(right: Answer, status: int, body: bytes) -> bool:
    # Each framework has a text of its own for what is not there.
    return status == right.status and (status != 200 or body == right.body)


def measure(suite: Suite, case: Case, sides: list[Side], plan: Plan) -> dict[str, Found]:
    """Return what each side did in one case."""
    with _servers(suite, case, sides, plan) as running:
        running.warm_up()
        for _ in range(plan.rounds):
            running.always_busy()
        if plan.half_load:
            for number in range(plan.rounds):
                running.at_half(number)
        for name, up in running.servers.items():
            running.found[name].resident_mib = resident_mib(up.server)
        return running.found


@contextmanager
def _servers(suite: Suite, case: Case, sides: list[Side], plan: Plan) -> Iterator[_Case]:
    running = _Case(suite, case, plan)
    with ExitStack() as stack:
        running.start(stack, sides)
        yield running
