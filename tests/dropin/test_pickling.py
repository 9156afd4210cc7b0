"""Applications that are pickled under one way in, and unpickled in another process."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest

from .conftest import run

# The program that both processes run. The reference can't pickle locks nor unpickle Starlette's `State`: as for
# libraries that pickle applications, there are reducers for them.
PROGRAM = """
import asyncio, copyreg, pickle, sys, threading
from importlib import import_module
import cloudpickle, dill
from starlette.datastructures import State

copyreg.pickle(State, lambda state: (State, (dict(state._state),)))
copyreg.pickle(type(threading.Lock()), lambda lock: (threading.Lock, ()))
LIBRARIES = {"cloudpickle": cloudpickle, "dill": dill}
TARGETS = ("/n/1?q=2", "/n/x", "/in/r/3", "/mounted/x", "/none", "/error", "/openapi.json")

def application(api):
    responses = import_module(api.__name__ + ".responses")
    app = api.FastAPI()

    def dependency(q: int = 1):
        return q

    @app.get("/n/{n}")
    async def number(n: int, q: int = api.Depends(dependency)):
        return [n, q]

    @app.get("/error")
    def error():
        raise api.HTTPException(418, "short and stout")

    router = api.APIRouter(prefix="/r")

    @router.get("/{n}")
    def leaf(n: int):
        return n

    app.include_router(router, prefix="/in")
    app.mount("/mounted", responses.PlainTextResponse("mounted"))
    return app

async def ask(app, target):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    path, _, query = target.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [], "scheme": "http", "server": ("server", 80), "client": ("client", 1), "http_version": "1.1",
        "root_path": "",
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)

def visit(app):
    return [(target, asyncio.run(ask(app, target))) for target in TARGETS]

def store(name):
    for when in ("before", "after"):
        app = application(import_module(name))
        if when == "after":
            visit(app)
        for library, module in LIBRARIES.items():
            with open(f"{library}.{when}", "wb") as file:
                file.write(module.dumps(app))

def load(*imported):
    for name in imported:
        import_module(name)
    for when in ("before", "after"):
        for library, module in LIBRARIES.items():
            with open(f"{library}.{when}", "rb") as file:
                app = module.loads(file.read())
            print(library, when, *visit(app), sep="\\n")

if sys.argv[1:2] == ["--install"]:
    import ferroapi.dropin
    ferroapi.dropin.install()
    del sys.argv[1]
globals()[sys.argv[1]](*sys.argv[2:])
"""
PLAIN = [sys.executable, "program.py"]
INSTALL = [*PLAIN, "--install"]
EXEC = [sys.executable, "-m", "ferroapi", "exec", "--", *PLAIN]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> str:
    """A PYTHONPATH with the package in a directory of such a name that dill does not take it for the user's code."""
    packages = tmp_path_factory.mktemp("installed") / "site-packages"
    packages.mkdir()
    spec = find_spec("ferroapi")
    assert spec is not None and spec.origin is not None
    packages.joinpath("ferroapi").symlink_to(Path(spec.origin).parent)
    return str(packages)


def both(directory: Path, path: str, store: Sequence[str], load: Sequence[str]) -> str:
    """What the applications answer that one process stores and another loads."""
    directory.joinpath("program.py").write_text(PROGRAM)
    for command in (store, load):
        done = run(command, directory, PYTHONPATH=path)
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def reference(tmp_path_factory, path: str) -> str:
    directory = tmp_path_factory.mktemp("reference")
    return both(directory, path, [*PLAIN, "store", "fastapi"], [*PLAIN, "load"])


@pytest.mark.parametrize(
    ("store", "load"),
    [
        ([*EXEC, "store", "fastapi"], [*EXEC, "load"]),
        ([*EXEC, "store", "fastapi"], [*INSTALL, "load", "fastapi"]),
        ([*INSTALL, "store", "ferroapi"], [*EXEC, "load", "ferroapi"]),
        ([*PLAIN, "store", "ferroapi"], [*EXEC, "load"]),
        ([*PLAIN, "store", "ferroapi"], [*PLAIN, "load"]),
    ],
    ids=["exec", "exec to install", "install to exec", "own name to exec", "own name"],
)
def test_in_another_process(
    tmp_path: Path, path: str, reference: str, store: list[str], load: list[str]
) -> None:
    assert both(tmp_path, path, store, load) == reference


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_sent_to_a_process_of_multiprocessing(tmp_path: Path, how: str) -> None:
    tmp_path.joinpath("main.py").write_text(
        dedent(
            f"""
            import multiprocessing, os
            from fastapi import APIRouter

            async def endpoint(n: int): ...

            def names(dependant, app_class):
                return type(dependant).__module__, dependant.path_params[0].name, app_class.__module__, os.getpid()

            if __name__ == "__main__":
                router = APIRouter()
                router.get("/{{n}}")(endpoint)
                (route,) = router.routes
                with multiprocessing.get_context({how!r}).Pool(1) as pool:
                    *found, pid = pool.apply(names, [route.dependant, type(route.app)])
                print(*found, pid != os.getpid())
            """
        )
    )
    done = run([*EXEC[:-2], sys.executable, "main.py"], tmp_path)
    assert done.stdout.split() == ["fastapi.dependencies.models", "n", "ferroapi._core", "True"], done.stderr
