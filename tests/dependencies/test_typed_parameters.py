"""The parameters that a tree is built of: those of `inspect.signature`, however they are found."""

# mypy: ignore-errors
import functools
import inspect

import pytest

from ferroapi._dependencies.signature import get_typed_signature, typed_parameters


def nothing(): ...


def positional(a, b: int, c=1, d: str = "x"): ...


def positional_only(a, b: int = 2, /, c: str = "x"): ...


def keyword_only(a, *, b, c: int = 3, d): ...


def everything(a: int, /, b=1, *args: int, c, d: str = "d", **kwargs: float) -> int:
    local = [a]
    return local[0]


def text(a: "int", b: "str" = "x"): ...


def unknown(a: "Missing", b: int = 1): ...  # noqa: F821


@functools.wraps(everything)
def wrapped(*args, **kwargs): ...


def signed(*args): ...


signed.__signature__ = inspect.Signature(
    [inspect.Parameter("z", inspect.Parameter.KEYWORD_ONLY, annotation=int)]
)


async def coroutine(a: int = 1):
    b = [a]
    return b[0]


def generator(a: int, *rest):
    yield a


class Called:
    def __init__(self, a: int, *, b: str = "x"): ...

    def __call__(self, c: float = 1.0): ...

    def method(self, d: int): ...

    @classmethod
    def made(cls, e: int = 2): ...


CALLS = [
    nothing,
    positional,
    positional_only,
    keyword_only,
    everything,
    text,
    unknown,
    wrapped,
    signed,
    coroutine,
    generator,
    lambda a, b=2, *c, d=4, **e: a,
    Called,
    Called(1),
    Called(1).method,
    Called.made,
    functools.partial(everything, 1, c=2),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: getattr(call, "__qualname__", type(call).__name__))
def test_same_as_the_signature(call):
    expected = get_typed_signature(call).parameters.values()
    assert typed_parameters(call) == [(param.name, param.annotation, param.default) for param in expected]


def test_changes_of_a_function_are_seen():
    def call(a: int = 1, *, b: int = 2): ...

    typed_parameters(call)
    call.__defaults__, call.__kwdefaults__ = None, {"b": 3}
    call.__annotations__["a"] = str
    empty = inspect.Parameter.empty
    assert typed_parameters(call) == [("a", str, empty), ("b", int, 3)]
