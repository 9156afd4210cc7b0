"""SURFACE B: classes that instrumentation patches and frameworks subclass."""

# mypy: ignore-errors
import gc
import operator
import weakref
from typing import Annotated

import pytest
import starlette.applications
import starlette.middleware.errors
import starlette.middleware.exceptions
import starlette.requests
import starlette.routing
from tests.both import Stories, ask, replaced, route_of, talk
from tests.differential.registry import load

from .test_a_functions import application, visit

stories = Stories()


class Passing:
    """User middleware that does nothing but tell."""

    def __init__(self, app, log, name="middleware"):
        self.app, self.log, self.name = app, log, name

    async def __call__(self, scope, receive, send):
        self.log(self.name, scope["type"])
        await self.app(scope, receive, send)


def broken(api, app):
    @app.get("/broken")
    async def endpoint():
        raise ValueError("broken")

    return app


@stories
async def build_middleware_stack_patched_on_class_and_instance(api, log):
    original = api.FastAPI.build_middleware_stack

    def build(self):
        stack = original(self)
        log("built", type(stack).__name__, stack.debug, stack.handler, hasattr(stack.app, "app"))
        return Passing(stack, log, "around the stack")

    with replaced((api.FastAPI, "build_middleware_stack", build)):
        app = application(api)
        await visit(app, log)
    app = application(api)
    app.build_middleware_stack = lambda: build(app)
    await visit(app, log)


@stories
async def otel_inserts_inside_the_stack(api, log):
    """OpenTelemetry rewrites `stack.app` of what the instance's own method returned."""
    app = broken(api, application(api))
    original = app.build_middleware_stack

    def build():
        stack = original()
        assert isinstance(stack, starlette.middleware.errors.ServerErrorMiddleware)
        stack.app = Passing(stack.app, log, "inside")
        return stack

    app.build_middleware_stack = build
    await visit(app, log)
    log(await ask(app, "/broken"))


@stories
async def stack_attributes_are_set(api, log):
    app = broken(api, application(api))
    log(await ask(app, "/broken"))
    stack = app.middleware_stack

    async def handler(request, exc):
        return api.responses.PlainTextResponse(f"handled {exc} {request.url.path}", 500)

    stack.handler = handler
    log(await ask(app, "/broken"))
    stack.handler, stack.debug = None, True
    status, text, error = await ask(app, "/broken")
    log(status, "Traceback" in text, error)
    stack.app = Passing(stack.app, log)
    await visit(app, log)
    app.middleware_stack = None
    log(await ask(app, "/broken"))
    app.middleware_stack = Passing(app.build_middleware_stack(), log, "another stack")
    await visit(app, log)
    app.middleware_stack = api.responses.PlainTextResponse("constant")
    log(await ask(app, "/broken"))


def telling(owner, name, log):
    original = getattr(owner, name)
    if name == "matches":

        def patched(self, scope):
            found = original(self, scope)
            if found[0].value:
                log(owner.__name__, name, getattr(self, "path", "?"), found[0].name, sorted(found[1]))
            return found
    elif name in ("__init__", "add_middleware"):

        def patched(self, *args, **kwargs):
            log(owner.__name__, name)
            return original(self, *args, **kwargs)
    else:

        async def patched(self, *args, **kwargs):
            scope = next((arg for arg in args if isinstance(arg, dict)), {})
            log(owner.__name__, name, getattr(self, "path", ""), scope.get("path_params"), sorted(scope)[:2])
            return await original(self, *args, **kwargs)

    return owner, name, patched


