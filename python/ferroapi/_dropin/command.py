"""``python -m ferroapi exec -- COMMAND …``: any command with the drop-in in it and in its child processes."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence

from .environment import announce
from .names import OWN_NAME

_USAGE = f"usage: python -m {OWN_NAME} exec -- COMMAND [ARGUMENT ...]"


def execute(arguments: Sequence[str]) -> int:
    """Replace this process by a command that has the drop-in; signals and exit status are then its own.

    Args:
        arguments: The command and its arguments, after an optional ``--``. A bare name is looked up
            among this interpreter's scripts first, then on ``PATH``.

    Returns:
        An exit status where there was nothing to run, as a shell gives it: 2 without a command, 127 for
        an unknown one, 126 for one that cannot be run. On Windows, which cannot replace a process, the
        command's own.
    """
    command = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
    if not command:
        return _fail(_USAGE, 2)
    environ = dict(os.environ)
    announce(environ)
    program = _find(command[0], environ)
    if program is None:
        return _fail(f"{OWN_NAME} exec: command not found: {command[0]}", 127)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "nt":
            return subprocess.run([program, *command[1:]], env=environ, check=False).returncode
        # As its first argument too: from that the interpreter of a virtual environment learns where it lives.
        os.execve(program, [program, *command[1:]], environ)
    except OSError as error:
        return _fail(f"{OWN_NAME} exec: {command[0]}: {error.strerror}", 126)


def _find(name: str, environ: Mapping[str, str]) -> str | None:
    path = os.pathsep.join([sysconfig.get_path("scripts"), environ.get("PATH", os.defpath)])
    return shutil.which(name, path=path) or (name if os.path.dirname(name) and os.path.exists(name) else None)


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status
