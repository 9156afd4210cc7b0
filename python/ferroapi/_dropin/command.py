"""``python -m ferroapi exec -- COMMAND …``: any command with the drop-in in it and in its child processes."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence

from .environment import REQUIRE, announce
from .names import OWN_NAME
from .probe import Probe

_USAGE = f"usage: python -m {OWN_NAME} exec [--check] [--] COMMAND [ARGUMENT ...]"


def execute(arguments: Sequence[str]) -> int:
    """Replace this process by a command that has the drop-in; signals and exit status are then its own.

    Args:
        arguments: The command and its arguments, after an optional ``--check`` and ``--``. A bare name is
            looked up among this interpreter's scripts first, then on ``PATH``. ``--check`` asks the
            interpreter of the command first what ``import fastapi`` gives, and has it and its children
            refuse what would give another one; alone, it asks this interpreter.

    Returns:
        An exit status where there was nothing to run, as a shell gives it: 2 without a command, 127 for
        an unknown one, 126 for one that cannot be run; 1 where the check failed. On Windows, which cannot
        replace a process, the command's own.
    """
    command = list(arguments)
    environ = dict(os.environ)
    announce(environ)
    if command[:1] == ["--check"]:
        environ[REQUIRE] = "require"
        del command[0]
        if not command:
            return _check([sys.executable], environ, show=True)
    if command[:1] == ["--"]:
        del command[0]
    if not command:
        return fail(_USAGE, 2)
    program = _find(command[0], environ)
    if program is None:
        return fail(f"{OWN_NAME} exec: command not found: {command[0]}", 127)
    if environ.get(REQUIRE) == "require" and (status := _check([program, *command[1:]], environ)):
        return status
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "nt":
            return subprocess.run([program, *command[1:]], env=environ, check=False).returncode
        # As its first argument too: from that the interpreter of a virtual environment learns where it lives.
        os.execve(program, [program, *command[1:]], environ)
    except OSError as error:
        return fail(f"{OWN_NAME} exec: {command[0]}: {error.strerror}", 126)


def _check(command: Sequence[str], environ: Mapping[str, str], *, show: bool = False) -> int:
    found = Probe.of(command, environ)
    if found.ours is False:
        return fail(f"{OWN_NAME} exec: `import fastapi` under {command[0]} gives {found}", 1)
    if found.ours is None:
        print(f"{OWN_NAME} exec: not checked: {found}", file=sys.stderr)
    elif show:
        print(f"`import fastapi` gives {found}")
    return 0


def _find(name: str, environ: Mapping[str, str]) -> str | None:
    path = os.pathsep.join([sysconfig.get_path("scripts"), environ.get("PATH", os.defpath)])
    return shutil.which(name, path=path) or (name if os.path.dirname(name) and os.path.exists(name) else None)


def fail(message: str, status: int) -> int:
    """Print a message for the user; returns the exit status."""
    print(message, file=sys.stderr)
    return status
