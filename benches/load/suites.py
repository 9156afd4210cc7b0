"""What is measured together: the cases, the sides, and what is wanted of them."""

from collections.abc import Callable
from dataclasses import dataclass

from ..inprocess import CANDIDATE, REFERENCE
from . import sides
from .sides import Side

SERVER_CORE = """
One worker process on one core, wrk on another, {connections} connections that are always busy, so latency
is that of a server with all it can do. Medians of {rounds} rounds of {seconds} s; sides alternate. "Best"
is the best round; "spread" is how far the rounds are apart, as a share of the median. A round in which
any answer was not the expected one does not count. "CPU us" is what the server's processes used for a
request, and "busy" what share of their core that is: where it is well under 1, wrk or the machine was the
limit. Resident memory is that of the server's processes after the load.
"""
LOAD_NOTE = """
Robyn is a server of its own (Rust, with its own HTTP parser), so its line is about the server too. A side
without a line has no equal of that case: see `benches/load/apps`.
"""
PROTOCOL_NOTE = """
"constant" is a protocol on uvloop that answers the bytes of "native" at each end of a head and reads
nothing else. "bare" and Granian's are no frameworks: they send the answer that the reference was seen to
give, read the body where there is one, and echo and stream by hand. All sides of a case answer with the
same body, byte for byte.
"""


@dataclass(frozen=True)
class Goal:
    """In `case`, `side` has to do at least `times` the requests a second of `against`."""

    case: str
    side: str
    against: str
    times: float


@dataclass(frozen=True)
class Suite:
    """One table; the sides in a pair of `paced` also meet at half of what the second can do."""

    stem: str
    title: str
    note: str
    cases: tuple[str, ...]
    sides: tuple[Side, ...]
    connections: int
    highlight: tuple[str, str]
    seconds: int
    goals: tuple[Goal, ...] = ()
    paced: tuple[tuple[str, str], ...] = ()


def load(http: str) -> Suite:
    """The frameworks under one server; Robyn under its own."""
    return Suite(
        "load",
        "Requests a second, one worker on one core",
        SERVER_CORE + LOAD_NOTE,
        (
            "hello async",
            "hello def",
            "parameters",
            "six dependencies",
            "nested model in and out",
            "100 models out",
            "404",
            "hello behind 1,000 routes",
            "hello behind CORS",
        ),
        (
            sides.BARE,
            sides.STARLETTE,
            sides.THE_REFERENCE,
            sides.THE_CANDIDATE,
            sides.BLACKSHEEP,
            sides.LITESTAR,
            sides.ROBYN,
        ),
        32,
        (CANDIDATE, REFERENCE),
        3,
    )


PROTOCOL_CASES = (
    "hello async",
    "parameters",
    "six dependencies",
    "nested model in and out",
    "echo 1 KiB",
    "echo 64 KiB",
    "streamed 8 x 1 KiB",
)


def protocol(http: str) -> Suite:
    """The own HTTP protocol, or `http` in its place, beside other servers."""
    return Suite(
        "protocol",
        "Requests a second by server, one worker on one core",
        SERVER_CORE + PROTOCOL_NOTE,
        PROTOCOL_CASES,
        sides.protocol_sides(http),
        64,
        ("native", REFERENCE),
        2,
        (
            Goal("hello async", "native", "constant", 0.55),
            Goal("hello async", "native", "bare ASGI", 2.3),
            Goal("hello async", "native", REFERENCE, 10),
            Goal("parameters", "native", REFERENCE, 12),
            Goal("six dependencies", "native", REFERENCE, 14),
            Goal("nested model in and out", "native", REFERENCE, 7),
            *(
                Goal(case, "bare native", other, 1.3)
                for case in PROTOCOL_CASES
                for other in ("bare ASGI", "bare zttp")
            ),
        ),
        (("native", CANDIDATE), ("bare native", "bare ASGI")),
    )


SUITES: dict[str, Callable[[str], Suite]] = {"load": load, "protocol": protocol}
