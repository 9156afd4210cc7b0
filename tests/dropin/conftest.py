import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest
from tests.serving import environment

Run = Callable[..., str]


def run(command: Sequence[str], cwd: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=50, check=False
    )


@pytest.fixture
def python(tmp_path: Path) -> Run:
    """Run a piece of Python in a process of its own, without the drop-in; gives what it prints."""

    def run_code(code: str, *, options: Sequence[str] = (), **changes: str | None) -> str:
        done = run([sys.executable, *options, "-c", dedent(code)], tmp_path, **changes)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run_code


@pytest.fixture
def under_exec(tmp_path: Path) -> Run:
    """Run a command, or a piece of Python, under `ferroapi exec`; gives what it prints."""

    def run_command(*command: str, code: str | None = None, **changes: str | None) -> str:
        if code is not None:
            command = ("python", "-c", dedent(code))
        done = run([sys.executable, "-m", "ferroapi", "exec", "--", *command], tmp_path, **changes)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return run_command


@pytest.fixture(scope="session")
def without_fastapi(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An interpreter, and a PYTHONPATH for it, that have all packages of this environment but the real fastapi."""
    links = tmp_path_factory.mktemp("links")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if entry.suffix != ".pth" and entry.name != "fastapi" and not entry.name.startswith("fastapi-"):
            links.joinpath(entry.name).symlink_to(entry)
    spec = find_spec("ferroapi")
    assert spec is not None and spec.origin is not None
    interpreter = os.path.realpath(sys.executable)
    return interpreter, os.pathsep.join([str(links), str(Path(spec.origin).parents[1])])
