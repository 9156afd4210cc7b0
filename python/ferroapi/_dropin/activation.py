"""``ferroapi dropin enable | disable | status``: the drop-in for a whole environment, without `exec`."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence

from .command import fail
from .environment import VARIABLE
from .names import OWN_NAME, TAKEN_NAME
from .probe import Probe

_USAGE = f"usage: {OWN_NAME} dropin enable | disable | status"
_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "starter.py")
_MODULE = f"_{OWN_NAME}_dropin.py"
_LINE_FILE = f"{OWN_NAME}-dropin.pth"
# Guarded, so that a start goes on whatever became of the module.
_LINE = f'import sys; exec("try:\\n import {_MODULE.removesuffix(".py")}\\nexcept ImportError:\\n pass")\n'


def main(arguments: Sequence[str]) -> int:
    """Run one of the three commands; returns the exit status.

    `status` gives 0 where the drop-in is enabled and 1 where it is not; the others 1 where the environment
    can't be written to.
    """
    commands = {"enable": enable, "disable": disable, "status": status}
    if len(arguments) != 1 or arguments[0] not in commands:
        return fail(_USAGE, 2)
    try:
        return commands[arguments[0]](sysconfig.get_path("purelib"))
    except OSError as error:
        return fail(
            f"{OWN_NAME} dropin: {error.filename}: {error.strerror}. Nothing was enabled or disabled.", 1
        )


def enable(directory: str) -> int:
    """Put the two files into the directory of packages; the line last, as it is what counts."""
    line, module = os.path.join(directory, _LINE_FILE), os.path.join(directory, _MODULE)
    was = _is_enabled(directory)
    shutil.copyfile(_SOURCE, module)
    try:
        with open(line, "w", encoding="utf-8") as file:
            file.write(_LINE)
    except OSError:
        os.remove(module)
        raise
    print(f"{'Still' if was else 'Now'} enabled: {_effect()}")
    print(f"Written: {line}, {module}. To undo it: {OWN_NAME} dropin disable")
    return 0


def disable(directory: str) -> int:
    """Remove the files, the line first."""
    was = _is_enabled(directory)
    for name in (_LINE_FILE, _MODULE):
        path = os.path.join(directory, name)
        if os.path.exists(path):
            os.remove(path)
    print(f"{'Now' if was else 'Still'} disabled in {sys.prefix}.")
    return 0


def status(directory: str) -> int:
    """Tell what is enabled, and what a new process gets."""
    enabled = _is_enabled(directory)
    if enabled:
        print(f"Enabled: {_effect()}")
    else:
        print(f"Disabled in {sys.prefix}. To enable it: {OWN_NAME} dropin enable")
    if os.environ.get(VARIABLE):
        print(f"{VARIABLE}={os.environ[VARIABLE]} in the environment of this process.")
    print(f"`import {TAKEN_NAME}` in a new process: {Probe.of([sys.executable])}")
    return 0 if enabled else 1


def _effect() -> str:
    return f"each Python process of {sys.prefix} has {OWN_NAME} as {TAKEN_NAME}, but with -S."


def _is_enabled(directory: str) -> bool:
    return all(os.path.exists(os.path.join(directory, name)) for name in (_LINE_FILE, _MODULE))
