"""The package imported a second time in one process: applications of the first copy, and of the second."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.serving import environment

PROGRAM = str(Path(__file__).with_name("again.py"))


def differences(directory: Path, *arguments: str) -> dict[str, dict[str, str]]:
    done = subprocess.run(
        [sys.executable, PROGRAM, *arguments],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    return differences(tmp_path_factory.mktemp("reference"), "fastapi")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("arguments", [("ferroapi",), ("fastapi", "--install")], ids=" ".join)
def test_nothing_breaks_that_holds_on_the_reference(
    tmp_path: Path, reference: dict[str, dict[str, str]], arguments: tuple[str, ...]
) -> None:
    for way, found in differences(tmp_path, *arguments).items():
        # Where a reload breaks applications of the reference as well, which of them is nobody's contract.
        if way.startswith("dropped") or not reference[way.replace(" ferroapi", " fastapi")]:
            assert not found, way


def test_one_interpreter_of_a_process_can_have_it(python) -> None:
    code = """
        try:
            import _interpreters as interpreters

            run, create = interpreters.exec, lambda: interpreters.create("legacy")
        except ImportError:
            import _xxsubinterpreters as interpreters

            run, create = interpreters.run_string, interpreters.create

        def attempt(code):
            try:
                return str(run(create(), code))
            except interpreters.RunFailedError as error:
                return str(error)

        import ferroapi._core
        print("ImportError" in (failed := attempt("import ferroapi._core")), "one interpreter" in failed)
    """
    assert python(code) == "True True"


def test_a_fork_serves_what_its_parent_built(python) -> None:
    code = """
        import asyncio, os
        import ferroapi

        app = ferroapi.FastAPI()

        @app.get("/")
        def root():
            return os.getpid()

        async def ask():
            sent = []

            async def receive():
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message):
                sent.append(message)

            scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
            await app(scope, receive, send)
            return int(sent[1]["body"])

        assert asyncio.run(ask()) == os.getpid()
        child = os.fork()
        if child == 0:
            os._exit(0 if asyncio.run(ask()) == os.getpid() else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), asyncio.run(ask()) == os.getpid())
    """
    assert python(code) == "0 True"


@pytest.mark.parametrize("order", [("fastapi", "ferroapi"), ("ferroapi", "fastapi")], ids=" ".join)
def test_beside_the_reference_in_one_process(python, order: tuple[str, str]) -> None:
    code = f"""
        import importlib
        first, second = map(importlib.import_module, {order!r})
        assert first.FastAPI is not second.FastAPI
        inner = second.FastAPI()
        outer = first.FastAPI()
        outer.mount("/inner", inner)
        print(issubclass(first.FastAPI, second.FastAPI), first.FastAPI.__module__, second.FastAPI.__module__)
    """
    assert python(code) == f"False {order[0]}.applications {order[1]}.applications"
