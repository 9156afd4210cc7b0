"""uvicorn as the server: the version that the protocol class needs, and that class in `run` and `dev`."""

import os
import re
from importlib import import_module
from types import ModuleType
from typing import Any

from ._dropin.names import OWN_NAME

# The first whose configuration, server state and proxy middleware are what the protocol class reads.
OLDEST = (0, 53)
# A string, and by the own name, which every child process can import: those of `--workers` and `--reload`.
PROTOCOL = f"{OWN_NAME}.protocol:HTTPProtocol"
# uvicorn's command line reads it in place of `--http`.
VARIABLE = "UVICORN_HTTP"


def complaint(installed: str) -> str | None:
    """Say what is wrong with a version of uvicorn, and how to mend it; None if nothing is."""
    numbers = re.match(r"(\d+)\.(\d+)", installed)
    if numbers is None or (int(numbers[1]), int(numbers[2])) >= OLDEST:
        return None
    oldest = "{}.{}".format(*OLDEST)
    return (
        f"{OWN_NAME}.protocol needs uvicorn {oldest} or later, and {installed} is installed. "
        f"Try: pip install --upgrade 'uvicorn>={oldest}'"
    )


def require() -> None:
    """Make sure that there is a uvicorn for the protocol class.

    Raises:
        ImportError: It is not installed, or too old; the message names the remedy.
    """
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        if error.name != "uvicorn":
            raise
        message = f'{OWN_NAME}.protocol needs uvicorn. Try: pip install "{OWN_NAME}[standard]"'
        raise ModuleNotFoundError(message, name="uvicorn") from error
    problem = complaint(uvicorn.__version__)
    if problem is not None:
        raise ImportError(problem, name="uvicorn", path=uvicorn.__file__)


class Server:
    """Stands for the module `uvicorn` in `fastapi-cli`, whose commands have no option for the protocol."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def run(self, *arguments: Any, **options: Any) -> None:
        """Call `uvicorn.run` with the protocol class, or with what `UVICORN_HTTP` names.

        Raises:
            SystemExit: The protocol class was to be used, and uvicorn is too old for it.
        """
        options.setdefault("http", os.environ.get(VARIABLE) or PROTOCOL)
        if options["http"] == PROTOCOL and (problem := complaint(self._module.__version__)):
            raise SystemExit(f"{problem}\nOr serve with uvicorn's own protocol: {VARIABLE}=auto")
        print(_what_serves(options["http"], self._module.__version__), flush=True)
        self._module.run(*arguments, **options)


def _what_serves(protocol: object, uvicorn_version: str) -> str:
    """The line at the start of `run` and `dev`: the package behind `fastapi`, and what speaks HTTP."""
    import fastapi

    version = getattr(fastapi, "__ferroapi_version__", None)
    if version is None:
        package = f"fastapi {fastapi.__version__}, not {OWN_NAME}"
    else:
        package = f"{OWN_NAME} {version} as fastapi {fastapi.__version__}"
    return f"Served: {package}. HTTP: {protocol}, uvicorn {uvicorn_version}"


def choose_protocol() -> None:
    """Let `run` and `dev` of the command line in this process serve with the protocol class."""
    try:
        cli: Any = import_module("fastapi_cli.cli")
    except ImportError:
        return
    module = getattr(cli, "uvicorn", None)
    if isinstance(module, ModuleType):
        cli.uvicorn = Server(module)
