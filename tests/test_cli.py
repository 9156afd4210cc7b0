"""The hand-over to `fastapi-cli`, and the HTTP protocol that its servers have."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvicorn
from tests.serving import ask, environment, free_port, serving

import ferroapi
from ferroapi import _uvicorn, cli

OURS = "ferroapi.protocol:HTTPProtocol"
# The class under the drop-in, which these commands bring along, and uvicorn's own choice.
OURS_SEEN = "fastapi.protocol.HTTPProtocol"
HTTPTOOLS_SEEN = "uvicorn.protocols.http.httptools_impl.HttpToolsProtocol"
APP = """
import asyncio, gc, os
import uvicorn
from fastapi import FastAPI

app = FastAPI()

@app.get("/")
async def served_by():
    config = next(known for known in gc.get_objects() if issubclass(type(known), uvicorn.Config))
    protocol = config.http_protocol_class
    loop = type(asyncio.get_running_loop())
    return f"{protocol.__module__}.{protocol.__qualname__} {loop.__module__} {os.getpid()}"
"""
FERROAPI = [sys.executable, "-m", "ferroapi"]
EXEC = [*FERROAPI, "exec", "--"]


def test_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(cli, "cli_main", lambda: calls.append("main"))
    cli.main()
    assert calls == ["main"]


def test_not_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "cli_main", None)
    expected = 'To use the fastapi command, please install "fastapi[standard]":\n'
    expected += '\n\tpip install "fastapi[standard]"\n'
    with pytest.raises(RuntimeError) as caught:
        cli.main()
    assert str(caught.value) == expected
    assert capsys.readouterr().out == expected + "\n"


@pytest.mark.parametrize(
    ("command", "choice", "seen"),
    [
        ([*FERROAPI, "run"], None, OURS_SEEN),
        ([str(Path(sys.executable).with_name("ferroapi")), "run"], None, OURS_SEEN),
        ([*FERROAPI, "run", "--workers", "2"], None, OURS_SEEN),
        ([*FERROAPI, "run", "--reload"], None, OURS_SEEN),
        ([*FERROAPI, "dev"], None, OURS_SEEN),
        ([*FERROAPI, "dev", "--no-reload"], "", OURS_SEEN),
        ([*FERROAPI, "run"], "auto", HTTPTOOLS_SEEN),
        ([*EXEC, "ferroapi", "run"], None, OURS_SEEN),
        # What is run in FastAPI's name stays as it is there.
        ([*EXEC, "fastapi", "run"], None, HTTPTOOLS_SEEN),
        ([*EXEC, "python", "-m", "fastapi", "dev"], None, HTTPTOOLS_SEEN),
        ([*EXEC, "uvicorn", "main:app"], None, HTTPTOOLS_SEEN),
        ([*EXEC, "uvicorn", "main:app", "--http", OURS], None, OURS_SEEN),
        ([*EXEC, "uvicorn", "main:app", "--http", OURS, "--workers", "2"], None, OURS_SEEN),
        ([*EXEC, "uvicorn", "main:app", "--http", "fastapi.protocol:HTTPProtocol"], None, OURS_SEEN),
    ],
    ids=lambda value: " ".join(value).removeprefix(sys.executable) if isinstance(value, list) else None,
)
def test_the_protocol_of_a_server(tmp_path: Path, command: list[str], choice: str | None, seen: str) -> None:
    tmp_path.joinpath("main.py").write_text(APP)
    port = free_port()
    environ = environment(UVICORN_HTTP=choice)
    with serving([*command, "--port", str(port)], tmp_path, environ) as process:
        protocol, loop, pid = ask(port, process).strip('"').split()
    assert protocol == seen
    said = f"Served: ferroapi {ferroapi.__ferroapi_version__} as fastapi {ferroapi.__version__}. HTTP: {choice or OURS}, "
    in_own_name = (seen == OURS_SEEN and "--http" not in command) or choice == "auto"
    assert (said in tmp_path.joinpath("server.log").read_text()) == in_own_name
    # uvicorn takes uvloop where it is installed, as it is here.
    assert loop == "uvloop"
    in_child = {"--workers", "--reload"} & set(command) or command[-1] == "dev"
    assert (pid != str(process.pid)) == bool(in_child)


def test_the_own_name_without_the_dropin(tmp_path: Path) -> None:
    tmp_path.joinpath("main.py").write_text(APP.replace("from fastapi", "from ferroapi"))
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "main:app", "--http", OURS, "--workers", "2"]
    with serving([*command, "--port", str(port)], tmp_path) as process:
        assert OURS.replace(":", ".") in ask(port, process)


def old_uvicorn(place: Path) -> dict[str, str]:
    """An environment where `uvicorn` says that it is one of long ago."""
    package = place / "uvicorn"
    package.mkdir()
    code = f"__version__ = '0.29.0'\n__path__ = {uvicorn.__path__!r}\ndef run(**options): print(options)"
    package.joinpath("__init__.py").write_text(code)
    return environment(PYTHONPATH=str(place))


def run(command: Sequence[str], cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "status", "output"),
    [
        (["--help"], 0, "usage: ferroapi COMMAND"),
        ([], 2, "usage: ferroapi COMMAND"),
        (["--version"], 0, f"ferroapi {ferroapi.__ferroapi_version__}"),
        (["dev"], 1, ""),
        (["run", "main.py", "--port", "1"], 1, ""),
    ],
)
@pytest.mark.parametrize("missing", ["fastapi_cli", "uvicorn"])
def test_without_the_extra(
    tmp_path: Path, missing: str, arguments: list[str], status: int, output: str
) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from ferroapi.__main__ import main
sys.exit(main({arguments!r}))
"""
    done = run([sys.executable, "-c", code], tmp_path, environment())
    assert (done.returncode, done.stdout.startswith(output), bool(done.stdout)) == (
        status,
        True,
        bool(output),
    )
    assert done.stderr.splitlines() == [
        'The commands `dev` and `run` need more packages: pip install "ferroapi[standard]"'
    ]


