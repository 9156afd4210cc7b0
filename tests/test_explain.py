"""`python -m ferroapi explain`: what it says is native is, and what is not has its reason."""

# mypy: ignore-errors
import gc
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
import starlette.convertors
import starlette.requests
import starlette.routing
from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.responses import Response
from tests.both import ask, replaced

import ferroapi.routing
from ferroapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Form,
    Header,
    Query,
    Request,
    Security,
)
from ferroapi.explain import Explanation, explain, main
from ferroapi.responses import HTMLResponse, StreamingResponse
from ferroapi.security import APIKeyHeader

STACKS = {"fastapi_inner_astack", "fastapi_function_astack", "fastapi_middleware_astack"}


class Item(BaseModel):
    a: int


class Filters(BaseModel):
    q: int = 1


def dependency(q: int = 1):
    return q


async def async_dependency(value: Annotated[int, Depends(dependency)], h: Annotated[str, Header()] = "h"):
    return value


async def generator():
    yield 1


def sync_generator():
    yield 1


# Native: `/` of each is asked and must make no `Request`.


async def hello():
    return {"hello": "world"}


async def parameters(
    q: int = 1,
    tags: Annotated[list[str], Query()] = [],
    h: Annotated[str, Header()] = "",
    c: Annotated[str, Cookie()] = "",
):
    return [q, tags, h, c]


async def depends(value: Annotated[int, Depends(async_dependency)]):
    return value


def threaded(value: Annotated[int, Depends(dependency)]):
    return value


async def model_out() -> Item:
    return Item(a=1)


async def model_in(item: Item, extra: Annotated[int, Body()] = 1):
    return item.a


async def background(tasks: BackgroundTasks, response: Response):
    tasks.add_task(dependency)
    response.headers["x"] = "y"


async def filtered(filters: Annotated[Filters, Query()], h: Annotated[Filters, Header()]):
    return filters.q


async def entered(value: Annotated[int, Depends(generator)]):
    return value


NATIVE = [hello, parameters, depends, threaded, model_out, model_in, background, filtered, entered]


def connections() -> list[HTTPConnection]:
    """All that are alive; other objects are not asked what they are, as a dead proxy can't tell."""
    # By identity: a class of a test's own may refuse to be hashed.
    return [item for item in gc.get_objects() if any(cls is HTTPConnection for cls in type(item).__mro__)]


async def objects_made(app: Any, **options: Any) -> tuple[list[HTTPConnection], dict[str, Any]]:
    """The connection objects that are alive while the response is sent, and the scope afterwards."""
    seen: list[HTTPConnection] = []
    before = {id(item) for item in connections()}

    async def send(message: Any) -> None:
        seen.extend(item for item in connections() if id(item) not in before)

    scope: dict[str, Any] = {}
    await ask(app, "/", send=send, scope=scope, **options)
    return seen, scope


def only(app: Any) -> Explanation:
    return explain(app)[-1]


@pytest.mark.parametrize("endpoint", NATIVE)
async def test_native_means_no_request_object(endpoint: Callable[..., Any]) -> None:
    app = FastAPI(openapi_url=None)
    options = {"method": "POST", "body": {"item": {"a": 1}}} if endpoint is model_in else {}
    app.api_route("/", methods=["GET", "POST"])(endpoint)
    app.include_router(app.router.__class__(), prefix="/empty")
    assert explain(app)[0] == Explanation(("GET", "POST"), "/", ())
    for _ in range(2):
        await ask(app, "/", **options)
    seen, scope = await objects_made(app, **options)
    assert seen == [] and not STACKS & set(scope)


@pytest.mark.parametrize("target", ["/none", "/in/leaf", "/in/leaf?q=x"])
async def test_included_routes_and_errors_are_native(target: str) -> None:
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.get("/leaf")(parameters)
    app.include_router(router, prefix="/in")
    assert explain(app) == [Explanation(("GET",), "/in/leaf", ())]
    await ask(app, target)
    before = connections()

    async def send(message: Any) -> None:
        if target != "/in/leaf?q=x":  # the handler of validation errors is given a request
            assert connections() == before

    await ask(app, target, send=send)


async def test_the_proof_sees_a_request_that_is_made() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def looks(request: Request):
        return request.url.path

    await ask(app, "/")
    seen, scope = await objects_made(app)
    assert seen and set(scope) >= STACKS


# Leaves.


class Route(ferroapi.routing.APIRoute):
    def get_route_handler(self):
        original = super().get_route_handler()

        async def own_handler(request):
            return await original(request)

        return own_handler


class Matching(ferroapi.routing.APIRoute):
    def matches(self, scope):
        return super().matches(scope)


class Twice(starlette.convertors.Convertor[int]):
    regex = "[0-9]+"

    def convert(self, value: str) -> int:
        return int(value) * 2

    def to_string(self, value: int) -> str:
        return str(value)


def with_route(path: str = "/", endpoint: Any = hello, **options: Any) -> Callable[[], FastAPI]:
    def build() -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.add_api_route(path, endpoint, **options)
        return app

    return build


def with_route_class(cls: type) -> Callable[[], FastAPI]:
    def build() -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.router.route_class = cls
        app.get("/")(hello)
        return app

    return build


