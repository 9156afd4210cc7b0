"""Public modules whose code is spread over private ones, and behave as if each were one file.

Programs replace functions of a public module (`dependencies.utils.run_in_threadpool`, say) and expect the
module's own code to use the replacement, as it does where all of that code looks its globals up in one place.
So what is replaced in a public module is replaced in its parts as well, and what was compiled is looked over.
Nothing of this costs anything as long as nobody replaces something.
"""

import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from ._core import bump_epoch

_ROOT = __name__.rpartition(".")[0]
# Modules are looked up from here, since by their names they may be those of another copy by now.
_PACKAGE = sys.modules[_ROOT]
_MISSING = object()
_replacements = 0


class _Parts(NamedTuple):
    modules: tuple[str, ...]
    compilers: tuple[str, ...]


# By the public module's full name, with full names
_parts: dict[str, _Parts] = {}
# By the part's full name: what was there before
_originals: dict[str, dict[str, Any]] = {}


class PatchableModule(ModuleType):
    """A module whose names, when they are replaced or deleted, are so in all of its parts."""

    def __setattr__(self, name: str, value: Any) -> None:
        old = getattr(self, name, _MISSING)
        super().__setattr__(name, value)
        _follow(self, name, old)

    def __delattr__(self, name: str) -> None:
        old = getattr(self, name, _MISSING)
        super().__delattr__(name)
        _follow(self, name, old)

    def __reduce__(self) -> tuple[Any, ...]:
        # cloudpickle knows how to pickle a module only if that is its exact type.
        return import_module, (self.__name__,)


def spread(name: str, *parts: str, compilers: tuple[str, ...] = ()) -> None:
    """Let replacements in a public module reach the modules among which its code is spread.

    Args:
        name: the `__name__` of the public module.
        parts: the private modules, named from the package's root; of a package, all modules in it.
        compilers: those with whose functions plans are compiled; the public one may be among them.
    """
    _parts[name] = _Parts(*(tuple(f"{_ROOT}.{part}" for part in group) for group in (parts, compilers)))
    sys.modules[name].__class__ = PatchableModule


def replacements() -> int:
    """Return a number that moves whenever something is replaced that plans are compiled with."""
    return _replacements


def replaced(part: str) -> AbstractSet[str]:
    """Return the names that are replaced in a public module or a part, which is named from the root."""
    return _originals.get(f"{_ROOT}.{part}", {}).keys()


def _follow(module: ModuleType, name: str, old: Any) -> None:
    """Replace in the parts what was replaced in `module`: `name`, where it meant the same there."""
    global _replacements
    parts = _parts.get(module.__name__)
    if parts is not None and old is not _MISSING:
        new = getattr(module, name, _MISSING)
        _note(module.__name__, name, old, new)
        for group in parts:
            followed = [part is module or _replace(part, name, old, new) for part in _loaded(group)]
            if group is parts.compilers:
                _replacements += any(followed)
    bump_epoch()


def _replace(part: ModuleType, name: str, old: Any, new: Any) -> bool:
    space = vars(part)
    if space.get(name, _MISSING) is not old:
        return False
    if new is _MISSING:
        del space[name]
    else:
        space[name] = new
    _note(part.__name__, name, old, new)
    return True


def _note(module: str, name: str, old: Any, new: Any) -> None:
    originals = _originals.setdefault(module, {})
    if originals.setdefault(name, old) is new:
        del originals[name]


def _loaded(names: tuple[str, ...]) -> Iterator[ModuleType]:
    """The modules of these names, and those inside of them, as far as this copy has imported them."""
    for name in names:
        module: Any = _PACKAGE
        for part in name.removeprefix(f"{_ROOT}.").split("."):
            module = None if module is None else vars(module).get(part)
        if isinstance(module, ModuleType):
            yield from _inside(module)


def _inside(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for inner in list(vars(module).values()):
        if isinstance(inner, ModuleType) and inner.__name__.rpartition(".")[0] == module.__name__:
            yield from _inside(inner)
