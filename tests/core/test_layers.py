"""Middleware that runs natively: what changes while the application serves, and what passes in single messages."""

# mypy: ignore-errors
import copy

import pytest
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware, IdentityResponder
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from tests.both import Stories, ask, replaced

stories = Stories()
ORIGIN = ("origin", "https://a.example")
GZIP = ("accept-encoding", "gzip")


def application(api, cls, **settings):
    app = api.FastAPI(openapi_url=None)
    app.add_middleware(cls, **settings)

    @app.get("/")
    async def root():
        return "x" * 50

    @app.get("/object")
    async def returns_object():
        return kept

    @app.get("/stream")
    async def stream():
        return StreamingResponse(iter(["x" * 50, "y" * 50]), headers={"vary": "Cookie"})

    @app.get("/by-hand")
    async def by_hand(request: api.Request):
        await request._send({"type": "http.response.start", "status": 201})
        await request._send({"type": "http.response.body", "body": b"by hand" * 20})
        return "too late"

    @app.get("/late")
    async def late():
        def fails():
            raise RuntimeError("before the first chunk")
            yield

        return StreamingResponse(fails())

    kept = PlainTextResponse("z" * 50, headers={"vary": "Cookie"})
    return app


async def look(app, log, *headers, path="/"):
    """Log head and body of the answer, and what reached the server instead of one."""
    sent = []

    async def send(message):
        sent.append({key: bytes(value) if key == "body" else value for key, value in message.items()})

    answer = await ask(app, path, headers=headers, send=send)
    log(path, *sent, *answer[2:])


def layer_of(app, cls):
    layer = app.middleware_stack
    while not isinstance(layer, cls):
        layer = layer.app
    return layer


PATHS = ("/", "/object", "/object", "/stream", "/by-hand", "/late", "/missing")


@stories
async def cors_on_every_kind_of_response(api, log):
    app = application(api, CORSMiddleware, allow_origins=[ORIGIN[1]], expose_headers=["X-A", "X-B"])
    for path in PATHS:
        await look(app, log, ORIGIN, path=path)
        await look(app, log, path=path)


@stories
async def gzip_on_every_kind_of_response(api, log):
    app = application(api, GZipMiddleware, minimum_size=20)
    for path in PATHS:
        await look(app, log, GZIP, path=path)
        await look(app, log, path=path)


@stories
async def all_three_in_each_order(api, log):
    settings = {
        CORSMiddleware: {"allow_origins": ["*"], "allow_credentials": True},
        GZipMiddleware: {"minimum_size": 20},
        TrustedHostMiddleware: {"allowed_hosts": ["*.example", "testserver"]},
    }
    for first in settings:
        app = application(api, first, **settings[first])
        for cls in settings:
            if cls is not first:
                app.add_middleware(cls, **settings[cls])
        for path in PATHS:
            await look(app, log, ORIGIN, GZIP, path=path)


async def change_origins(app, log, origins):
    """Change what a CORS layer that was made with `origins` says, bit by bit; returns the layer."""
    await look(app, log, ORIGIN)
    origins.append(ORIGIN[1])
    await look(app, log, ORIGIN)
    layer = layer_of(app, CORSMiddleware)
    layer.simple_headers["X-Later"] = "1"
    await look(app, log, ORIGIN)
    layer.allow_origins = ()
    await look(app, log, ORIGIN)
    return layer


@stories
async def settings_change_while_serving(api, log):
    origins = []
    app = application(api, CORSMiddleware, allow_origins=origins)
    layer = await change_origins(app, log, origins)
    layer.allow_all_origins = True
    await look(app, log, ORIGIN)
    layer.is_allowed_origin = lambda origin: log("asked", origin)
    layer.allow_all_origins = False
    await look(app, log, ORIGIN)


@stories
async def settings_of_other_types(api, log):
    app = application(api, GZipMiddleware, minimum_size=20.5)
    await look(app, log, GZIP)
    layer_of(app, GZipMiddleware).minimum_size = 100
    await look(app, log, GZIP)


