"""SURFACE D: what is read from the scope, and from routes, during and after a request. (C is in `tests/core`.)"""

# mypy: ignore-errors
from contextlib import AsyncExitStack
from typing import Annotated

import starlette.applications
import starlette.routing
from tests.both import Stories, ask, route_of, talk

stories = Stories()


def application(api, middleware=None):
    """Routes at three depths, and middleware that keeps the scope."""
    app = api.FastAPI()
    inner, outer = api.APIRouter(prefix="/inner"), api.APIRouter(prefix="/outer")

    async def endpoint(n: int):
        return n

    async def fails(n: int):
        raise api.HTTPException(418, "teapot")

    for owner in (app, inner, outer):
        owner.get("/leaf/{n}", name="leaf")(endpoint)
        owner.get("/fails/{n}", name="fails")(fails)
    outer.add_route("/plain", lambda request: api.responses.PlainTextResponse("plain"))
    outer.mount("/mount", api.responses.PlainTextResponse("mounted"))

    @outer.websocket("/ws/{n}")
    async def session(websocket: api.WebSocket, n: int):
        await websocket.accept()

    outer.include_router(inner, prefix="/nested")
    app.include_router(outer, prefix="/app")
    if middleware is not None:
        app.add_middleware(middleware)
    return app


TARGETS = [
    prefix + path
    for prefix in ("", "/app/outer", "/app/outer/nested/inner")
    for path in ("/leaf/1", "/leaf/x", "/fails/1", "/leaf/1/", "/nothing")
] + ["/app/outer/plain", "/app/outer/mount/x", "/docs"]


