"""Mounted applications, hosts, static files, root_path, documentation pages, lifespan."""

# mypy: ignore-errors
import pathlib
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router

from ..driver import Lifespan, get, headers, log, request, ws
from ..registry import differential

HERE = str(pathlib.Path(__file__).parent)


@differential(
    *(
        get(path)
        for path in [
            "/sub/hello",
            "/sub/hello/",
            "/sub/nowhere",
            "/sub",
            "/sub/",
            "/sub/openapi.json",
            "/sub/docs",
            "/sub/deep/hello",
            "/sub/error",
            "/raw/anything",
            "/raw",
            "/raw/",
            "/starlette/x",
            "/star/x",
            "/routed/leaf/5",
            "/param/7/hello",
            "/static/__init__.py",
            "/static/missing.txt",
            "/static/../routers.py",
            "/after",
            "/subhello",
            "/sub%2Fhello",
            "/included/raw/x",
            "/included/static/__init__.py",
        ]
    ),
    request("POST", "/sub/hello"),
    request("POST", "/static/__init__.py"),
    get("/sub/hello", scope={"root_path": "/proxy"}, label="root path not in path"),
    get("/sub/hello", scope={"root_path": "/proxy", "path": "/proxy/sub/hello"}, label="root path in path"),
    ws("/sub/socket", "hi"),
)
def mounted(api):
    app = api.FastAPI()
    sub, deep = api.FastAPI(title="Sub"), api.FastAPI(openapi_url=None)

    @sub.get("/hello")
    async def hello(request: api.Request):
        scope = request.scope
        return [
            scope["root_path"],
            scope["path"],
            scope["path_params"],
            str(request.url),
            str(request.url_for("hello")),
        ]

    @sub.get("/error")
    async def error():
        raise ValueError("in sub")

    @sub.websocket("/socket")
    async def socket(websocket: api.WebSocket):
        await websocket.accept()
        await websocket.send_text(websocket.scope["root_path"] + await websocket.receive_text())
        await websocket.close()

    @deep.get("/hello")
    async def deep_hello(request: api.Request):
        return request.scope["root_path"]

    async def raw(scope, receive, send):
        text = f"{scope['root_path']} {scope['path']} {scope.get('path_params')}"
        await PlainTextResponse(text)(scope, receive, send)

    async def plain(request):
        return PlainTextResponse(f"starlette {request.path_params}")

    sub.mount("/deep", deep)
    app.mount("/sub", sub, name="sub")
    app.mount("/raw", raw)
    app.mount("/starlette", Starlette(routes=[Route("/{x}", plain)]))
    app.router.routes.append(Mount("/star", routes=[Route("/{x}", plain)]))
    app.mount("/param/{n:int}", sub)
    app.mount("/static", api.staticfiles.StaticFiles(directory=HERE), name="static")
    routed = api.APIRouter()

    @routed.get("/leaf/{n}")
    async def leaf(n: int):
        return n

    app.mount("/routed", routed)
    included = api.APIRouter(prefix="/included")
    included.mount("/raw", raw)
    included.mount("/static", api.staticfiles.StaticFiles(directory=HERE))
    app.include_router(included)

    @app.get("/after")
    async def after(request: api.Request):
        return str(request.url_for("static", path="/__init__.py"))

    return app


@differential(
    get(
        "/x",
        headers=headers(host="api.example.org"),
        scope={"headers": [(b"host", b"api.example.org")]},
        label="host",
    ),
    get("/x"),
    get("/x", scope={"headers": [(b"host", b"other.example.org:8000")]}, label="host with port"),
)
def hosts(api):
    app = api.FastAPI()

    async def plain(request):
        return PlainTextResponse(f"host {request.path_params}")

    app.router.routes.append(Host("{name}.example.org", Router([Route("/x", plain)])))

    @app.get("/x")
    async def fallback():
        return "fallback"

    return app


DOCS = ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/hello", "/nowhere", "/docs/")


