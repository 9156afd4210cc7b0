"""The meta path finder: this package under the taken name, and the own name leading to the same modules."""

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, spec_from_file_location
from types import ModuleType

from .names import KEPT, OWN_NAME, PINNED, TAKEN_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import Loader
    from importlib.metadata import Distribution, DistributionFinder
else:
    Loader = object  # the class itself is not worth importing its module at each start

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class DropinFinder:
    """Answers for the two package names and for submodules that must not be loaded twice.

    The submodules of the taken name are found by the ordinary path finder, on the package's `__path__`.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the package under the taken name, or an alias of a module of the other name.

        See `importlib.abc.MetaPathFinder.find_spec`.
        """
        if fullname == TAKEN_NAME:
            return _package_spec()
        package, _, rest = fullname.partition(".")
        first = rest.partition(".")[0]
        if package == OWN_NAME and first not in PINNED:
            return _alias_spec(fullname, TAKEN_NAME + fullname.removeprefix(OWN_NAME))
        if package == TAKEN_NAME and first in KEPT:
            return _alias_spec(fullname, OWN_NAME + fullname.removeprefix(TAKEN_NAME))
        return None

    def find_distributions(self, context: "DistributionFinder.Context") -> "Iterable[Distribution]":
        """Find the metadata of the taken name where the real package is absent.

        See `importlib.metadata.DistributionFinder.find_distributions`.
        """
        from .metadata import stand_ins

        return stand_ins(context)


class _PackageLoader(SourceFileLoader):
    """Loads this package under the taken name, into the module object that carried the own name until then.

    One object for both, so that `ferroapi`, imported before, is the package that `import fastapi` gives.
    """

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        own = sys.modules.get(OWN_NAME)
        if own is None or getattr(own.__spec__, "name", None) != OWN_NAME:
            # Imported anew after it was removed from `sys.modules`: a new module, as with any package.
            return None
        for name in ("__name__", "__package__", "__loader__", "__path__", "__file__", "__cached__"):
            vars(own).pop(name, None)  # importlib sets those that are missing, from `spec`
        return own

    def exec_module(self, module: ModuleType) -> None:
        if sys.modules.get(OWN_NAME) is not module:
            _forget_aliases()
            sys.modules[OWN_NAME] = module
        super().exec_module(module)
        # Under this name the package is whole as soon as it is imported, as the reference is: import hooks
        # and readers of `vars(fastapi)` expect it.
        for name in module.__all__:
            getattr(module, name)


class _AliasLoader(Loader):
    """Gives a module that has another name."""

    def __init__(self, target: str) -> None:
        self._target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        # importlib takes what stands in `sys.modules` after this for the imported module.
        spec = module.__spec__
        assert spec is not None
        sys.modules[spec.name] = import_module(self._target)


def _package_spec() -> ModuleSpec | None:
    origin = os.path.join(_PACKAGE, "__init__.py")
    loader = _PackageLoader(TAKEN_NAME, origin)
    return spec_from_file_location(TAKEN_NAME, origin, loader=loader, submodule_search_locations=[_PACKAGE])


def _alias_spec(fullname: str, target: str) -> ModuleSpec | None:
    found = find_spec(target)
    if found is None:
        return None
    spec = ModuleSpec(fullname, _AliasLoader(target), origin=found.origin)
    spec.submodule_search_locations = found.submodule_search_locations
    return spec


def _forget_aliases() -> None:
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if name.startswith(f"{OWN_NAME}.") and getattr(spec, "name", name) != name:
            del sys.modules[name]
