"""`python -m ferroapi exec -- COMMAND`: the command and its child processes."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import pytest
from tests.serving import ask, free_port, serving, until

from .conftest import run
from .test_install import IDENTITY

EXEC = [sys.executable, "-m", "ferroapi", "exec"]
SHOW = "import fastapi; print(getattr(fastapi, '__ferroapi_version__', 'real'))"
APP = """
import os
from fastapi import FastAPI

app = FastAPI()

@app.get("/")
def where():
    return {"module": FastAPI.__module__, "ours": hasattr(__import__("fastapi"), "__ferroapi_version__"), "pid": os.getpid()}
"""


@pytest.mark.parametrize("interpreter", ["python", sys.executable])
def test_both_names_are_one_set_of_modules(under_exec, interpreter: str) -> None:
    assert under_exec(interpreter, "-c", IDENTITY) == "same"


def test_also_where_the_real_package_is_absent(without_fastapi, tmp_path: Path) -> None:
    interpreter, path = without_fastapi
    absent = run([interpreter, "-c", "import fastapi"], tmp_path, PYTHONPATH=path)
    assert "No module named 'fastapi'" in absent.stderr
    code = IDENTITY + dedent(
        """
        import importlib.metadata as m, importlib.util
        assert m.version("fastapi") == m.version("FastAPI") == fastapi.__version__ == "0.165.0"
        assert m.metadata("fastapi")["Name"] == "fastapi"
        assert [d.name for d in m.distributions()].count("fastapi") == 1
        assert not list(m.distributions(name="fastapi", path=[]))
        assert "fastapi" in m.packages_distributions()
        assert m.requires("fastapi") is None and not m.entry_points(group="fastapi")
        try:
            m.version("fastapi-nonsense")
        except m.PackageNotFoundError:
            print("absent")
        """
    )
    done = run(
        [interpreter, "-m", "ferroapi", "exec", "--", interpreter, "-c", code], tmp_path, PYTHONPATH=path
    )
    assert done.stdout.split() == ["same", "absent"], done.stderr


def test_child_processes_inherit(under_exec) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SHOW!r}], check=True)"
    assert under_exec(code=code) != "real"


def test_a_child_can_opt_out(under_exec) -> None:
    code = f"""
