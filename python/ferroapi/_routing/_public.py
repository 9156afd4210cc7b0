"""Look-ups on the public `routing` module, the surface that instrumentation libraries patch."""

import sys
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

from .._core import bump_epoch

_PUBLIC_NAME = f"{__name__.rsplit('.', 2)[0]}.routing"
# Not what stands in `sys.modules` under that name: that may be another copy's by now.
_adopted: list[ModuleType] = globals().get("_adopted", [])


def public() -> Any:
    """Return the public `routing` module.

    Functions that libraries replace there (`get_request_handler`, `solve_dependencies`, …) are read from it
    when they are called, so that a replacement is always seen.
    """
    return _adopted[0]


def adopt(name: str) -> None:
    """Take the module of this name, which is being loaded, for the public one."""
    module = sys.modules[name]
    _adopted[:] = [module]
    publish(vars(module).values())
    bump_epoch()


def publish(objects: Iterable[Any]) -> None:
    """Give the classes and functions that this package defines the public module as their home.

    For `repr`, pickling and documentation tools: `_routing` is nobody's business.
    """
    for obj in list(objects):
        if isinstance(obj, (type, FunctionType)) and obj.__module__.startswith(f"{__package__}."):
            obj.__module__ = _PUBLIC_NAME
