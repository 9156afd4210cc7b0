"""How Python tells the compiled plans that something they were built from has changed.

One integer, the *epoch*, lives in the extension. A plan remembers the epoch it was checked at; everything
here moves the epoch on, so that the request path notices any change by comparing two integers.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from ._core import bump_epoch

_T = TypeVar("_T")
_R = TypeVar("_R")
_P = ParamSpec("_P")

_ABSENT: Any = object()
_UNKNOWN: Any = object()


def _bumping(mutate: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a mutating method move the epoch, also when it fails half-way (`extend` of a broken iterator)."""

    @wraps(mutate)
    def mutate_and_bump(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return mutate(*args, **kwargs)
        finally:
            bump_epoch()

    return mutate_and_bump


class TrackedList(list[_T]):
    """A list whose every change moves the epoch.

    It compares, prints and serializes as a list. A deep copy is a `TrackedList` again; slices, sums and
    `list.copy()` are plain lists.
    """

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker sees list's own signatures
        append = _bumping(list.append)
        extend = _bumping(list.extend)
        insert = _bumping(list.insert)
        remove = _bumping(list.remove)
        pop = _bumping(list.pop)
        clear = _bumping(list.clear)
        sort = _bumping(list.sort)
        reverse = _bumping(list.reverse)
        __setitem__ = _bumping(list.__setitem__)
        __delitem__ = _bumping(list.__delitem__)
        __iadd__ = _bumping(list.__iadd__)
        __imul__ = _bumping(list.__imul__)

    # The inherited protocol would append item by item, and move the epoch for an object nobody knows yet.
    def __copy__(self) -> Self:
        return type(self)(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = type(self)()
        memo[id(self)] = copied
        list.extend(copied, (deepcopy(item, memo) for item in self))
        return copied


def _current_value(obj: object, name: str) -> Any:
    """What `obj.name` holds, without running user code (property getters, `__getattr__`)."""
    if name in ("__class__", "__dict__"):
        return _UNKNOWN
    held = getattr(obj, "__dict__", None)
    if held is not None and name in held:
        return held[name]
    descriptor = getattr(type(obj), name, None)
    if isinstance(descriptor, MemberDescriptorType):
        try:
            return descriptor.__get__(obj)
        except AttributeError:
            return _ABSENT
    # A method of the class that is shadowed on the instance changes what the request path calls.
    return _UNKNOWN if hasattr(type(descriptor), "__set__") or callable(descriptor) else _ABSENT


class Tracked:
    """Mixin: rebinding or deleting an attribute that already had a value moves the epoch.

    The first assignment of each attribute (construction, `copy.copy`, unpickling) and the assignment of the
    very object that is already there do not.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: Any) -> None:
        before = _current_value(self, name)
        object.__setattr__(self, name, value)
        if before is not _ABSENT and before is not value:
            bump_epoch()

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        bump_epoch()