def with_app(change: Callable[[FastAPI], Any]) -> Callable[[], FastAPI]:
    def build() -> FastAPI:
        app = with_route()()
        change(app)
        return app

    return build


def own_stack(app: FastAPI) -> None:
    async def stack(scope, receive, send): ...

    app.middleware_stack = stack


def own_app(app: FastAPI) -> None:
    app.routes[0].app = Response("own")


def own_convertor(app: FastAPI) -> None:
    app.routes.clear()
    app.add_api_route("/{n:int}", hello)
    app.routes[0].param_convertors["n"] = Twice()


async def form(a: Annotated[int, Form()]): ...
async def entered_beside_request(value: Annotated[int, Depends(generator)], request: Request): ...
async def entered_in_thread(value: Annotated[int, Depends(sync_generator)]): ...
async def limited(key: Annotated[str, Security(APIKeyHeader(name="key"))]): ...


async def streamed():
    yield b"chunk"


def model_in_thread() -> Item:
    return Item(a=1)


LEAVES: dict[str, tuple[Callable[[], FastAPI], str]] = {
    "route class with a handler": (
        with_route_class(Route),
        "handler: Route.get_route_handler.<locals>.own_handler",
    ),
    "route class that matches": (with_route_class(Matching), "asked in Python: Matching"),
    "mount": (with_app(lambda app: app.mount("/m", Response())), "asked in Python: Mount"),
    "websocket": (with_app(lambda app: app.websocket("/ws")(hello)), "asked in Python: APIWebSocketRoute"),
    "application of its own": (with_app(own_app), "application: Response"),
    "convertor": (with_app(own_convertor), "convertor of 'n': Twice"),
    "middleware stack": (with_app(own_stack), "middleware stack of another kind"),
    "form": (with_route(endpoint=form, methods=["POST"]), "form parsing"),
    "exit stack": (with_route(endpoint=entered_beside_request), "exit stack of generator"),
    "generator in threads": (with_route(endpoint=entered_in_thread), "exit stack of sync_generator"),
    "response class": (with_route(response_class=HTMLResponse), "response class"),
    "model in a thread": (with_route(endpoint=model_in_thread), "validated in a thread"),
    "stream": (with_route(endpoint=streamed, response_class=StreamingResponse), "stream of streamed"),
}


@pytest.mark.parametrize("name", LEAVES)
def test_leaf_has_its_reason(name: str) -> None:
    build, reason = LEAVES[name]
    explanation = only(build())
    assert not explanation.native
    assert any(reason in leaf for leaf in explanation.leaves), explanation
    assert reason in str(explanation)


def test_security_classes_are_no_leaves() -> None:
    assert not any("APIKeyHeader" in leaf for leaf in only(with_route(endpoint=limited)()).leaves)


@contextmanager
def patched(owner: Any, name: str):
    original = getattr(owner, name)

    def patch(*args, **kwargs):
        return original(*args, **kwargs)

    with replaced((owner, name, patch)):
        yield


PATCHES = {
    "solve_dependencies": (ferroapi.routing, "routing.solve_dependencies"),
    "run_endpoint_function": (ferroapi.routing, "routing.run_endpoint_function"),
    "serialize_response": (ferroapi.routing, "routing.serialize_response"),
    "jsonable_encoder": (ferroapi.routing, "routing.jsonable_encoder"),
    "__init__": (starlette.requests.Request, "Request.__init__"),
    "handle": (starlette.routing.Route, "asked in Python: APIRoute"),
    "__call__": (ferroapi.applications.Starlette, "middleware stack of another kind, or patched"),
}


@pytest.mark.parametrize("name", PATCHES)
def test_patches_are_named_while_they_last(name: str) -> None:
    owner, reason = PATCHES[name]
    app = with_route()()
    assert only(app).native
    with patched(owner, name):
        explanation = only(app)
        assert not explanation.native and reason in str(explanation)
    assert only(app).native


def test_user_middleware_leaves_routes_native() -> None:
    app = with_route()()

    @app.middleware("http")
    async def passing(request, call_next):
        return await call_next(request)

    assert only(app).native


def test_order_is_that_of_matching() -> None:
    app, router = FastAPI(), APIRouter(prefix="/in")
    router.get("/{n:int}")(hello)
    router.mount("/mounted", Response())
    app.get("/first")(hello)
    app.include_router(router, prefix="/api")
    app.get("/last", include_in_schema=False)(hello)
    paths = [explanation.path for explanation in explain(app)]
    assert paths[-4:] == ["/first", "/api/in/{n:int}", "/api/mounted", "/last"]


MODULE = """
from ferroapi import FastAPI

class Holder:
    app = FastAPI(openapi_url=None)

app = Holder.app

@app.get("/native/{n}")
async def native(n: int):
    return n

@app.post("/text", response_class=__import__("starlette.responses").responses.PlainTextResponse)
async def text():
    return "text"
"""


def test_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.joinpath("explained_module.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for target in ("explained_module", "explained_module:app", "explained_module:Holder.app"):
        assert main([target, "--app-dir", str(tmp_path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[:3] for line in lines] == [
            ["GET", "/native/{n}", "native"],
            ["POST", "/text", "response"],
        ]
    command = [sys.executable, "-m", "ferroapi", "explain", "explained_module:app"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (lines, "")
