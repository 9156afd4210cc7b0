"""Starts each Python process under ``ferroapi exec``: the drop-in first, then the user's own file."""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

_HERE = os.path.dirname(os.path.abspath(__file__))


def _activate() -> None:
    prefix = os.environ.get("FERROAPI_DROPIN")
    if not prefix or prefix == "0":
        return
    try:
        from ferroapi.dropin import install
    except ModuleNotFoundError as error:
        if error.name != "ferroapi":
            raise
        if prefix != sys.prefix:
            return  # another interpreter, which does not have the package: left alone
        # The one that ran `exec` had the package on a path of its own, such as the working directory.
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(_HERE))))
        from ferroapi.dropin import install
    install()


def _run_next() -> None:
    """Run the `sitecustomize` that this one hides, from behind it on the path so that none runs twice."""
    places = [os.path.abspath(path) for path in sys.path]
    behind = sys.path[places.index(_HERE) + 1 :] if _HERE in places else sys.path
    spec = PathFinder.find_spec("sitecustomize", behind)
    if spec is None or spec.loader is None or spec.origin == __spec__.origin:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_activate()
_run_next()