@pytest.mark.parametrize(
    ("module", "missing"),
    [
        ("protocol", ["uvicorn"]),
        ("testclient", ["httpx", "httpx2"]),
        ("templating", ["jinja2"]),
    ],
)
def test_a_module_that_needs_the_extra_says_so(tmp_path: Path, module: str, missing: list[str]) -> None:
    code = f"import sys\nsys.modules.update(dict.fromkeys({missing!r}))\nimport ferroapi.{module}"
    done = run([sys.executable, "-c", code], tmp_path, environment())
    assert 'pip install "ferroapi[standard]"' in done.stderr.splitlines()[-1]


def test_a_form_that_needs_the_extra_says_so(tmp_path: Path) -> None:
    code = """
import sys
sys.modules.update(dict.fromkeys(["multipart", "python_multipart"]))
from ferroapi import FastAPI, Form
FastAPI().post("/")(lambda a=Form(): a)
"""
    done = run([sys.executable, "-c", code], tmp_path, environment())
    assert done.stderr.splitlines()[-1] == 'Try: pip install "ferroapi[standard]"'


def test_the_command_line_tells_its_own_commands_too(tmp_path: Path) -> None:
    done = run([*FERROAPI, "--help"], tmp_path, environment())
    assert done.returncode == 0
    for word in ("exec", "dropin", "explain", "dev", "run"):
        assert f" {word} " in done.stdout


def test_another_package_in_its_place_is_named() -> None:
    # Here `fastapi` is the reference.
    said = _uvicorn._what_serves("auto", "0.1")
    assert said == f"Served: fastapi {ferroapi.__version__}, not ferroapi. HTTP: auto, uvicorn 0.1"


def test_an_old_uvicorn_is_refused_by_the_command(tmp_path: Path) -> None:
    tmp_path.joinpath("main.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    environ = old_uvicorn(tmp_path)
    done = run([*FERROAPI, "run"], tmp_path, environ)
    assert done.returncode == 1
    assert "and 0.29.0 is installed. Try: pip install --upgrade 'uvicorn>=0.53'" in done.stderr
    assert "UVICORN_HTTP=auto" in done.stderr
    assert "Traceback" not in done.stderr
    done = run([*FERROAPI, "run"], tmp_path, environ | {"UVICORN_HTTP": "auto"})
    assert done.returncode == 0, done.stderr
    assert "'http': 'auto'" in done.stdout


def test_an_old_uvicorn_is_refused_by_the_module(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", "import ferroapi.protocol"], tmp_path, old_uvicorn(tmp_path))
    assert done.stderr.splitlines()[-1] == (
        "ImportError: ferroapi.protocol needs uvicorn 0.53 or later, and 0.29.0 is installed. "
        "Try: pip install --upgrade 'uvicorn>=0.53'"
    )


def test_no_uvicorn_is_told(tmp_path: Path) -> None:
    code = "import sys; sys.modules['uvicorn'] = None; import ferroapi.protocol"
    done = run([sys.executable, "-c", code], tmp_path, environment())
    assert done.stderr.splitlines()[-1] == (
        'ModuleNotFoundError: ferroapi.protocol needs uvicorn. Try: pip install "ferroapi[standard]"'
    )


def test_what_uvicorn_itself_misses_is_not_hidden(tmp_path: Path) -> None:
    tmp_path.joinpath("uvicorn.py").write_text("import nonsense")
    done = run(
        [sys.executable, "-c", "import ferroapi.protocol"], tmp_path, environment(PYTHONPATH=str(tmp_path))
    )
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'nonsense'"


@pytest.mark.parametrize(
    ("installed", "fits"),
    [
        ("0.53.0", True),
        ("0.54.0", True),
        ("0.100.0", True),
        ("1.0", True),
        ("0.55.0.dev1", True),
        ("from a fork", True),
        ("0.52.9", False),
        ("0.9", False),
    ],
)
def test_versions(installed: str, fits: bool) -> None:
    assert (_uvicorn.complaint(installed) is None) == fits


def test_the_choice_leaves_everything_else_to_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    module = ModuleType("uvicorn")
    vars(module).update(__version__="0.54.0", run=lambda app, **options: seen.append({"app": app, **options}))
    server = _uvicorn.Server(module)
    monkeypatch.delenv("UVICORN_HTTP", raising=False)
    server.run("main:app", port=1)
    server.run(app="main:app", http="h11")
    monkeypatch.setenv("UVICORN_HTTP", "zttp")
    server.run(app="main:app")
    assert seen == [
        {"app": "main:app", "port": 1, "http": OURS},
        {"app": "main:app", "http": "h11"},
        {"app": "main:app", "http": "zttp"},
    ]
    assert server.__version__ == "0.54.0"


@pytest.mark.parametrize("command_line", [None, ModuleType("fastapi_cli.cli")])
def test_a_command_line_without_a_server_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, command_line: ModuleType | None
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi_cli.cli", command_line)
    _uvicorn.choose_protocol()
    assert not hasattr(command_line, "uvicorn")
