"""What `import fastapi` gives in the process that a command would start."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from .names import OWN_NAME, TAKEN_NAME

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_CODE = f"""
import importlib.util
found = importlib.util.find_spec({TAKEN_NAME!r})
print(found.origin if found else "")
"""
_PYTHON = re.compile(r"(python|pypy)[0-9.]*(\\.exe)?")
# Options of the interpreter that stand alone; `-W` and `-X` take a value.
_OPTION = re.compile(r"-[bBdEiIOPqRsSuvx]+|-[WX].+")


class Probe(NamedTuple):
    """The outcome of a look.

    Attributes:
        ours: whether it is this package; None where the command is no Python that can be asked.
        text: what was found, for a message.
    """

    ours: bool | None
    text: str

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Self:
        """Ask the interpreter that `command` starts, with the same options and environment.

        Args:
            command: the path of a program, and its arguments.
            environ: the environment for it, by default that of this process.
        """
        interpreter = interpreter_of(command)
        if interpreter is None:
            return cls(ours=None, text=f"{command[0]} is neither Python nor a script for it")
        done = subprocess.run(
            [*interpreter, "-c", _CODE], env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return cls(ours=None, text=f"{interpreter[0]} failed: {done.stderr.strip()}")
        # The last line: something else may print at the start of each process.
        origin = done.stdout.rstrip("\n").rpartition("\n")[2]
        if not origin:
            return cls(ours=False, text="no such module")
        if os.path.realpath(os.path.dirname(origin)) == os.path.realpath(_PACKAGE):
            return cls(ours=True, text=f"{OWN_NAME}, {origin}")
        return cls(ours=False, text=f"another {TAKEN_NAME}, {origin}")


def interpreter_of(command: Sequence[str]) -> list[str] | None:
    """Return the interpreter that a command starts, with its options; None if that is no Python."""
    program, *arguments = command
    if not is_python(program):
        return _shebang(program)
    options = []
    rest = iter(arguments)
    for argument in rest:
        if argument in ("-W", "-X"):
            options += [argument, next(rest, "")]
        elif _OPTION.fullmatch(argument):
            options.append(argument)
        else:
            break
    return [program, *options]


def is_python(program: str) -> bool:
    """Tell whether a program is a Python interpreter, by its name."""
    return _PYTHON.fullmatch(os.path.basename(program)) is not None


def _shebang(program: str) -> list[str] | None:
    try:
        with open(program, "rb") as file:
            first, second = (os.fsdecode(file.readline(4096)).strip() for _ in range(2))
    except OSError:
        return None
    if not first.startswith("#!"):
        return None
    words = first[2:].split()
    # pip's way around the limits of that line: a shell that starts the interpreter which the next line names.
    inner = re.match(r"'''exec'\s+(\"[^\"]+\"|\S+)", second)
    if inner:
        words = [inner[1].strip('"')]
    return words if any(is_python(word) for word in words) else None
