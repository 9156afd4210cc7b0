"""What kind of callable a dependency is: generator, async generator, coroutine function, or plain."""

import inspect
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from types import FunctionType
from typing import Any

if sys.version_info >= (3, 13):
    from inspect import iscoroutinefunction as iscoroutinefunction
else:
    # The inspect version does not know callables marked with `asyncio.coroutines._is_coroutine`
    from asyncio import iscoroutinefunction as iscoroutinefunction

_CALLABLE_CLASSIFICATION_CACHE_SIZE = 4096


def _unwrapped_call(call: Callable[..., Any] | None) -> Any:
    """The function under partials and `functools.wraps` decorators."""
    if call is None:
        return None
    function = _impartial(call)
    return inspect.unwrap(function) if hasattr(function, "__wrapped__") else function


def _impartial(func: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(func, partial):
        func = func.func
    return func


class _CallIdentity:
    """Cache key that stands for one callable, which may be unhashable or compare equal to others."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call

    def __hash__(self) -> int:
        return id(self.call)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CallIdentity) and self.call is other.call


def _matches(call: Callable[..., Any], test: Callable[[Any], bool]) -> bool:
    return test(_impartial(call)) or test(_unwrapped_call(call))


def _call_or_dunder_matches(
    call: Callable[..., Any], test: Callable[[Any], bool], direct_test: Callable[[Any], bool]
) -> bool:
    """Test the callable itself, then, unless it is a class, the `__call__` of the object."""
    if type(call) is FunctionType and not call.__dict__:
        # Neither wraps another one nor has a `__call__` of its own: by far the most are like this
        return direct_test(call)
    if _matches(call, direct_test):
        return True
    if inspect.isclass(_unwrapped_call(call)):
        return False
    for instance in (_impartial(call), _unwrapped_call(call)):
        dunder_call = getattr(instance, "__call__", None)  # noqa: B004 - it may be wrapped or a partial
        if dunder_call is None:
            return False
        if _matches(dunder_call, test):
            return True
    return False


def _is_coroutine_routine(func: Any) -> bool:
    return inspect.isroutine(func) and iscoroutinefunction(func)


@lru_cache(maxsize=_CALLABLE_CLASSIFICATION_CACHE_SIZE)
def _is_gen_callable_cached(call_identity: _CallIdentity) -> bool:
    test = inspect.isgeneratorfunction
    return _call_or_dunder_matches(call_identity.call, test, test)


@lru_cache(maxsize=_CALLABLE_CLASSIFICATION_CACHE_SIZE)
def _is_async_gen_callable_cached(call_identity: _CallIdentity) -> bool:
    test = inspect.isasyncgenfunction
    return _call_or_dunder_matches(call_identity.call, test, test)


@lru_cache(maxsize=_CALLABLE_CLASSIFICATION_CACHE_SIZE)
def _is_coroutine_callable_cached(call_identity: _CallIdentity) -> bool:
    return _call_or_dunder_matches(call_identity.call, iscoroutinefunction, _is_coroutine_routine)


def _is_gen_callable(call: Callable[..., Any] | None) -> bool:
    return call is not None and _is_gen_callable_cached(_CallIdentity(call))


def _is_async_gen_callable(call: Callable[..., Any] | None) -> bool:
    return call is not None and _is_async_gen_callable_cached(_CallIdentity(call))


def _is_coroutine_callable(call: Callable[..., Any] | None) -> bool:
    return call is not None and _is_coroutine_callable_cached(_CallIdentity(call))


def _computed_scope(call: Callable[..., Any] | None, scope: str | None) -> str | None:
    """When the exit code of a dependency runs: the scope asked for, or `"request"` if it yields."""
    if scope:
        return scope
    return "request" if _is_gen_callable(call) or _is_async_gen_callable(call) else None
