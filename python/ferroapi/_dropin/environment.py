"""The environment that brings the drop-in into child processes."""

import os
import sys
from collections.abc import MutableMapping

# Holds `sys.prefix` of the interpreter that announced it; "" or "0" switches the drop-in off for a child.
VARIABLE = "FERROAPI_DROPIN"
# "require": where the drop-in is lost, and that can be seen, it is an error.
REQUIRE = "FERROAPI_EXEC"
SITE_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")


def announce(environ: MutableMapping[str, str] = os.environ) -> None:
    """Change `environ` so that Python processes started with it have the drop-in from their start.

    Args:
        environ: The variables to change, by default those of this process.
    """
    environ[VARIABLE] = sys.prefix
    paths = environ.get("PYTHONPATH", "").split(os.pathsep) if environ.get("PYTHONPATH") else []
    # First, so that no other `sitecustomize` hides ours; ours runs the next one.
    environ["PYTHONPATH"] = os.pathsep.join(
        [SITE_DIRECTORY, *(path for path in paths if path != SITE_DIRECTORY)]
    )