PATCHED = {
    "Starlette.__call__": (starlette.applications.Starlette, "__call__"),
    "ServerErrorMiddleware.__call__": (starlette.middleware.errors.ServerErrorMiddleware, "__call__"),
    "ExceptionMiddleware.__call__": (starlette.middleware.exceptions.ExceptionMiddleware, "__call__"),
    "ExceptionMiddleware.http_exception": (
        starlette.middleware.exceptions.ExceptionMiddleware,
        "http_exception",
    ),
    "Route.handle": (starlette.routing.Route, "handle"),
    "Route.matches": (starlette.routing.Route, "matches"),
    "WebSocketRoute.handle": (starlette.routing.WebSocketRoute, "handle"),
    "Mount.handle": (starlette.routing.Mount, "handle"),
    "Mount.matches": (starlette.routing.Mount, "matches"),
    "Router.__call__": (starlette.routing.Router, "__call__"),
    "FastAPI.__call__": (lambda api: api.FastAPI, "__call__"),
    "APIRoute.handle": (lambda api: api.routing.APIRoute, "handle"),
    "APIRoute.matches": (lambda api: api.routing.APIRoute, "matches"),
    "APIWebSocketRoute.matches": (lambda api: api.routing.APIWebSocketRoute, "matches"),
    "APIRouter.handle": (lambda api: api.APIRouter, "handle"),
    "APIRouter.matches": (lambda api: api.APIRouter, "matches"),
}


@stories.vary("target", PATCHED)
async def method_patched_live(api, log, target):
    owner, name = PATCHED[target]
    owner = owner if isinstance(owner, type) else owner(api)
    app = broken(api, application(api))
    app.mount("/mounted", api.responses.PlainTextResponse("mounted"))
    sub = api.FastAPI()
    sub.get("/leaf")(lambda: "leaf of a mounted application")
    app.mount("/sub", sub)
    for when in ("before", "during", "after"):
        log("--", when)
        with replaced(*[telling(owner, name, log)] if when == "during" else ()):
            await visit(app, log)
            for path in ("/mounted/x", "/sub/leaf", "/sub/none", "/broken"):
                log(path, await ask(app, path))
            log("405", await ask(app, "/sync/1", method="POST"), await ask(app, "/included/1", method="POST"))


@stories
async def methods_of_the_error_middleware(api, log):
    middleware = starlette.middleware.errors.ServerErrorMiddleware
    app = broken(api, api.FastAPI(debug=True))

    def response(self, request, exc):
        return api.responses.PlainTextResponse(f"patched {exc}", 500)

    for name in ("debug_response", "error_response"):
        with replaced((middleware, name, response)):
            log(name, await ask(app, "/broken"))
        app = broken(api, api.FastAPI())
    log(await ask(app, "/broken"))


@stories
async def constructors_are_reached_through_super(api, log):
    with replaced(
        telling(starlette.applications.Starlette, "__init__", log),
        telling(starlette.applications.Starlette, "add_middleware", log),
        telling(api.routing.APIRoute, "__init__", log),
        telling(starlette.middleware.exceptions.ExceptionMiddleware, "__init__", log),
        telling(starlette.middleware.errors.ServerErrorMiddleware, "__init__", log),
    ):
        app = application(api)
        app.add_middleware(Passing, log=log)
        await visit(app, log)


@stories
async def a_direct_route_passes_both_handles(api, log):
    order = []

    def noting(owner, name):
        original = owner.handle

        async def handle(self, scope, receive, send):
            order.append(name)
            await original(self, scope, receive, send)

        return owner, "handle", handle

    app = application(api)
    with replaced(noting(api.routing.APIRoute, "APIRoute"), noting(starlette.routing.Route, "Route")):
        log(await ask(app, "/async/1"))
        assert order == ["APIRoute", "Route"]
        order.clear()
        await ask(app, "/included/1")
        log(order)


