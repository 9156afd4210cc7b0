"""`exec --check` and `FERROAPI_EXEC=require`: the real FastAPI where ours was wanted is an error."""

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from ferroapi._dropin.probe import interpreter_of

from .conftest import run

EXEC = [sys.executable, "-m", "ferroapi", "exec"]
SHOW = """
from importlib.util import find_spec
print("ours" if "ferroapi" in find_spec("fastapi").origin else "real")
"""


def test_alone_it_tells_what_this_interpreter_imports(tmp_path: Path) -> None:
    done = run([*EXEC, "--check"], tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("`import fastapi` gives ferroapi, ")


@pytest.mark.parametrize("options", [["-I"], ["-E"], ["-Wd", "-I"], ["-X", "dev", "-bE"]], ids=" ".join)
def test_a_command_that_would_get_the_real_one_is_not_run(tmp_path: Path, options: list[str]) -> None:
    done = run([*EXEC, "--check", "--", "python", *options, "-c", "print('run')"], tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "gives another fastapi, " in done.stderr


def test_the_variable_asks_for_the_same(tmp_path: Path) -> None:
    done = run([*EXEC, "python", "-I", "-c", SHOW], tmp_path, FERROAPI_EXEC="require")
    assert (done.returncode, done.stdout) == (1, "")


def test_a_script_is_checked_by_its_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{sys.executable} -I\nprint('run')\n")
    script.chmod(0o755)
    assert run([*EXEC, "--check", "./script"], tmp_path).returncode == 1
    script.write_text(f"#!{sys.executable}\n{SHOW}\n")
    done = run([*EXEC, "--check", "./script"], tmp_path)
    assert done.returncode == 0 and done.stdout.strip() == "ours"


def test_what_is_no_python_is_run_and_said_to_be_unchecked(tmp_path: Path) -> None:
    done = run([*EXEC, "--check", "--", "sh", "-c", "echo run"], tmp_path)
    assert (done.returncode, done.stdout) == (0, "run\n") and "not checked" in done.stderr


def test_a_child_that_would_lose_it_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        dedent(
            f"""
            import os, subprocess, sys

            def attempt(*options, **keywords):
                try:
                    subprocess.run([sys.executable, *options, "-c", {SHOW!r}], check=True, **keywords)
                except RuntimeError as error:
                    print("refused:", str(error).partition("fastapi: ")[2][:10], flush=True)

            attempt()
            attempt("-I")
            attempt("-bE")
            attempt("-S")
            attempt(env={{"PATH": "/bin"}})
            attempt(env=os.environ | {{"PYTHONPATH": "/nowhere"}})
            attempt(env=os.environ | {{"FERROAPI_DROPIN": "0"}})
            subprocess.run("exit 0", shell=True, check=True)
            try:
                os.execv(sys.executable, [sys.executable, "-I", "-c", "print('run')"])
            except RuntimeError:
                print("refused")
            """
        )
    )
    done = run([*EXEC, "--check", "--", "python", str(program)], tmp_path)
    first, *others = done.stdout.splitlines()
    assert first == "ours", done.stderr
    assert others == [
        "refused: -I and -E ",
        "refused: -I and -E ",
        "refused: -S keeps P",
        "refused: its enviro",
        "refused: its enviro",
        "real",
        "refused",
    ], done.stderr


def test_an_interpreter_without_the_package_refuses(tmp_path: Path) -> None:
    # As one of another environment: the base interpreter, which has the drop-in's directory on its path only.
    interpreter = os.path.realpath(sys.executable)
    import ferroapi._dropin.environment as environment

    changes = {
        "PYTHONPATH": environment.SITE_DIRECTORY,
        "FERROAPI_DROPIN": "/elsewhere",
        "FERROAPI_EXEC": "require",
    }
    done = run([interpreter, "-c", "import fastapi"], tmp_path, **changes)
    assert "ImportError: FERROAPI_EXEC=require, but ferroapi is not fastapi" in done.stderr


@pytest.mark.parametrize(
    ("command", "interpreter"),
    [
        (["/usr/bin/python3"], ["/usr/bin/python3"]),
        (["python3.13", "-I", "script.py", "-E"], ["python3.13", "-I"]),
        (["python", "-Xdev", "-W", "error", "-m", "module"], ["python", "-Xdev", "-W", "error"]),
        (["python", "-"], ["python"]),
        (["pythonista"], None),
        (["/no/such/file"], None),
    ],
)
def test_the_interpreter_of_a_command(command: list[str], interpreter: list[str] | None) -> None:
    assert interpreter_of(command) == interpreter


@pytest.mark.parametrize(
    ("text", "interpreter"),
    [
        ("#!/opt/venv/bin/python3 -E\n", ["/opt/venv/bin/python3", "-E"]),
        ("#!/usr/bin/env python\n", ["/usr/bin/env", "python"]),
        ("#!/bin/sh\n'''exec' \"/a long/bin/python\" \"$0\" \"$@\"\n' '''\n", ["/a long/bin/python"]),
        ("#!/bin/sh\necho\n", None),
        ("\x7fELF", None),
        ("", None),
    ],
)
def test_the_interpreter_of_a_script(tmp_path: Path, text: str, interpreter: list[str] | None) -> None:
    script = tmp_path / "script"
    script.write_text(text)
    assert interpreter_of([str(script)]) == interpreter
