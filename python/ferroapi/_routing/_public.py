"""Look-ups on the public `routing` module, the surface that instrumentation libraries patch."""

import sys
from collections.abc import Iterable
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

from .._core import bump_epoch

_PUBLIC_NAME = f"{__name__.rsplit('.', 2)[0]}.routing"


def public() -> Any:
    """Return the public `routing` module.

    Functions that libraries replace there (`get_request_handler`, `solve_dependencies`, …) are read from it
    when they are called, so that a replacement is always seen.
    """
    return sys.modules[_PUBLIC_NAME]


class PatchableModule(ModuleType):
    """A module whose compiled plans are dropped as soon as one of its names is replaced or deleted."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        bump_epoch()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        bump_epoch()

    def __reduce__(self) -> tuple[Any, ...]:
        # cloudpickle knows how to pickle a module only if that is its exact type.
        return import_module, (self.__name__,)


def publish(objects: Iterable[Any]) -> None:
    """Give the classes and functions that this package defines the public module as their home.

    For `repr`, pickling and documentation tools: `_routing` is nobody's business.
    """
    for obj in list(objects):
        if isinstance(obj, (type, FunctionType)) and obj.__module__.startswith(f"{__package__}."):
            obj.__module__ = _PUBLIC_NAME
