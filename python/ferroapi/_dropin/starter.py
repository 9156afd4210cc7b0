"""Takes FastAPI's place in each Python process of an environment, when `fastapi` is first imported there.

``ferroapi dropin enable`` puts a copy of this file, and a `.pth` line that imports it, beside the packages of
the environment. So it imports nothing at a start, and changes nothing where the package is gone.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Modules that are imported before the other name is taken.
_EARLY = ("dropin", "_dropin", "_core", "__main__")


class Starter:
    """A meta path finder that gives way to that of the drop-in when one is first needed."""

    def __init__(self) -> None:
        self._busy = False

    def find_spec(self, fullname: str, path: "Any" = None, target: "Any" = None) -> "Any":
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        package, _, rest = fullname.partition(".")
        if package == "ferroapi":
            if not rest or rest.partition(".")[0] in _EARLY:
                return None
        elif fullname != "fastapi":
            return None
        if self._busy or _is_switched_off() or not self._give_way():
            return None
        return sys.meta_path[0].find_spec(fullname, path, target)

    def find_distributions(self, context: "Any") -> "Any":
        """See `importlib.metadata.DistributionFinder.find_distributions`."""
        if _is_switched_off():
            return ()
        try:
            from ferroapi._dropin.metadata import stand_ins
        except ModuleNotFoundError:
            return ()
        return stand_ins(context)

    def _give_way(self) -> bool:
        """Put the finder of the drop-in first; false where the package is gone."""
        self._busy = True
        try:
            from ferroapi.dropin import install
        except ModuleNotFoundError as error:
            if error.name != "ferroapi":
                raise
            return False
        finally:
            self._busy = False
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        install()
        return True


def _is_switched_off() -> bool:
    import os

    return os.environ.get("FERROAPI_DROPIN") in ("", "0")


# As a module of the package it is only looked at, by whoever walks through all of them.
if "." not in __name__:
    sys.meta_path.insert(0, Starter())
