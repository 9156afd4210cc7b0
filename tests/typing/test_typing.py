"""Type checkers accept and refuse the lines of `snippets.py` that they should."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SNIPPETS = Path(__file__).with_name("snippets.py")
PROJECT = Path(__file__).parents[2]
REFUSED = {
    number for number, line in enumerate(SNIPPETS.read_text().splitlines(), 1) if line.endswith("# refused")
}


def run(*command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", *command, str(SNIPPETS)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def mypy_errors() -> dict[int, str]:
    output = run("mypy", "--strict", "--follow-imports=silent", "--no-error-summary")
    found = re.findall(rf"{SNIPPETS.name}:(\d+): error: (.*)", output)
    return {int(line): message for line, message in found}


def pyright_errors() -> dict[int, str]:
    report = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable))
    return {
        found["range"]["start"]["line"] + 1: found["message"]
        for found in report["generalDiagnostics"]
        if found["severity"] == "error"
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_exactly_the_wrong_lines_are_refused(checker: str) -> None:
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    errors = mypy_errors() if checker == "mypy" else pyright_errors()
    assert {line: message for line, message in errors.items() if line not in REFUSED} == {}
    assert sorted(REFUSED - errors.keys()) == []
