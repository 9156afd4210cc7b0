"""Middleware of every kind around the compiled part, and what it can see."""

# mypy: ignore-errors
import anyio

from ..driver import get, headers, log, post_json, request
from ..registry import differential


def simple_routes(api, app):
    def resource():
        log("enter")
        yield
        log("exit")

    @app.get("/ok")
    async def ok(request: api.Request):
        log("endpoint")
        return getattr(request.state, "mark", None)

    @app.get("/sync")
    def sync(value: None = api.Depends(resource)):
        log("endpoint")
        return "sync"

    @app.get("/fails")
    async def fails():
        raise ValueError("broken")

    @app.get("/http/{n}")
    async def http(n: int):
        raise api.HTTPException(400, "bad")

    @app.post("/echo")
    async def echo(value: dict):
        return value

    @app.get("/stream")
    async def stream():
        async def body():
            for n in range(3):
                yield str(n)

        return api.responses.StreamingResponse(body())

    @app.get("/background")
    async def background(tasks: api.BackgroundTasks):
        tasks.add_task(log, "background")
        return "later"

    return app


PATHS = (
    *(
        get(path)
        for path in ("/ok", "/sync", "/fails", "/http/1", "/http/x", "/stream", "/background", "/nowhere")
    ),
    post_json("/echo", {"a": 1}),
)


@differential(*PATHS)
def pure_asgi(api):
    class Outer:
        def __init__(self, app, label):
            self.app, self.label = app, label

        async def __call__(self, scope, receive, send):
            log(self.label, "in", sorted(k for k in scope if k in ("app", "router", "route", "endpoint")))

            async def sending(message):
                log(self.label, message["type"])
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-label", self.label.encode()))
                await send(message)

            try:
                await self.app(scope, receive, sending)
            except Exception as exc:
                log(self.label, "raised", type(exc).__name__)
                raise
            finally:
                endpoint = scope.get("endpoint")
                log(self.label, "out", getattr(endpoint, "__name__", None), scope.get("path_params"))

    app = api.FastAPI()
    app.add_middleware(Outer, label="first")
    app.add_middleware(Outer, label="second")
    return simple_routes(api, app)


@differential(*PATHS)
def http_decorator(api):
    app = api.FastAPI()

    @app.middleware("http")
    async def mark(request, call_next):
        request.state.mark = "marked"
        log("before")
        response = await call_next(request)
        log("after", response.status_code)
        response.headers["x-mark"] = "1"
        return response

    @app.middleware("http")
    async def handles(request, call_next):
        try:
            return await call_next(request)
        except ValueError as exc:
            return api.responses.PlainTextResponse(f"caught {exc}", 500)

    return simple_routes(api, app)


@differential(get("/ok"), get("/fails"), get("/blocked"), post_json("/echo", {"a": 1}))
def short_circuit(api):
    app = api.FastAPI()

    @app.middleware("http")
    async def block(request, call_next):
        if request.url.path == "/blocked":
            return api.responses.PlainTextResponse("blocked", 403)
        if request.method == "POST":
            log("body seen", (await request.body()).decode())
        return await call_next(request)

    return simple_routes(api, app)


ORIGIN = headers(origin="https://example.org")


@differential(
    *PATHS,
    get("/ok", headers=ORIGIN, label="cors"),
    get("/fails", headers=ORIGIN, label="cors error"),
    request(
        "OPTIONS", "/ok", headers=(*ORIGIN, *headers(access_control_request_method="POST")), label="preflight"
    ),
    request(
        "OPTIONS",
        "/ok",
        headers=(*ORIGIN, *headers(access_control_request_method="BREW")),
        label="bad preflight",
    ),
    get("/big", headers=headers(accept_encoding="gzip"), label="gzip"),
    get("/big"),
    get("/ok", scope={"headers": [(b"host", b"evil")]}, label="untrusted host"),
)
def stock_middleware(api):
    app = api.FastAPI()
    app.add_middleware(api.middleware.gzip.GZipMiddleware, minimum_size=100, compresslevel=1)
    app.add_middleware(
        api.middleware.cors.CORSMiddleware,
        allow_origins=["https://example.org"],
        allow_credentials=True,
        allow_methods=["GET", "POST"],
    )
    app.add_middleware(api.middleware.trustedhost.TrustedHostMiddleware, allowed_hosts=["testserver"])

    @app.get("/big")
    async def big():
        return ["x" * 100] * 20

    return simple_routes(api, app)


@differential(get("/ok"), get("/rewritten"), get("/fails"), get("/twice"), get("/inner-task"))
def scope_rewriting(api):
    class Rewrite:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http" and scope["path"] == "/rewritten":
                scope = dict(scope, path="/ok", state={"mark": "rewritten"})
            if scope["path"] == "/twice":
                sent = []

                async def swallow(message):
                    sent.append(message)

                await self.app(dict(scope, path="/ok"), receive, swallow)
                log("first answer", len(sent))
                scope = dict(scope, path="/sync")
            if scope["path"] == "/inner-task":
                async with anyio.create_task_group() as group:
                    group.start_soon(self.app, dict(scope, path="/sync"), receive, send)
                return
            await self.app(scope, receive, send)

    app = api.FastAPI(middleware=[])
    app.add_middleware(Rewrite)
    return simple_routes(api, app)


@differential(get("/ok"), get("/fails"), get("/sync"), get("/http/1"), get("/nowhere"))
def replaced_stack(api):
    class App(api.FastAPI):
        def build_middleware_stack(self):
            stack = super().build_middleware_stack()
            log("built", type(stack).__name__)

            async def wrapped(scope, receive, send):
                log("outermost")
                await stack(scope, receive, send)

            return wrapped

    return simple_routes(api, App())


@differential(get("/ok"), get("/fails"), post_json("/echo", {"a": 1}), post_json("/echo", [1]), get("/sync"))
def patched_functions(api):
    """Libraries replace functions of `routing`; replaced on one module at a time, and restored."""
    routing = api.routing
    app = simple_routes(api, api.FastAPI())

    class Patched:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            saved = {
                name: getattr(routing, name)
                for name in ("run_endpoint_function", "serialize_response", "solve_dependencies")
            }

            def wrap(name, original):
                async def wrapper(*args, **kwargs):
                    log(
                        "patched",
                        name,
                        len(args),
                        sorted(kwargs) if name != "solve_dependencies" else "dependant" in kwargs,
                    )
                    return await original(*args, **kwargs)

                return wrapper

            for name, original in saved.items():
                setattr(routing, name, wrap(name, original))
            try:
                await self.app(scope, receive, send)
            finally:
                for name, original in saved.items():
                    setattr(routing, name, original)

    app.add_middleware(Patched)
    return app