@differential(*(get(path) for path in DOCS), request("HEAD", "/docs"), request("POST", "/openapi.json"))
def documentation(api):
    app = api.FastAPI(
        title="T<i>tle",
        summary="S",
        description="# D",
        version="9",
        terms_of_service="http://t",
        contact={"name": "n", "email": "e@example.com"},
        license_info={"name": "MIT", "identifier": "MIT"},
        openapi_tags=[{"name": "b"}, {"name": "a", "description": "A"}],
        servers=[{"url": "/v1", "description": "one"}],
        swagger_ui_init_oauth={"clientId": "</script>"},
        swagger_ui_parameters={"deepLinking": False, "x": [1]},
        openapi_external_docs={"url": "http://x"},
    )
    callback = api.APIRouter()

    @callback.post("{$callback_url}/done")
    def done(code: int):
        pass

    @app.get(
        "/hello",
        tags=["a", "b"],
        callbacks=callback.routes,
        openapi_extra={"x-a": 1},
        operation_id="op",
        summary="Sum",
    )
    async def hello():
        """Describe it.

        More.\fhidden
        """

    @app.webhooks.post("event")
    def event(n: int):
        """A webhook."""

    return app


@differential(
    *(get(path) for path in DOCS),
    *(get(path, scope={"root_path": "/server"}, label=f"{path} root path from the server") for path in DOCS),
    get("/api/v1/hello", scope={"path": "/api/v1/hello"}),
)
def root_path(api):
    app = api.FastAPI(root_path="/api/v1", servers=[{"url": "/other"}])

    @app.get("/hello")
    async def hello(request: api.Request):
        return [
            request.scope["root_path"],
            str(request.url),
            str(request.url_for("hello")),
            request.scope["path"],
        ]

    return app


@differential(*(get(path) for path in ("/schema", "/ui", "/docs", "/redoc", "/openapi.json")))
def moved_documentation(api):
    return api.FastAPI(
        openapi_url="/schema", docs_url="/ui", redoc_url=None, swagger_ui_oauth2_redirect_url=None
    )


@differential(*(get(path) for path in DOCS[:4]), openapi=False)
def no_documentation(api):
    return api.FastAPI(openapi_url=None)


@differential(*(get(path) for path in ("/custom", "/openapi.json")))
def custom_openapi(api):
    app = api.FastAPI(separate_input_output_schemas=False)
    app.get("/custom")(lambda: 1)

    def openapi():
        if not app.openapi_schema:
            schema = api.openapi.utils.get_openapi(
                title="Custom", version="0", routes=app.routes, tags=[{"name": "x"}]
            )
            schema["info"]["x-logo"] = {"url": "l"}
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi
    return app


@differential(Lifespan(), get("/state"), fresh=True)
def lifespan(api):
    @asynccontextmanager
    async def life(app):
        log("start", type(app).__name__)
        yield {"from": "lifespan"}
        log("stop")

    app = api.FastAPI(lifespan=life)

    @app.get("/state")
    async def state(request: api.Request):
        request.state.x = 1
        return [request.state.x, hasattr(request.app.state, "x"), request.app is app]

    return app


@differential(Lifespan(), fresh=True)
def startup_events(api):
    router = api.APIRouter(on_startup=[lambda: log("router start")], on_shutdown=[lambda: log("router stop")])
    app = api.FastAPI(on_startup=[lambda: log("app start")], on_shutdown=[lambda: log("app stop")])

    @app.on_event("startup")
    async def start():
        log("event start")
        app.get("/added")(lambda: 1)

    @router.on_event("shutdown")
    def stop():
        log("event stop")

    app.include_router(router)
    return app


@differential(Lifespan(), fresh=True, openapi=False)
def failing_startup(api):
    @asynccontextmanager
    async def life(app):
        log("start")
        raise RuntimeError("no start")
        yield

    return api.FastAPI(lifespan=life)


@differential(Lifespan(), fresh=True, openapi=False)
def merged_lifespans(api):
    def make(name):
        @asynccontextmanager
        async def life(app):
            log("start", name)
            yield {name: 1}
            log("stop", name)

        return life

    app = api.FastAPI(lifespan=make("app"))
    router = api.APIRouter(lifespan=make("router"))
    app.include_router(router)
    return app
