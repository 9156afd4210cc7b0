"""``FERROAPI_EXEC=require``: a process that may get the real FastAPI is an error where it can be seen.

A process that has lost the drop-in runs none of our code, so that its parent has to see it coming.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from .environment import REQUIRE, SITE_DIRECTORY, VARIABLE
from .names import OWN_NAME
from .probe import interpreter_of, is_python

_OFF = ("", "0")


def watch() -> None:
    """Refuse to start, from this process on, a Python process that would not have the drop-in (PEP 578)."""
    sys.addaudithook(_on_event)


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        program, command, _, environ = arguments
    elif event in ("os.exec", "os.posix_spawn"):
        program, command, environ = arguments
    else:
        return
    if isinstance(command, str | bytes | os.PathLike):
        return  # a line for a shell
    try:
        words = [os.fsdecode(word) for word in command]
        loss = loss_of([os.fsdecode(program or words[0]), *words[1:]], _decoded(environ))
    except (TypeError, IndexError):
        return  # nothing that can be started
    if loss is not None:
        raise RuntimeError(
            f"{REQUIRE}=require: {' '.join(words)!r} would not have {OWN_NAME} as fastapi: "
            f"{loss}. Enable it for the whole environment with `{OWN_NAME} dropin enable`, or start this "
            f"process with {VARIABLE}=0 if it may have the real one."
        )


def loss_of(command: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Say why a command would be without the drop-in; None if it would not, or is no Python."""
    if not is_python(command[0]) or environ.get(VARIABLE, "unset") in _OFF:
        return None
    options = interpreter_of(command) or []
    flags = {letter for option in options[1:] if not option.startswith(("-W", "-X")) for letter in option[1:]}
    if "S" in flags:
        return "-S keeps Python from looking for it"
    if any(type(finder).__name__ == "Starter" for finder in sys.meta_path):
        return None  # enabled for the environment
    if flags & {"I", "E"}:
        return "-I and -E keep Python from reading PYTHONPATH"
    if VARIABLE not in environ or SITE_DIRECTORY not in environ.get("PYTHONPATH", "").split(os.pathsep):
        return f"its environment lacks {VARIABLE} or the entry of PYTHONPATH that `{OWN_NAME} exec` made"
    return None


def _decoded(environ: Any) -> Mapping[str, str]:
    if environ is None:
        return os.environ
    return {os.fsdecode(name): os.fsdecode(value) for name, value in environ.items()}