@stories
async def app_subclasses(api, log):
    class Application(api.FastAPI):
        def __init__(self, **options):
            self.early = "set before super().__init__()"
            super().__init__(**options)

        @property
        def router(self):
            return self._own_router

        @router.setter
        def router(self, router):
            log("router set", type(router).__name__)
            self._own_router = router

        async def __call__(self, scope, receive, send):
            log("called", scope["type"])
            await super().__call__(scope, receive, send)

        def add_api_route(self, path, endpoint, **options):
            log("add_api_route", path)
            super().add_api_route(path, endpoint, **options)

        def build_middleware_stack(self):
            log("build")
            return super().build_middleware_stack()

    with replaced((api, "FastAPI", Application)):
        app = application(api)
    assert app.early and hash(app) == hash(app) and {app: 1}[app] and weakref.ref(app)() is app
    await visit(app, log)
    app.router = api.APIRouter()
    app.router.add_api_route("/only", lambda: "of the new router")
    log(await ask(app, "/only"), await ask(app, "/async/1"))


@stories
async def app_replaced_on_the_module(api, log):
    """As OpenTelemetry and logfire do: whoever imports it later gets the subclass."""

    class Instrumented(api.FastAPI):
        alive = weakref.WeakSet()

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.alive.add(self)

    with replaced((api, "FastAPI", Instrumented), (api.applications, "FastAPI", Instrumented)):
        app = application(api)
        assert isinstance(app, Instrumented) and list(Instrumented.alive) == [app]
        await visit(app, log)
    del app
    gc.collect()
    log(len(Instrumented.alive))