import os, subprocess, sys
subprocess.run([sys.executable, '-c', {SHOW!r}], check=True, env=os.environ | {{'FERROAPI_DROPIN': '0'}})
"""
    assert under_exec(code=code) == "real"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_multiprocessing(under_exec, tmp_path: Path, method: str) -> None:
    tmp_path.joinpath("work.py").write_text(
        dedent(
            f"""
            import multiprocessing

            def show(_):
                import fastapi
                return fastapi.FastAPI.__module__, hasattr(fastapi, "__ferroapi_version__")

            if __name__ == "__main__":
                with multiprocessing.get_context({method!r}).Pool(1) as pool:
                    print(*pool.map(show, [0]))
            """
        )
    )
    assert under_exec("python", "work.py") == "('fastapi.applications', True)"


def test_pytest_with_workers(under_exec, tmp_path: Path) -> None:
    tmp_path.joinpath("test_it.py").write_text(
        IDENTITY + "\ndef test_it():\n    assert fastapi.__ferroapi_version__\n"
    )
    command = ["pytest", "-q", "test_it.py"]
    lean = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": None}
    assert "1 passed" in under_exec(*command, **lean)
    assert "1 passed" in under_exec("python", "-m", *command, "-p", "xdist", "-n", "1", **lean)


@pytest.mark.parametrize("name", ["fastapi", "ferroapi"])
def test_python_m(under_exec, name: str) -> None:
    assert "dev" in under_exec("python", "-m", name, "--help")


def test_command_line_tool_finds_applications_of_either_name(tmp_path: Path) -> None:
    tmp_path.joinpath("main.py").write_text(APP.replace("from fastapi import", "from ferroapi import"))
    code = "from fastapi_cli.discover import get_import_data; print(get_import_data().import_string)"
    done = run([*EXEC, "python", "-c", code], tmp_path)
    assert done.stdout.split() == ["main:app"], done.stdout + done.stderr


def test_exit_status_passes_through(tmp_path: Path) -> None:
    assert run([*EXEC, "--", "python", "-c", "raise SystemExit(7)"], tmp_path).returncode == 7


def test_death_by_signal_passes_through(tmp_path: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert run([*EXEC, "--", "python", "-c", code], tmp_path).returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        ([], 2, "usage: "),
        (["--"], 2, "usage: "),
        (["--", "no-such-command"], 127, "command not found: no-such-command"),
        (["--", "./plain.txt"], 126, "Permission denied"),
    ],
)
def test_nothing_to_run(tmp_path: Path, command: Sequence[str], status: int, message: str) -> None:
    tmp_path.joinpath("plain.txt").write_text("")
    done = run([*EXEC, *command], tmp_path)
    assert (done.returncode, message in done.stderr) == (status, True)
    assert "Traceback" not in done.stderr


def test_scripts_of_the_interpreter_are_found_without_path(tmp_path: Path) -> None:
    done = run([*EXEC, "--", "uvicorn", "--version"], tmp_path, PATH="/nowhere")
    assert "uvicorn" in done.stdout, done.stderr


def test_a_user_s_sitecustomize_still_runs(tmp_path: Path) -> None:
    # It sees the drop-in, and the one further behind it stays hidden, as without `exec`.
    for name in ("near", "far"):
        tmp_path.joinpath(name).mkdir()
        tmp_path.joinpath(name, "sitecustomize.py").write_text(
            f"import fastapi\nprint({name!r}, fastapi.__ferroapi_version__)"
        )
    path = os.pathsep.join([str(tmp_path / "near"), str(tmp_path / "far"), os.environ.get("PYTHONPATH", "")])
    code = "import sitecustomize; print(sitecustomize.__file__)"
    done = run([*EXEC, "--", "python", "-c", code], tmp_path, PYTHONPATH=path.rstrip(os.pathsep))
    first, second = done.stdout.splitlines()
    assert first.startswith("near ") and second == str(tmp_path / "near" / "sitecustomize.py"), done.stderr


def test_a_sitecustomize_before_it_that_runs_the_next_works_too(tmp_path: Path) -> None:
    # In the way of ddtrace-run: itself off the path, then `import sitecustomize` again.
    tmp_path.joinpath("sitecustomize.py").write_text(
        dedent(
            """
            import os, sys
            print("first")
            sys.path.remove(os.path.dirname(__file__))
            del sys.modules["sitecustomize"]
            import sitecustomize
            """
        )
    )
    tmp_path.joinpath("show.py").write_text(SHOW)
    inner = f'PYTHONPATH="{tmp_path}:$PYTHONPATH" exec "{sys.executable}" show.py'
    done = run([*EXEC, "--", "sh", "-c", inner], tmp_path)
    first, second = done.stdout.split()
    assert first == "first" and second != "real", done.stderr


def test_the_command_may_stand_in_the_working_directory_s_package(tmp_path: Path) -> None:
    # `python -m ferroapi` with the package on no path but the working directory's: children find it all the same.
    package = tmp_path / "ferroapi"
    package.symlink_to(_package())
    interpreter = os.path.realpath(sys.executable)
    probe = "import sys, ferroapi.dropin; print(ferroapi.dropin.is_installed())"
    done = run([interpreter, "-P", "-m", "ferroapi", "exec"], tmp_path, PYTHONPATH=None)
    if "No module named" not in done.stderr:
        pytest.skip("the package is installed in the base interpreter")
    tmp_path.joinpath("probe.py").write_text(probe)
    other = tmp_path / "elsewhere"
    other.mkdir()
    other.joinpath("probe.py").write_text(probe)
    command = [interpreter, "-m", "ferroapi", "exec", "--", interpreter, "elsewhere/probe.py"]
    assert run(command, tmp_path, PYTHONPATH=None).stdout.strip() == "True"


def test_another_interpreter_is_left_alone(tmp_path: Path) -> None:
    # Same as a foreign one without the package: isolated mode ignores PYTHONPATH.
    done = run([*EXEC, "--", "python", "-I", "-c", SHOW], tmp_path)
    assert done.stdout.strip() == "real", done.stderr


@pytest.mark.parametrize(
    "server",
    [
        ["uvicorn", "main:app"],
        ["uvicorn", "main:app", "--reload"],
        ["uvicorn", "main:app", "--workers", "2"],
        ["python", "-m", "uvicorn", "main:app", "--loop", "uvloop"],
        ["fastapi", "run", "main.py"],
    ],
    ids=" ".join,
)
def test_servers(tmp_path: Path, server: list[str]) -> None:
    tmp_path.joinpath("main.py").write_text(APP)
    port = free_port()
    with serving([*EXEC, "--", *server, "--port", str(port)], tmp_path) as process:
        answer = ask(port, process)
        assert '"module":"fastapi.applications","ours":true' in answer
        if "--workers" in server or "--reload" in server:
            assert f'"pid":{process.pid}' not in answer


def test_gunicorn(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    pytest.importorskip("uvicorn_worker")
    tmp_path.joinpath("main.py").write_text(APP)
    port = free_port()
    command = ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-b", f"127.0.0.1:{port}", "main:app"]
    with serving([*EXEC, "--", *command], tmp_path) as process:
        assert '"ours":true' in ask(port, process)


def test_reload_serves_the_changed_application(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text(APP)
    port = free_port()
    with serving([*EXEC, "--", "uvicorn", "main:app", "--reload", "--port", str(port)], tmp_path) as process:
        assert '"ours":true' in ask(port, process)
        main.write_text(APP.replace('"ours"', '"still"'))
        until(lambda: '"still":true' in ask(port, process))


def _package() -> Path:
    import ferroapi

    assert ferroapi.__file__ is not None
    return Path(ferroapi.__file__).parent
