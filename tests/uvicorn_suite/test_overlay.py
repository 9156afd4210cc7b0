"""The plugin: the class is in the fixture and behind "auto", and nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = """
import pytest

@pytest.fixture(params=["one", "two"])
def http_protocol_cls(request):
    return request.param

@pytest.fixture(params=["ws1", "ws2"])
def ws_protocol_cls(request):
    return request.param
"""

TESTS = """
import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

async def app(scope, receive, send): ...

def test_fixture(http_protocol_cls):
    assert http_protocol_cls is H11Protocol

@pytest.mark.parametrize("number", [1, 2])
def test_beside_others(number, ws_protocol_cls, http_protocol_cls):
    assert http_protocol_cls is H11Protocol

@pytest.mark.parametrize(("http", "expected"), [("auto", H11Protocol), ("httptools", HttpToolsProtocol)])
def test_config(http, expected):
    config = Config(app, http=http)
    config.load()
    assert config.http_protocol_class is expected

def test_default():
    config = Config(app)
    config.load()
    assert config.http_protocol_class is H11Protocol
"""

PASSING = """
test_x.py::test_beside_others[ws1-1-class]
test_x.py::test_beside_others[ws1-2-class]
test_x.py::test_beside_others[ws2-1-class]
test_x.py::test_beside_others[ws2-2-class]
test_x.py::test_config[auto-H11Protocol]
test_x.py::test_config[httptools-HttpToolsProtocol]
test_x.py::test_default
test_x.py::test_fixture[class]
"""


def test_class_is_put_in(tmp_path: Path) -> None:
    tmp_path.joinpath("conftest.py").write_text(CONFTEST)
    tmp_path.joinpath("test_x.py").write_text(TESTS)
    run = _pytest(tmp_path, "uvicorn.protocols.http.h11_impl:H11Protocol")
    passing = [line.split()[1] for line in run.stdout.splitlines() if line.startswith("PASSED")]
    assert sorted(passing) == PASSING.split(), run.stdout + run.stderr
    assert run.returncode == 0


def test_no_class_is_an_error(tmp_path: Path) -> None:
    run = _pytest(tmp_path, "uvicorn.protocols.http.h11_impl:Missing")
    assert run.returncode == 4
    assert "no HTTP protocol to test" in run.stderr


def _pytest(directory: Path, protocol: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environ |= {"PYTHONPATH": str(Path(__file__).parent), "UVICORN_HTTP_PROTOCOL": protocol}
    options = ["-rp", "-p", "no:cacheprovider", "-p", "no:inline_snapshot", "-p", "uvicorn_overlay"]
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", ".", *options]
    return subprocess.run(
        command, cwd=directory, env=environ, capture_output=True, text=True, check=False, timeout=50
    )