def route_classes(api, log):
    APIRoute, Request = api.routing.APIRoute, starlette.requests.Request

    class Handler(APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                log("handler", type(request).__name__, request.scope["path"])
                response = await original(request)
                response.headers["x-handled"] = "yes"
                return response

            return handler

    class Own(Request):
        async def body(self):
            return b'{"a": 41}'

        @property
        def query_params(self):
            return {"q": "7"}

        @property
        def headers(self):
            return starlette.datastructures.Headers({"content-type": "application/json", "x": "own"})

    class OtherRequest(APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                return await original(Own(request.scope, request.receive))

            return handler

    class OtherReceive(APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                body = (await request.body()).replace(b"1", b"9")

                async def receive():
                    return {"type": "http.request", "body": body, "more_body": False}

                return await original(Request(request.scope, receive))

            return handler

    class Init(APIRoute):
        def __init__(self, path, endpoint, **options):
            log("init", path)

            async def wrapped(*args, **kwargs):
                log("wrapped")
                return await endpoint(*args, **kwargs)

            wrapped.__signature__ = __import__("inspect").signature(endpoint)
            super().__init__(path, wrapped, **options)

    class Matching(APIRoute):
        def matches(self, scope):
            match, child = super().matches(scope)
            if dict(scope["headers"]).get(b"x-version") == b"2":
                return starlette.routing.Match.NONE, {}
            return match, child

        async def handle(self, scope, receive, send):
            log("handle", scope["path_params"])
            await super().handle(scope, receive, send)

    class App(APIRoute):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            inner = self.app

            async def app(scope, receive, send):
                log("own app")
                await inner(scope, receive, send)

            self.app = app

    class Validating(APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                try:
                    return await original(request)
                except api.exceptions.RequestValidationError as exc:
                    return api.responses.PlainTextResponse(
                        f"refused {exc.errors()[0]['loc']} {exc.body}", 400
                    )

            return handler

    class Synchronous(APIRoute):
        def get_route_handler(self):
            def handler(request):
                return api.responses.PlainTextResponse(f"from a thread {request.url.path}")

            return handler

    return [Handler, OtherRequest, OtherReceive, Init, Matching, App, Validating, Synchronous]


KINDS = ("Handler", "OtherRequest", "OtherReceive", "Init", "Matching", "App", "Validating", "Synchronous")


@stories.vary("kind", KINDS)
async def route_subclass(api, log, kind):
    route_class = next(cls for cls in route_classes(api, log) if cls.__name__ == kind)
    app = api.FastAPI()
    app.router.route_class = route_class
    router = api.APIRouter(route_class=route_class)

    async def endpoint(
        n: int, body: Annotated[dict, api.Body()], q: int = 0, x: Annotated[str, api.Header()] = ""
    ):
        return [n, body, q, x]

    for owner in (app, router):
        owner.post("/item/{n}")(endpoint)
    app.include_router(router, prefix="/in")
    for prefix in ("", "/in"):
        for n, headers in (("1", ()), ("z", ()), ("1", (("x-version", "2"),))):
            asked = await ask(app, f"{prefix}/item/{n}?q=3", method="POST", body={"a": 1}, headers=headers)
            log(prefix, n, headers, asked)
        log(await ask(app, f"{prefix}/item/1"))


@stories
async def router_subclasses(api, log):
    class Router(api.APIRouter):
        async def __call__(self, scope, receive, send):
            log("call", scope["type"], scope["path"])
            await super().__call__(scope, receive, send)

        def add_api_route(self, path, endpoint, **options):
            log("add", path, sorted(options)[:2])
            super().add_api_route(path, endpoint, **options)

        def include_router(self, router, **options):
            log("include", sorted(options)[:2])
            super().include_router(router, **options)

        def get(self, path, **options):
            log("get", path)
            return super().get(path, **options)

    app = api.FastAPI()
    app.router.__class__ = Router
    router = Router(prefix="/sub")
    router.get("/leaf")(lambda: "leaf")
    app.include_router(router, prefix="/in")
    app.get("/own")(lambda: "own")
    for path in ("/own", "/in/sub/leaf", "/none"):
        log(await ask(app, path))
    app.router.__class__ = api.APIRouter
    log(await ask(app, "/own"))
    app.router.__class__ = Router
    log(await ask(app, "/own"))


@stories
async def a_router_that_answers_itself(api, log):
    """Cadwyn picks the routes by a header in `__call__`, on the application's own router."""

    class Versioned(api.APIRouter):
        versions: dict = {}

        async def __call__(self, scope, receive, send):
            version = dict(scope["headers"]).get(b"version")
            if version in self.versions:
                scope["router"] = self.versions[version]
                await self.versions[version](scope, receive, send)
            else:
                await super().__call__(scope, receive, send)

    app = api.FastAPI()
    app.router.__class__ = Versioned
    app.get("/v")(lambda: "none")
    for version in (b"1", b"2"):
        router = api.APIRouter()
        router.add_api_route("/v", lambda version=version.decode(): version)
        app.router.versions = app.router.versions | {version: router}
    for headers in ((), (("version", "1"),), (("version", "2"),), (("version", "3"),)):
        log(await ask(app, "/v", headers=headers))


@stories
async def websockets_pass_patched_links_too(api, log):
    app = application(api)
    with replaced(telling(starlette.routing.WebSocketRoute, "handle", log)):
        log(await talk(app, "/ws/1"))
    log(await talk(app, "/ws/1"))


@stories
async def a_route_that_is_patched_on_the_instance(api, log):
    app = application(api)
    route = route_of(app, "/async/{n}")
    await ask(app, "/async/1")

    async def handle(scope, receive, send):
        log("own handle")
        await type(route).handle(route, scope, receive, send)

    route.handle = handle
    log(await ask(app, "/async/1"))
    del route.handle
    log(await ask(app, "/async/1"))
    route.matches = lambda scope: (starlette.routing.Match.NONE, {})
    log(await ask(app, "/async/1"))
    del route.matches
    log(await ask(app, "/async/1"))


test_same_story = stories.test()


@pytest.mark.parametrize("name", ["FastAPI", "APIRouter", "routing.APIRoute", "routing._IncludedRouter"])
def test_ordinary_classes(name: str) -> None:
    ours, reference = (operator.attrgetter(name)(load(package)) for package in ("ferroapi", "fastapi"))
    for attribute in ("__hash__", "__dictoffset__", "__weakrefoffset__", "__class__"):
        assert bool(getattr(ours, attribute)) == bool(getattr(reference, attribute)), attribute
    assert type(ours) is type(reference) is type