def describe(app, scope):
    """Everything instrumentation reads, in words."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    route = scope.get("route")
    return {
        "app": scope.get("app") is app,
        "router": scope.get("router") is app.router,
        "endpoint": getattr(scope.get("endpoint"), "__name__", type(scope.get("endpoint")).__name__),
        "path_params": scope.get("path_params"),
        "route": route and (type(route).__name__, route.path, route.name),
        "context": context and (context.path, context.path_format, sorted(context.methods or ())),
        "same route": context is not None and context.original_route is route,
        "inner": sorted(scope.get("fastapi", {})),
        "root_path": scope["root_path"],
        "path": scope["path"],
        "state": scope.get("state"),
    }


@stories
async def after_the_request(api, log):
    app = application(api)
    for target in TARGETS:
        scope = {}
        log(target, await ask(app, target, scope=scope))
        log(describe(app, scope))
    scope = {}
    log(await talk(app, "/app/outer/ws/3", scope=scope), describe(app, scope))


@stories
async def in_middleware_endpoint_and_handler(api, log):
    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            scope["state"]["from"] = "middleware"

            async def sending(message):
                log("while sending", message["type"], describe(app, scope))
                await send(message)

            log("before", sorted(describe(app, scope)["inner"]), scope.get("path_params"))
            await self.app(scope, receive, sending)

    app = application(api, Middleware)

    @app.exception_handler(418)
    async def teapot(request, exc):
        log("handler", describe(app, request.scope), request.path_params, request.state._state)
        return api.responses.PlainTextResponse("handled", 418)

    @app.get("/looking/{n}", dependencies=[api.Depends(lambda request: None)] * 0)
    async def looking(request: api.Request, n: int):
        log("endpoint", describe(app, request.scope), request.app is app, request.state._state)
        stacks = ("fastapi_inner_astack", "fastapi_function_astack", "fastapi_middleware_astack")
        assert all(isinstance(request.scope[name], AsyncExitStack) for name in stacks)
        assert len({id(request.scope[name]) for name in stacks}) == 3
        request.scope["fastapi_inner_astack"].callback(log, "inner closed")
        request.scope["fastapi_function_astack"].callback(log, "function closed")
        request.scope["fastapi_middleware_astack"].callback(log, "middleware closed")
        return n

    for target in ("/looking/1", "/app/outer/nested/inner/fails/1", "/app/outer/leaf/2", "/leaf/x"):
        log(await ask(app, target))


@stories
async def path_params_are_text_when_matched(api, log):
    app = api.FastAPI()

    async def endpoint(request: api.Request, n: int, f: float, rest: str):
        log(request.scope["path_params"], n, f, rest)
        return n

    app.get("/{n}/{f:float}/{rest:path}")(endpoint)
    app.get("/i/{n:int}/{f}/{rest}")(endpoint)
    for target in ("/1/2.5/a/b", "/i/3/4/c", "/x/2.5/a"):
        scope = {}
        await ask(app, target, scope=scope)
        log(scope["path_params"])


@stories
async def unbound_matches_and_route_contexts(api, log):
    app = application(api)
    routing, Route = api.routing, starlette.routing.Route
    for route in app.routes:
        if isinstance(route, routing.APIRoute):
            for path in ("/leaf/1", "/fails/1", "/other"):
                scope = {"type": "http", "method": "GET", "path": path, "headers": []}
                for matches in (Route.matches, routing.APIRoute.matches):
                    match, child = matches(route, scope)
                    log(path, match.name, sorted(child), child.get("path_params"))
    for context in routing.iter_route_contexts(app.routes):
        log(
            type(context.route).__name__,
            context.path,
            context.path_format,
            context.name,
            sorted(context.methods or ()),
            getattr(context.endpoint, "__name__", None),
            context.original_route.path,
        )
    assert list(routing.iter_route_contexts(list(routing.iter_route_contexts(app.routes))))


@stories
async def included_routers_tell_about_themselves(api, log):
    app = application(api)
    included = app.routes[-1]
    assert isinstance(included, api.routing._IncludedRouter)
    log(included.original_router.prefix, included.include_context.prefix)
    for context in included.effective_route_contexts():
        log(
            type(context.original_route).__name__,
            context.original_route.path,
            context.path,
            context.starlette_route,
        )
        assert isinstance(vars(context), dict)
    for candidate in included.effective_candidates():
        log(type(candidate).__name__)
    route = included.original_router.routes[0]
    assert next(included.effective_route_contexts()).original_route is route
    log(app.url_path_for("leaf", n=1), included.url_path_for("leaf", n=2))


@stories
async def a_bare_scope_and_solve_dependencies(api, log):
    """As faststream: its own stacks in a scope that no server made."""
    utils = api.dependencies.utils

    async def resource(q: int = 3):
        log("enter")
        yield q
        log("exit")

    async def call(
        value: Annotated[int, api.Depends(resource)], request: api.Request, response: api.Response
    ):
        response.headers["x"] = "y"

    dependant = utils.get_dependant(path="", call=call)
    for query in (b"", b"q=7", b"q=no"):
        scope = {"type": "http", "headers": [], "query_string": query, "path_params": {}, "path": "/"}
        async with AsyncExitStack() as inner, AsyncExitStack() as function:
            scope |= {"fastapi_inner_astack": inner, "fastapi_function_astack": function}
            solved = await utils.solve_dependencies(
                request=api.Request(scope),
                dependant=dependant,
                dependency_overrides_provider=None,
                async_exit_stack=inner,
                embed_body_fields=False,
            )
            log(
                sorted(solved.values), solved.values.get("value"), solved.errors, len(solved.dependency_cache)
            )
            log("body over")
    for missing in ("fastapi_inner_astack", "fastapi_function_astack"):
        async with AsyncExitStack() as stack:
            scope = {"type": "http", "headers": [], "query_string": b"", "path_params": {}}
            scope |= {"fastapi_inner_astack": stack, "fastapi_function_astack": stack}
            del scope[missing]
            try:
                await utils.solve_dependencies(
                    request=api.Request(scope),
                    dependant=dependant,
                    async_exit_stack=stack,
                    embed_body_fields=False,
                )
            except AssertionError as exc:
                log("refused", exc)


@stories
async def a_mounted_application_has_its_own_scope(api, log):
    app, sub = application(api), application(api)
    app.mount("/sub", sub)
    starlette_app = starlette.applications.Starlette(routes=[starlette.routing.Mount("/m", app=app)])
    for target in ("/m/sub/app/outer/leaf/1", "/m/app/outer/nested/inner/leaf/2", "/m/sub/nothing"):
        scope = {}
        log(await ask(starlette_app, target, scope=scope))
        log(describe(sub if "sub" in target else app, scope))
    log(route_of(app, "/leaf/{n}").path_format)


test_same_story = stories.test()
