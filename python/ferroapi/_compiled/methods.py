"""Noticing patches and overrides of methods that the compiled path stands for."""

import sys
from types import FunctionType
from typing import Any

_NOBODYS = object()


class Methods:
    """Methods of a class as its own source defines them.

    A method that was replaced before this package was loaded counts as patched, too.
    """

    def __init__(self, cls: type, *names: str) -> None:
        self._originals = [(name, _as_defined(cls, name)) for name in names]

    def are_those_of(self, obj: object) -> bool:
        """Tell whether neither the object's class nor the object itself replaces one of the methods."""
        return self.are_unpatched(type(obj)) and not self.are_hidden_by(obj)

    def are_hidden_by(self, obj: object) -> bool:
        """Tell whether the object has an attribute of its own with the name of one of the methods."""
        own = getattr(obj, "__dict__", {})
        return any(name in own for name, _ in self._originals)

    def are_unpatched(self, cls: type) -> bool:
        """Tell whether `cls` has the very methods."""
        return all(getattr(cls, name) is method for name, method in self._originals)


def _as_defined(cls: type, name: str) -> Any:
    """The method `name`, or something that is never found if it was defined elsewhere than in its class.

    The code object tells: a wrapper may borrow the method's name and module, but not that.
    """
    owner = next(base for base in cls.__mro__ if name in vars(base))
    method = vars(owner)[name]
    if not isinstance(method, FunctionType):
        return getattr(cls, name)
    code = method.__code__
    file = getattr(sys.modules.get(owner.__module__), "__file__", None)
    # Classes of this package may say that they live in the public module in front of their own.
    at_home = file is None or code.co_filename == file or owner.__module__.startswith(_PACKAGE)
    return method if at_home and code.co_qualname == f"{owner.__qualname__}.{name}" else _NOBODYS


_PACKAGE = f"{__name__.partition('.')[0]}."
