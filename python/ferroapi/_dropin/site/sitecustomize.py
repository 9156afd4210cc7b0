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
    required = os.environ.get("FERROAPI_EXEC") == "require"
    try:
        from ferroapi.dropin import install
    except ModuleNotFoundError as error:
        if error.name != "ferroapi":
            raise
        if prefix != sys.prefix:
            # Another interpreter, which does not have the package: left alone.
            if required:
                _refuse(f"it is not installed in {sys.prefix}")
            return
        # The one that ran `exec` had the package on a path of its own, such as the working directory.
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(_HERE))))
        from ferroapi.dropin import install
    install()
    if required:
        from ferroapi._dropin.guard import watch

        watch()


def _refuse(reason: str) -> None:
    """Make `import fastapi` an error in this process."""

    class Refusal:
        @staticmethod
        def find_spec(fullname: str, path: object = None, target: object = None) -> None:
            if fullname == "fastapi":
                message = f"FERROAPI_EXEC=require, but ferroapi is not fastapi in this process: {reason}"
                raise ImportError(message, name=fullname)

    sys.meta_path.insert(0, Refusal)  # type: ignore[arg-type]


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
