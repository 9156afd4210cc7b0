"""The application class: attributes, middleware stack, documentation routes, effects of a call."""

import os
import subprocess
import sys
import weakref
from typing import Any

import fastapi
import pytest
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware

import ferroapi
from ferroapi import APIRouter, FastAPI, HTTPException, Request, applications
from ferroapi.exceptions import FastAPIDeprecationWarning
from ferroapi.responses import JSONResponse, PlainTextResponse
from ferroapi.testclient import TestClient


def kinds(instance: object) -> list[tuple[str, str]]:
    return [(name, type(value).__name__) for name, value in vars(instance).items()]


def names(stack: Any) -> list[str]:
    found = []
    while stack is not None:
        found.append(type(stack).__name__)
        stack = getattr(stack, "app", None) if not isinstance(stack, (APIRouter, fastapi.APIRouter)) else None
    return found


class Outer:
    def __init__(self, app: Any, mark: str = "outer") -> None:
        self.app, self.mark = app, mark

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("marks", []).append(self.mark)
        await self.app(scope, receive, send)


@pytest.mark.parametrize("arguments", [{}, {"title": "T", "openapi_url": None, "servers": [{"url": "/s"}]}])
def test_attributes_are_the_references_in_its_order(arguments: dict[str, Any]) -> None:
    assert kinds(FastAPI(**arguments)) == kinds(fastapi.FastAPI(**arguments))


def test_arguments_become_attributes_or_reach_the_router() -> None:
    def unique_id(route: Any) -> str:
        return str(route.name)

    app = FastAPI(title="T", version="2", generate_unique_id_function=unique_id, deprecated=True)
    assert (app.title, app.version) == ("T", "2")
    assert app.router.generate_unique_id_function is unique_id
    assert app.router.deprecated is True
    assert app.router.dependency_overrides_provider is app


def test_module_names_of_the_reference_are_there() -> None:
    reference = {name for name in vars(fastapi.applications) if not name.startswith("__")}
    helpers = {"Annotated", "Doc", "DefaultPlaceholder", "IncEx", "os"}
    assert reference - helpers - set(vars(applications)) == set()


def test_user_exception_handlers_stay_first() -> None:
    async def handle(request: Request, exc: Exception) -> JSONResponse:
        return JSONResponse({})

    given = {404: handle, RuntimeError: handle}
    order = [getattr(key, "__name__", key) for key in FastAPI(exception_handlers=given).exception_handlers]
    expected = fastapi.FastAPI(exception_handlers=given).exception_handlers
    assert order == [getattr(key, "__name__", key) for key in expected]
    assert list(given) == [404, RuntimeError]


@pytest.mark.parametrize("field", ["title", "version"])
def test_openapi_needs_a_title_and_a_version(field: str) -> None:
    with pytest.raises(AssertionError, match=f"A {field} must be provided for OpenAPI"):
        FastAPI(**{field: ""})
    FastAPI(**{field: ""}, openapi_url=None)


def test_stack_is_the_references() -> None:
    def build(module: Any) -> Any:
        app = module.FastAPI(debug=True)
        app.add_middleware(Outer)
        return app.build_middleware_stack()

    stack = build(ferroapi)
    assert isinstance(stack, ServerErrorMiddleware)
    assert names(stack)[:5] == names(build(fastapi))[:5]
    assert stack.debug is True


@pytest.mark.parametrize("key", [500, Exception])
def test_server_error_handler_goes_outermost(key: Any) -> None:
    app = FastAPI()

    @app.exception_handler(key)
    async def handle(request: Request, exc: Exception) -> PlainTextResponse:
        return PlainTextResponse(f"handled {exc}", status_code=500)

    @app.get("/")
    async def fail() -> None:
        raise RuntimeError("broken")

    stack: Any = app.build_middleware_stack()
    assert stack.handler is handle
    response = TestClient(app, raise_server_exceptions=False).get("/")
    assert (response.status_code, response.text) == (500, "handled broken")


