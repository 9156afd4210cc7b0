"""What a request leaves in its scope, for whoever looks at it from outside: keys and kinds of values."""

# mypy: ignore-errors
import contextvars
from contextlib import AsyncExitStack
from typing import Annotated

from tests.both import Stories, ask, talk
from tests.differential.driver import Http, http_scope

stories = Stories()
current = contextvars.ContextVar("scope")

FROM_SERVERS = set(http_scope(Http(target="/")))
STACKS = {
    "fastapi_inner_astack",
    "fastapi_function_astack",
    "fastapi_middleware_astack",
    "fastapi_async_cleanup_scopes",
}
TARGETS = (
    "/plain",
    "/number/1",
    "/number/x",
    "/dependency",
    "/sync",
    "/function",
    "/mixed",
    "/request",
    "/error",
    "/http-error",
    "/streamed",
    "/starlette",
    "/included/in/1",
    "/included/in/x",
    "/included/in/deep/1",
    "/mount/1",
    "/mount/x",
    "/mount/nowhere/at/all",
    "/after/1",
    "/nowhere",
    "/plain/",
    "/included/in/1/",
    "POST /plain",
    "POST /included/in/1",
    "POST /after/1",
    "POST /form",
)


def application(api, *, includes=True):
    app = api.FastAPI()

    async def resource():
        yield 1

    def sync_resource():
        yield 2

    async def number(n: int):
        return n

    @app.get("/plain")
    async def plain():
        return "plain"

    app.get("/number/{n}")(number)

    @app.get("/dependency")
    async def dependency(value: Annotated[int, api.Depends(resource)]):
        return value

    @app.get("/sync")
    async def sync(value: Annotated[int, api.Depends(sync_resource)]):
        return value

    @app.get("/function")
    async def function(value: Annotated[int, api.Depends(resource, scope="function")]):
        return value

    @app.get("/mixed")
    async def mixed(
        value: Annotated[int, api.Depends(resource)],
        other: Annotated[int, api.Depends(sync_resource)],
        request: api.Request,
    ):
        return value

    @app.get("/request")
    async def request(request: api.Request):
        return "request"

    @app.get("/error")
    async def error():
        raise ValueError("error")

    @app.get("/http-error")
    async def http_error():
        raise api.HTTPException(418)

    @app.get("/streamed")
    async def streamed():
        return api.responses.StreamingResponse(iter(["a", "b"]))

    @app.post("/form")
    async def form(a: Annotated[str, api.Form()] = "none"):
        return a

    @app.websocket("/ws/{n}")
    async def session(websocket: api.WebSocket, n: int, value: Annotated[int, api.Depends(resource)]):
        await websocket.accept()

    app.add_route("/starlette", lambda request: api.responses.PlainTextResponse("starlette"))
    if includes:
        inner, deep = api.APIRouter(prefix="/in"), api.APIRouter(prefix="/deep")
        deep.get("/{n}")(number)
        inner.get("/{n}")(number)
        inner.include_router(deep)
        app.include_router(inner, prefix="/included")
    app.get("/after/{n}")(number)
    sub = api.FastAPI()
    sub.get("/{n}")(number)
    app.mount("/mount", sub)
    app.add_route("/late", lambda request: api.responses.PlainTextResponse("late"))
    return app


def kinds(scope, without=()):
    keys = sorted(key for key in scope if key not in FROM_SERVERS and key not in without)
    return [(key, type(scope[key]).__name__) for key in keys]


class Looking:
    """Looks before, while the response is sent, and afterwards."""

    def __init__(self, app, log):
        self.app, self.log = app, log

    async def __call__(self, scope, receive, send):
        current.set(scope)

        async def sending(message):
            self.log("sending", message["type"], kinds(scope))
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            self.log("afterwards", kinds(scope), dict(scope).keys() == scope.keys())


async def asked(log, app, without=()):
    for target in TARGETS:
        method, _, path = target.rpartition(" ")
        scope = {}
        answer = await ask(app, path, method=method or "GET", scope=scope)
        log(target, answer[0], kinds(scope, without))
    scope = {}
    for path in ("/ws/1", "/ws/x", "/nowhere"):
        log(await talk(app, path, scope=scope), kinds(scope))


@stories.vary("includes", (True, False))
async def middleware_looks(api, log, includes):
    app = application(api, includes=includes)
    app.add_middleware(Looking, log=log)
    # Twice: what is found at a first request may be compiled for the next.
    await asked(log, app)
    await asked(log, app)


@stories
async def middleware_looks_through_native_layers(api, log):
    app = application(api)
    app.add_middleware(api.middleware.gzip.GZipMiddleware)
    app.add_middleware(api.middleware.cors.CORSMiddleware, allow_origins=["*"])
    app.add_middleware(Looking, log=log)
    await asked(log, app)


@stories
async def a_wrapper_looks(api, log):
    """Stacks and what belongs to them are only there if somebody inside could have used them."""
    await asked(log, application(api), STACKS)


@stories
async def middleware_uses_the_stacks(api, log):
    """What it puts on them is called when they close, before and after what dependencies have there."""
    app = api.FastAPI()

    async def first():
        yield 1
        log("first closed")

    async def second():
        scope = current.get()
        for name in ("fastapi_inner_astack", "fastapi_function_astack", "fastapi_middleware_astack"):
            assert isinstance(scope[name], AsyncExitStack)
            scope[name].callback(log, name, "closed")

    async def third():
        yield 3
        log("third closed")

    @app.get("/")
    async def endpoint(
        first: Annotated[int, api.Depends(first)],
        second: Annotated[None, api.Depends(second)],
        third: Annotated[int, api.Depends(third)],
    ):
        log("endpoint")
        return 1

    app.add_middleware(Looking, log=log)
    log(await ask(app, "/"))


test_same_story = stories.test()
