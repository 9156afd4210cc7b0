"""What a case has to be answered with: asked of the reference in-process, and handed on to bare servers."""

import ast
import os
from typing import NamedTuple

from ..cases import Case
from ..inprocess import REFERENCE, Runner, build, new_loop

VARIABLE = "BENCH_ANSWER"


class WrongAnswersError(Exception):
    """What was measured says nothing: a connection failed, or an answer was not what it should be."""


class Answer(NamedTuple):
    """Status, headers as the application gives them, and body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def expected(case: Case) -> Answer:
    """Return the reference's answer."""
    loop = new_loop()
    try:
        start, *bodies = Runner(case, build(case, REFERENCE), loop).answer()
    finally:
        loop.close()
    headers = [(bytes(name), bytes(value)) for name, value in start["headers"]]
    return Answer(start["status"], headers, b"".join(body.get("body", b"") for body in bodies))


def environment(answer: Answer) -> dict[str, str]:
    """Return the variable that tells a server process what to answer."""
    return {VARIABLE: repr(tuple(answer))}


def given() -> Answer:
    """Return what `environment` told this process."""
    return Answer(*ast.literal_eval(os.environ[VARIABLE]))