@stories
async def hosts_change_while_serving(api, log):
    app = application(api, TrustedHostMiddleware, allowed_hosts=["a.example"])
    await look(app, log)
    layer_of(app, TrustedHostMiddleware).allowed_hosts = ["testserver"]
    await look(app, log)
    layer_of(app, TrustedHostMiddleware).allowed_hosts.remove("testserver")
    await look(app, log)


@stories
async def methods_are_patched_and_restored(api, log):
    app = application(api, GZipMiddleware, minimum_size=20)

    async def apply_compression(self, body, *, more_body):
        log("patched")
        return body

    await look(app, log)
    with replaced((IdentityResponder, "apply_compression", apply_compression)):
        await look(app, log)
    await look(app, log)


@stories
async def a_layer_is_put_inside(api, log):
    app = application(api, CORSMiddleware, allow_origins=["*"])
    await look(app, log, ORIGIN)
    layer = layer_of(app, CORSMiddleware)
    inner = layer.app

    async def noted(scope, receive, send):
        log("inside", scope["path"])
        await inner(scope, receive, send)

    layer.app = noted
    await look(app, log, ORIGIN)


class Around:
    """A middleware that Python must run."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def noted(message):
            await send(
                {**message, "headers": [*message["headers"], (b"x-around", b"1")]}
                if "status" in message
                else message
            )

        await self.app(scope, receive, noted)


SETTINGS = {
    CORSMiddleware: {"allow_origins": [ORIGIN[1]]},
    GZipMiddleware: {"minimum_size": 20},
    TrustedHostMiddleware: {"allowed_hosts": ["testserver"]},
}


@stories
async def behind_and_before_middleware_of_the_users(api, log):
    for cls, settings in SETTINGS.items():
        app = application(api, cls, **settings)
        app.add_middleware(Around)
        app.add_middleware(GZipMiddleware, minimum_size=30)
        for path in PATHS:
            await look(app, log, ORIGIN, GZIP, path=path)
            await look(app, log, path=path)
        preflight = (ORIGIN, ("access-control-request-method", "GET"))
        log(await ask(app, "/", method="OPTIONS", headers=preflight))
        log(await ask(app, "/", headers=(("host", "other.example"),)))


@stories
async def settings_change_behind_middleware_of_the_users(api, log):
    origins = []
    app = application(api, CORSMiddleware, allow_origins=origins)
    app.add_middleware(Around)
    layer = await change_origins(app, log, origins)
    inner = layer.app

    async def noted(scope, receive, send):
        log("inside", scope["path"])
        await inner(scope, receive, send)

    layer.app = noted
    await look(app, log, ORIGIN)

    async def patched(self, scope, receive, send):
        log("patched")
        await self.app(scope, receive, send)

    with replaced((CORSMiddleware, "__call__", patched)):
        await look(app, log, ORIGIN)
    await look(app, log, ORIGIN)


@stories
async def the_stack_is_copied(api, log):
    for cls, settings in SETTINGS.items():
        app = application(api, cls, **settings)
        app.add_middleware(Around)
        await look(app, log, ORIGIN, GZIP)
        layer = layer_of(app, cls)
        other = copy.copy(layer)
        log(isinstance(other, cls), other is layer, sorted(key for key in vars(other) if key[0] != "_"))
        app.middleware_stack = copy.copy(app.middleware_stack)
        await look(app, log, ORIGIN, GZIP)


@pytest.mark.parametrize("cls", SETTINGS)
def test_a_layer_behind_the_users_is_native(cls: type) -> None:
    """Called by Python, it runs in Rust all the same."""
    import anyio

    import ferroapi

    app = application(ferroapi, cls, **SETTINGS[cls])
    app.add_middleware(Around)
    anyio.run(ask, app, "/")
    assert vars(layer_of(app, cls))["_line"].native


@pytest.mark.parametrize("cls", [CORSMiddleware, GZipMiddleware, TrustedHostMiddleware])
def test_the_layer_is_native(cls: type) -> None:
    """`explain` says what the stack is compiled to."""
    import ferroapi
    from ferroapi._compiled.stack import inside_of_stack

    app = application(ferroapi, cls)
    stack = inside_of_stack(app.build_middleware_stack())
    [spec] = stack.layers
    assert isinstance(spec.layer, cls)


test_same_story = stories.test()