def test_stack_can_be_dropped_and_replaced_while_serving() -> None:
    app = FastAPI()

    @app.get("/")
    async def marks(request: Request) -> list[str]:
        return request.scope.get("marks", [])

    client = TestClient(app)
    assert client.get("/").json() == []
    first = app.middleware_stack
    app.middleware_stack = Outer(first, "replaced")
    assert client.get("/").json() == ["replaced"]
    app.middleware_stack = None
    app.add_middleware(Outer, mark="added")
    assert client.get("/").json() == ["added"]
    assert app.middleware_stack is not first
    with pytest.raises(RuntimeError, match="Cannot add middleware after an application has started"):
        app.add_middleware(Outer)


@pytest.mark.parametrize("on_class", [True, False])
def test_build_middleware_stack_can_be_patched(on_class: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    app = FastAPI()

    @app.get("/")
    async def marks(request: Request) -> list[str]:
        return request.scope["marks"]

    original = FastAPI.build_middleware_stack
    if on_class:
        monkeypatch.setattr(FastAPI, "build_middleware_stack", lambda self: Outer(original(self), "class"))
    else:
        app.build_middleware_stack = lambda: Outer(original(app), "instance")  # type: ignore[method-assign]
    assert TestClient(app).get("/").json() == ["class" if on_class else "instance"]


def test_user_middleware_runs_outermost_last_added() -> None:
    app = FastAPI(middleware=[])
    app.add_middleware(Outer, mark="inner")
    app.add_middleware(Outer, mark="outer")

    @app.middleware("http")
    async def stamp(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-marks"] = ",".join(request.scope.get("marks", []))
        return response

    @app.get("/")
    async def marks(request: Request) -> list[str]:
        return request.scope["marks"]

    response = TestClient(app).get("/")
    assert response.json() == ["outer", "inner"]
    assert response.headers["x-marks"] == "outer,inner"


def test_exception_handlers_by_class_and_status() -> None:
    app = FastAPI()

    @app.exception_handler(KeyError)
    async def by_class(request: Request, exc: KeyError) -> PlainTextResponse:
        return PlainTextResponse(f"key {exc}", status_code=418)

    @app.exception_handler(404)
    async def by_status(request: Request, exc: HTTPException) -> PlainTextResponse:
        return PlainTextResponse("nothing here", status_code=404)

    @app.get("/key")
    async def key() -> None:
        raise KeyError("k")

    client = TestClient(app)
    assert client.get("/key").text == "key 'k'"
    assert client.get("/other").text == "nothing here"
    assert isinstance(app.middleware_stack, ServerErrorMiddleware)
    assert any(name == ExceptionMiddleware.__name__ for name in names(app.middleware_stack))


def test_scope_of_a_request() -> None:
    with pytest.warns(FastAPIDeprecationWarning, match="`root_path` parameter is deprecated") as caught:
        app = FastAPI(root_path="/proxy")
    assert caught[0].filename == __file__

    @app.get("/")
    async def read(request: Request) -> dict[str, object]:
        return {"root_path": request.scope["root_path"], "app": request.app is app}

    assert TestClient(app).get("/").json() == {"root_path": "/proxy", "app": True}


def test_documentation_routes_have_the_references_names() -> None:
    def routes(module: Any) -> list[tuple[str, str, bool]]:
        return [(route.path, route.name, route.include_in_schema) for route in module.FastAPI().routes]

    assert routes(ferroapi) == routes(fastapi)


@pytest.mark.parametrize(
    "arguments",
    [
        {"openapi_url": None},
        {"docs_url": None},
        {"redoc_url": None},
        {"swagger_ui_oauth2_redirect_url": None},
    ],
)
def test_documentation_routes_can_be_left_out(arguments: dict[str, Any]) -> None:
    paths = [route.path for route in FastAPI(**arguments).routes]  # type: ignore[attr-defined]
    assert paths == [route.path for route in fastapi.FastAPI(**arguments).routes]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect", "/openapi.json"])
@pytest.mark.parametrize("root_path", ["", "/api/"])
def test_documentation_pages_are_the_references(path: str, root_path: str) -> None:
    def page(module: Any) -> tuple[int, str, str]:
        app = module.FastAPI(title="T", servers=[{"url": "/s"}])
        response = TestClient(app, root_path=root_path).get(path)
        return response.status_code, response.headers["content-type"], response.text

    assert page(ferroapi) == page(fastapi)


def test_documentation_functions_are_looked_up_when_called(monkeypatch: pytest.MonkeyPatch) -> None:
    app = FastAPI()
    monkeypatch.setattr(
        applications, "get_swagger_ui_html", lambda **kwargs: PlainTextResponse(kwargs["title"])
    )
    monkeypatch.setattr(
        applications, "get_redoc_html", lambda **kwargs: PlainTextResponse(kwargs["openapi_url"])
    )
    monkeypatch.setattr(applications, "get_openapi", lambda **kwargs: {"title": kwargs["title"]})
    client = TestClient(app)
    assert client.get("/docs").text == "FastAPI - Swagger UI"
    assert client.get("/redoc").text == "/openapi.json"
    assert client.get("/openapi.json").json() == {"title": "FastAPI"}


def test_openapi_document_is_made_once_per_set_of_routes() -> None:
    app = FastAPI()
    first = app.openapi()
    assert app.openapi() is first
    app.get("/")(lambda: None)
    second = app.openapi()
    assert second is not first
    assert "/" in second["paths"]
    app.openapi = lambda: {"mine": True}  # type: ignore[method-assign]
    assert TestClient(app).get("/openapi.json").json() == {"mine": True}


def test_attributes_may_be_set_before_init_and_router_may_be_a_property() -> None:
    class App(FastAPI):
        def __init__(self, **options: Any) -> None:
            self.early = "set"
            self.reads = 0
            super().__init__(**options)

        @property
        def router(self) -> APIRouter:
            self.reads += 1
            return self._router

        @router.setter
        def router(self, router: APIRouter) -> None:
            self._router = router

    app = App(title="T")
    app.get("/")(lambda: "here")
    assert TestClient(app).get("/").json() == "here"
    assert app.early == "set"
    assert app.reads > 0


def test_hashable_and_weakly_referenceable() -> None:
    app = FastAPI()
    assert {app: 1}[app] == 1
    assert weakref.ref(app)() is app


@pytest.mark.parametrize("served", [False, True])
def test_cloudpickled(served: bool) -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    app = FastAPI(title="T", openapi_url=None)

    @app.get("/{item}")
    async def read(item: int) -> int:
        return item

    if served:
        assert TestClient(app).get("/1").json() == 1
    # Starlette's State can't be rebuilt by itself: those who pickle applications bring a reducer for it.
    del app.state
    copy = cloudpickle.loads(cloudpickle.dumps(app))
    assert TestClient(copy).get("/2").json() == 2
    assert copy.title == "T"


def test_lifespan_state_and_event_handlers() -> None:
    events: list[str] = []
    app = FastAPI()
    with pytest.warns(DeprecationWarning, match="on_event is deprecated"):
        app.on_event("startup")(lambda: events.append("start"))
    with pytest.warns(DeprecationWarning, match="Lifespan Events"):
        app.on_event("shutdown")(lambda: events.append("stop"))
    with TestClient(app):
        assert events == ["start"]
    assert events == ["start", "stop"]


def test_websocket_declarations() -> None:
    app = FastAPI()

    @app.websocket("/a")
    async def first(websocket: ferroapi.WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("a")
        await websocket.close()

    @app.websocket_route("/b", name="plain")
    async def second(websocket: ferroapi.WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("b")
        await websocket.close()

    app.add_api_websocket_route("/c", first, name="third")
    client = TestClient(app)
    for path, text in [("/a", "a"), ("/b", "b"), ("/c", "a")]:
        with client.websocket_connect(path) as websocket:
            assert websocket.receive_text() == text
    assert app.url_path_for("plain") == "/b"


SERVE_WITHOUT_TELEMETRY = """
import asyncio, sys
from ferroapi import FastAPI

app = FastAPI()

@app.get("/")
async def read() -> str:
    return "here"

sent = []

async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    sent.append(message)

scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
asyncio.run(app(scope, receive, send))
assert sent[1]["body"] == b'"here"', sent
loaded = [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]
assert not loaded, loaded
"""


def test_serving_does_not_import_opentelemetry() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SERVE_WITHOUT_TELEMETRY],
        # Where Logfire is installed, its plugin for Pydantic imports OpenTelemetry.
        env={**os.environ, "PYDANTIC_DISABLE_PLUGINS": "__all__"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
