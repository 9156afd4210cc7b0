"""Recursive functions without recursion: the first request to a route needs no deeper stack than later ones.

A user may have a model in which models are nested a hundred deep; Python's recursion limit is for their code.
"""

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")

# What yields, for each call of itself or of its like, that call, and is sent the result.
Unnested: TypeAlias = Generator["Unnested[Any]", Any, R]


def run(call: Unnested[R]) -> R:
    """Return the result of `call`, whose calls are run one after another on a stack of our own."""
    calls: list[Unnested[Any]] = [call]
    result: Any = None
    while calls:
        try:
            inner = calls[-1].send(result)
        except StopIteration as done:
            calls.pop()
            result = done.value
        else:
            calls.append(inner)
            result = None
    returned: R = result
    return returned
