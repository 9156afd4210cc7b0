"""What the figures were measured on."""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ferroapi._core import PROFILE_GUIDED

PACKAGES = ("fastapi", "ferroapi", "starlette", "pydantic", "pydantic_core", "uvicorn", "uvloop", "httptools")
ASK = """
import importlib.metadata, json, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def describe() -> dict[str, Any]:
    """Return processor, kernel, Python, compiler, and whether that was guided by a profile."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "python_build": f"{platform.python_compiler()}, {platform.python_build()[1]}",
        "rustc": rustc(),
        "profile_guided": PROFILE_GUIDED,
    }


def rustc() -> str | None:
    """Return what `rustc --version` says."""
    try:
        return subprocess.run(
            ["rustc", "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def versions(names: tuple[str, ...] = PACKAGES, python: str | Path = sys.executable) -> dict[str, str]:
    """Return the versions of those of the packages `names` that the interpreter `python` has."""
    command = [python, "-c", ASK, *names]
    found: dict[str, str | None] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {name: version for name, version in found.items() if version is not None}


def _cpu() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor()
