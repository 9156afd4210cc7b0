"""SURFACE C: objects changed while the application serves, without a rebuild. (Copies are in `test_copies.py`.)"""

# mypy: ignore-errors
import inspect
import re
import sys
import threading
from typing import Annotated

import anyio
import starlette.datastructures
import starlette.requests
import starlette.responses
import starlette.routing
from pydantic import BaseModel
from tests.both import Stories, ask, load, replaced, route_of, talk

stories = Stories()


def text(api, content):
    return api.responses.PlainTextResponse(content)


def application(api):
    app = api.FastAPI(openapi_url=None)

    @app.get("/n/{n}")
    async def number(n: int):
        return n

    @app.get("/plain")
    async def plain():
        return "plain"

    return app


def noted(log, label, result=None):
    def dependency():
        log("dependency", label)
        return label if result is None else result

    return dependency


# Dependants.


@stories
async def dependant_call_is_replaced(api, log):
    app = application(api)
    dependant = route_of(app, "/n/{n}").dependant
    log(await ask(app, "/n/1"))

    async def other(n):
        return ["other", n]

    def threaded(n):
        return ["threaded", n]

    class Callable:
        async def __call__(self, n):
            return ["object", n]

    # The kind of callable was decided when the handler was built; only coroutine functions fit.
    for call in (other, Callable(), dependant.call):
        dependant.call = call
        log(await ask(app, "/n/2"), await ask(app, "/n/x"))
    sync = api.FastAPI()
    sync.get("/n/{n}")(lambda n: n)
    await ask(sync, "/n/1")
    route_of(sync, "/n/{n}").dependant.call = threaded
    log(await ask(sync, "/n/3"))


PARAMETERS = (
    "request_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
)


@stories.vary("attribute", PARAMETERS)
async def special_parameter_is_added_and_removed(api, log, attribute):
    app = api.FastAPI()

    @app.get("/")
    async def endpoint(**values):
        return {name: type(value).__name__ for name, value in values.items()}

    dependant = app.routes[-1].dependant
    dependant.query_params = []
    for name in (None, "given", "renamed", None):
        setattr(dependant, attribute, name)
        log(name, await ask(app, "/"))


@stories
async def parameter_lists_are_edited(api, log):
    app = api.FastAPI()

    @app.get("/{a}")
    async def endpoint(a, **more):
        return [a, more]

    async def template(
        a: int, b: Annotated[int, api.Header()], c: Annotated[str, api.Cookie()] = "d", q: int = 1
    ): ...

    app.routes[-1].dependant.query_params = []
    log(await ask(app, "/1"))
    dependant = app.routes[-1].dependant
    source = api.dependencies.utils.get_dependant(path="/{a}", call=template)
    headers = (("b", "5"), ("cookie", "c=e"))
    dependant.path_params = source.path_params
    log(await ask(app, "/1"), await ask(app, "/x"))
    dependant.header_params.extend(source.header_params)
    dependant.cookie_params += source.cookie_params
    dependant.query_params[:] = source.query_params
    log(await ask(app, "/1?q=3", headers=headers), await ask(app, "/x?q=z"))
    dependant.header_params.clear()
    del dependant.cookie_params[0]
    dependant.query_params.pop()
    log(await ask(app, "/1?q=3", headers=headers))
    dependant.query_params = tuple(source.query_params)
    log(await ask(app, "/1?q=3"))


@stories
async def dependencies_are_inserted_and_removed(api, log):
    app = application(api)
    utils, dependant = api.dependencies.utils, route_of(app, "/n/{n}").dependant

    def sub(label, **options):
        depends = api.Depends(noted(log, label), **options)
        return utils.get_parameterless_sub_dependant(depends=depends, path="/n/{n}")

    log(await ask(app, "/n/1"))
    dependant.dependencies.append(sub("appended"))
    log(await ask(app, "/n/2"))
    dependant.dependencies.insert(0, sub("inserted"))
    log(await ask(app, "/n/3"))
    dependant.dependencies[0].dependencies.append(sub("nested"))
    log(await ask(app, "/n/4"))
    dependant.dependencies.reverse()
    log(await ask(app, "/n/x"))
    dependant.dependencies[1].call = noted(log, "with another call")
    log(await ask(app, "/n/5"))
    dependant.dependencies = [sub("the only one"), sub("the only one")]
    log(await ask(app, "/n/6"))
    dependant.dependencies.pop()
    dependant.dependencies.clear()
    log(await ask(app, "/n/7"))
    named = sub("value")
    named.name = "n"
    dependant.dependencies.append(named)
    log(await ask(app, "/n/8"))


@stories
async def a_dependency_is_appended_by_a_running_request(api, log):
    app = application(api)
    sub = api.dependencies.utils.get_parameterless_sub_dependant

    @app.get("/grow")
    async def grow():
        added = sub(depends=api.Depends(noted(log, "grown")), path="/grow")
        route_of(app, "/grow").dependant.dependencies.append(added)
        return "grown"

    for _ in range(3):
        log(await ask(app, "/grow"))


@stories
async def contexts_of_inclusions_are_changed(api, log):
    app, router = api.FastAPI(), api.APIRouter()
    router.get("/leaf/{n}")(application(api).routes[-2].endpoint)
    app.include_router(router, prefix="/a")
    app.include_router(router, prefix="/b")
    first = app.routes[-2]
    sub = api.dependencies.utils.get_parameterless_sub_dependant
    for context in first.effective_candidates():
        context.dependant.dependencies.append(
            sub(depends=api.Depends(noted(log, "before")), path=context.path)
        )
    log(await ask(app, "/a/leaf/1"), await ask(app, "/b/leaf/1"))
    for context in first.effective_candidates():
        context.dependant.dependencies.insert(
            0, sub(depends=api.Depends(noted(log, "live")), path=context.path)
        )
        context.dependant.http_connection_param_name = None
    log(await ask(app, "/a/leaf/2"), await ask(app, "/b/leaf/2"))
    # The router changed: contexts are made anew, and what was added to the old ones is gone.
    router.get("/other")(lambda: "other")
    log(await ask(app, "/a/leaf/3"), await ask(app, "/a/other"))
    router._mark_routes_changed()
    fresh = first.effective_candidates()[0]
    fresh.path_regex, fresh.path_format, fresh.param_convertors = api.routing.compile_path("/moved/{n}")
    log(await ask(app, "/moved/4"), await ask(app, "/a/leaf/4"))
    fresh.methods = {"POST"}
    log(await ask(app, "/moved/5"), await ask(app, "/moved/5", method="POST"))


@stories
async def a_websocket_route_is_changed(api, log):
    app = api.FastAPI()

    @app.websocket("/ws/{n}")
    async def session(websocket: api.WebSocket, n: int):
        await websocket.accept()
        await websocket.send_text(f"{n}")

    log(await talk(app, "/ws/1"))
    dependant = app.routes[-1].dependant
    sub = api.dependencies.utils.get_parameterless_sub_dependant
    dependant.dependencies.append(sub(depends=api.Depends(noted(log, "live")), path="/ws/{n}"))
    log(await talk(app, "/ws/2"))

    async def other(websocket, n):
        await websocket.accept()
        await websocket.send_text(f"other {n}")

    dependant.call = other
    log(await talk(app, "/ws/3"))


# Routes.


@stories
async def route_is_rebuilt_in_place(api, log):
    """fastapi-pagination adds a dependency and a body field, then remakes the application."""

    class Page(BaseModel):
        size: int = 10

    app = application(api)
    route = route_of(app, "/n/{n}")
    log(await ask(app, "/n/1"))
    route.dependencies.append(api.Depends(noted(log, "declared late")))
    log(await ask(app, "/n/1"))

    async def body(page: Page): ...

    async def endpoint(n: int, page: Page):
        return [n, page.size]

    utils = api.dependencies.utils
    route.dependant = utils.get_dependant(path=route.path_format, call=endpoint)
    for depends in route.dependencies[::-1]:
        sub = utils.get_parameterless_sub_dependant(depends=depends, path=route.path_format)
        route.dependant.dependencies.insert(0, sub)
    log(await ask(app, "/n/1", method="GET", body={"size": 3}))
    flat = utils._get_flat_body_params(route.dependant)
    route.body_field = utils._get_body_field(body_params=flat, name="x", embed_body_fields=False)
    route.status_code = 299
    log(await ask(app, "/n/1", method="GET", body={"size": 3}))
    route.app = api.routing.request_response(route.get_route_handler())
    log(await ask(app, "/n/1", method="GET", body={"size": 3}))
    log(await ask(app, "/n/1", method="GET", body={"size": "x"}))


@stories
async def the_route_list_is_edited(api, log):
    app = application(api)

    def made(path, content, **options):
        async def endpoint():
            return content

        return api.routing.APIRoute(path, endpoint, **options)

    async def check(label):
        log(label, [await ask(app, path) for path in ("/plain", "/n/1", "/n/x", "/new", "/none")])

    routes = app.router.routes
    await check("start")
    routes.insert(0, made("/plain", "before"))
    await check("insert")
    routes.pop(0)
    await check("pop")
    routes.append(made("/{anything}", "catch-all"))
    await check("append")
    routes[-1] = made("/new", "new")
    await check("setitem")
    routes[:] = [route for route in routes if getattr(route, "path", "") != "/n/{n}"]
    await check("slice")
    del routes[-1]
    await check("del")
    routes.extend([made("/new", 1), made("/new", 2)])
    await check("extend")
    routes.reverse()
    await check("reverse")
    routes.sort(key=lambda route: getattr(route, "path", ""))
    await check("sort")
    routes.remove(routes[-1])
    await check("remove")
    routes += [made("/none", "iadd")]
    await check("iadd")
    app.router.routes = [made("/new", "another list"), *app.router.routes]
    await check("assign")
    app.router.routes = (made("/new", "a tuple"),)
    await check("assign a tuple")
    app.router.routes = list(app.router.routes)
    routes = app.router.routes
    routes.clear()
    await check("clear")
    app.get("/new")(lambda: "added")
    await check("add")
    app.routes.append(starlette.routing.Route("/none", lambda request: text(api, "plain route")))
    app.routes.append(starlette.routing.Mount("/n", text(api, "mounted")))
    await check("starlette")


@stories
async def a_plain_list_that_somebody_kept(api, log):
    app = application(api)
    kept = [*app.router.routes]
    app.router.routes = kept
    log(await ask(app, "/plain"))
    app.router.routes.append(api.routing.APIRoute("/more", lambda: "more"))
    log(await ask(app, "/more"), len(app.routes) - len(kept) in (0, 1))


@stories
async def path_and_regex_are_edited(api, log):
    app = application(api)
    route = route_of(app, "/n/{n}")
    log(await ask(app, "/n/1"))
    # The path alone is a label: requests are matched by the regular expression.
    route.path = "/renamed/{n}"
    log(await ask(app, "/n/1"), await ask(app, "/renamed/1"))
    route.path_regex, route.path_format, route.param_convertors = api.routing.compile_path(route.path)
    log(await ask(app, "/n/1"), await ask(app, "/renamed/1"))
    route.path_regex = re.compile(r"^/odd-(?P<n>[13579])$")
    log(await ask(app, "/odd-3"), await ask(app, "/odd-4"), await ask(app, "/renamed/1"))

    class Doubling:
        regex = "[0-9]+"

        def convert(self, value):
            return str(int(value) * 2)

        def to_string(self, value):
            return str(value)

    route.param_convertors = {"n": Doubling()}
    log(await ask(app, "/odd-3"), app.url_path_for(route.name, n=1))
    route.methods = {"PUT"}
    log(await ask(app, "/odd-3"), await ask(app, "/odd-3", method="PUT"))
    route.methods.add("GET")
    log(await ask(app, "/odd-3"))
    route.endpoint = noted(log, "only a label in the scope")
    scope = {}
    log(await ask(app, "/odd-3", scope=scope), scope["endpoint"] is route.endpoint)


@stories
async def signature_replaced_before_another_inclusion(api, log):
    """Ray Serve and class-based views: the endpoint gets another signature, then the route is included again."""
    router = api.APIRouter()

    @router.get("/leaf/{n}")
    async def leaf(*args, **kwargs):
        return [args, kwargs]

    app = api.FastAPI()
    log(await ask(app, "/v1/leaf/1"))

    def template(n: int, q: str = "q"): ...

    leaf.__signature__ = inspect.signature(template)
    route = router.routes[0]
    route.path = "/changed/{n}"
    app.include_router(router, prefix="/v1")
    log(await ask(app, "/v1/changed/1?q=z"), await ask(app, "/v1/leaf/1"), await ask(app, "/v1/changed/x"))

    def other(n: float): ...

    leaf.__signature__ = inspect.signature(other)
    app.include_router(router, prefix="/v2")
    log(await ask(app, "/v2/changed/1.5"), await ask(app, "/v1/changed/1.5"))


@stories
async def included_lists_are_cached_by_version(api, log):
    app, router, nested = api.FastAPI(), api.APIRouter(), api.APIRouter()
    router.get("/first")(lambda: "first")
    router.include_router(nested, prefix="/nested")
    app.include_router(router, prefix="/in")
    made = api.routing.APIRoute("/second", lambda: "second")
    log(await ask(app, "/in/first"), await ask(app, "/in/second"))
    router.routes.append(made)
    log("appended behind the router's back", await ask(app, "/in/second"))
    router._mark_routes_changed()
    log("marked", await ask(app, "/in/second"))
    router.routes.remove(made)
    log("removed", await ask(app, "/in/second"))
    router.get("/third")(lambda: "third")
    log("added", await ask(app, "/in/second"), await ask(app, "/in/third"))
    nested.get("/leaf")(lambda: "leaf")
    log("nested", await ask(app, "/in/nested/leaf"))
    router.routes = []
    log("emptied", await ask(app, "/in/third"))
    router._mark_routes_changed()
    log("marked", await ask(app, "/in/third"), await ask(app, "/in/nested/leaf"))
    app.routes.remove(app.routes[-1])
    log("removed", await ask(app, "/in/first"))


@stories
async def routes_change_themselves_while_serving(api, log):
    app = application(api)

    @app.get("/once")
    async def once():
        app.router.routes.remove(route_of(app, "/once"))
        return "once"

    @app.get("/add/{name}")
    async def add(name: str):
        app.get(f"/added/{name}")(lambda: name)
        return await ask(app, f"/added/{name}")

    log(await ask(app, "/once"), await ask(app, "/once"))
    log(await ask(app, "/add/x"), await ask(app, "/added/x"))


# The application.


@stories
async def middleware_stack_is_reset(api, log):
    app = application(api)

    class Middleware:
        def __init__(self, app, name):
            self.app, self.name = app, name

        async def __call__(self, scope, receive, send):
            log(self.name)
            await self.app(scope, receive, send)

    log(await ask(app, "/plain"))
    try:
        app.add_middleware(Middleware, name="too late")
    except RuntimeError as exc:
        log(exc)
    app.middleware_stack = None
    app.add_middleware(Middleware, name="added")
    log(await ask(app, "/plain"))
    app.user_middleware.clear()
    log(await ask(app, "/plain"))
    app.middleware_stack = None
    log(await ask(app, "/plain"))
    app.middleware_stack.app = Middleware(app.middleware_stack.app, "inside")
    log(await ask(app, "/plain"))
    app.router.middleware_stack = Middleware(app.router.middleware_stack, "inside of the router")
    log(await ask(app, "/plain"), await ask(app, "/none"))


@stories
async def exception_handlers_are_changed(api, log):
    app = application(api)

    @app.get("/raises/{kind}")
    async def raises(kind: str):
        raise {"key": KeyError, "value": ValueError, "http": api.HTTPException}[kind](418)

    def handler(name):
        async def handle(request, exc):
            return api.responses.PlainTextResponse(f"{name} {type(exc).__name__} {request.url.path}", 499)

        return handle

    async def check(label):
        paths = ("/raises/key", "/raises/value", "/raises/http", "/none", "/n/x")
        log(label, [await ask(app, path) for path in paths], await ask(app, "/plain", method="POST"))

    await check("start")
    app.exception_handlers[KeyError] = handler("late")
    await check("not rebuilt")
    app.middleware_stack = None
    await check("rebuilt")
    app.add_exception_handler(404, handler("404"))
    app.add_exception_handler(405, handler("405"))
    app.add_exception_handler(api.exceptions.RequestValidationError, handler("validation"))
    app.exception_handlers[Exception] = handler("everything")
    app.middleware_stack = app.build_middleware_stack()
    await check("more")
    app.exception_handlers = {api.exceptions.HTTPException: handler("http")}
    app.middleware_stack = None
    await check("replaced")
    app.exception_handlers.clear()
    app.middleware_stack = None
    await check("none at all")


@stories
async def handler_tables_of_the_built_stack(api, log):
    """Sentry wraps the handlers inside the `ExceptionMiddleware` that was built."""
    app = application(api)
    await ask(app, "/plain")
    layer = app.middleware_stack
    while not hasattr(layer, "_exception_handlers"):
        layer = layer.app

    async def handle(request, exc):
        return api.responses.PlainTextResponse(f"own {type(exc).__name__}", 499)

    old = dict(layer._exception_handlers)
    for cls in list(layer._exception_handlers):
        layer._exception_handlers[cls] = handle
    log(await ask(app, "/none"), await ask(app, "/n/x"))
    layer.add_exception_handler(404, handle)
    layer._exception_handlers = old
    log(await ask(app, "/none"), await ask(app, "/n/x"))
    layer._status_handlers.clear()
    log(await ask(app, "/none"))


@stories
async def overrides_are_mutated_live(api, log):
    app = api.FastAPI()

    def original(q: int = 1):
        return ["original", q]

    def outer(value: Annotated[list, api.Depends(original)]):
        return ["outer", *value]

    @app.get("/one")
    async def one(value: Annotated[list, api.Depends(original)]):
        return value

    router = api.APIRouter(dependencies=[api.Depends(original)])

    @router.get("/two")
    def two(value: Annotated[list, api.Depends(outer)]):
        return value

    @app.websocket("/ws")
    async def ws(websocket: api.WebSocket, value: Annotated[list, api.Depends(outer)]):
        await websocket.accept()
        await websocket.send_json(value)

    app.include_router(router)

    async def check(label):
        log(
            label,
            [await ask(app, path) for path in ("/one?q=2", "/two", "/one?q=x", "/two?z=3")],
            await talk(app, "/ws"),
        )

    def first():
        return ["first"]

    async def second(z: Annotated[int, api.Query()] = 9):
        return ["second", z]

    def third():
        yield ["third"]
        log("third ends")

    overrides = app.dependency_overrides
    await check("none")
    overrides[original] = first
    await check("set")
    overrides[original] = second
    await check("replaced")
    overrides.update({outer: third})
    await check("updated")
    overrides.pop(original)
    await check("popped")
    overrides |= {original: first}
    await check("merged")
    app.dependency_overrides = {original: lambda: ["another mapping"]}
    await check("assigned")
    app.dependency_overrides.clear()
    await check("cleared")

    class Mapping(dict):
        def get(self, key, default=None):
            return first if key is original else default

    app.dependency_overrides = Mapping(x=1)
    await check("a mapping of its own")


@stories
async def overrides_change_during_a_request(api, log):
    app = api.FastAPI()

    def later():
        return "original"

    def changing():
        app.dependency_overrides[later] = lambda: "changed by a dependency"

    @app.get("/", dependencies=[api.Depends(changing)])
    async def endpoint(value: Annotated[str, api.Depends(later)]):
        app.dependency_overrides.clear()
        return value

    for _ in range(3):
        log(await ask(app, "/"))


@stories
async def openapi_and_lifespan_are_replaced(api, log):
    app = api.FastAPI()
    log((await ask(app, "/openapi.json"))[1]["paths"])
    app.get("/late")(lambda: None)
    log(list((await ask(app, "/openapi.json"))[1]["paths"]))
    app.openapi_schema = {"own": "schema"}
    log(await ask(app, "/openapi.json"))
    app.openapi = lambda: {"own": "function"}
    log(await ask(app, "/openapi.json"))

    class Lifespan:
        def __init__(self, app):
            self.app = app

        async def __aenter__(self):
            log("startup")
            self.app.get("/at-startup")(lambda: "added at startup")
            self.app.router.routes.insert(0, api.routing.APIRoute("/first", lambda: "inserted at startup"))
            return {"state": "of the lifespan"}

        async def __aexit__(self, *exc_info):
            log("shutdown")

    app.router.lifespan_context = Lifespan
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    messages = ["lifespan.shutdown", "lifespan.startup"]

    async def receive():
        if len(messages) == 1:
            log(await ask(app, "/at-startup"), await ask(app, "/first"), scope["state"])
        return {"type": messages.pop()}

    async def send(message):
        log(message)

    await app(scope, receive, send)


@stories
async def classes_and_functions_are_patched_and_unpatched(api, log):
    """Every link that is patched mid-flight, in both orders of removal, with plans warm in each state."""
    app, router = application(api), api.APIRouter()
    router.get("/leaf/{n}")(route_of(app, "/n/{n}").endpoint)
    app.include_router(router, prefix="/in")

    def telling(owner, name, label):
        original = getattr(owner, name)

        async def patched(*args, **kwargs):
            log(label)
            return await original(*args, **kwargs)

        return owner, name, patched

    async def check(label):
        log(label, [await ask(app, path) for path in ("/n/1", "/in/leaf/2", "/n/x", "/none", "/plain")])

    links = [
        (api.routing.APIRoute, "handle"),
        (starlette.routing.Route, "handle"),
        (api.routing, "solve_dependencies"),
        (api.routing, "run_endpoint_function"),
        (api.routing, "serialize_response"),
        (api.FastAPI, "__call__"),
        (starlette.routing.Router, "__call__"),
    ]
    await check("start")
    for owner, name in links:
        with replaced(telling(owner, name, f"{name} outer")):
            await check(f"{name} patched")
            with replaced(telling(owner, name, f"{name} inner")):
                await check(f"{name} patched twice")
            await check(f"{name} patched once")
        await check(f"{name} restored")
    with replaced(*[telling(owner, name, name) for owner, name in links]):
        await check("all")
    await check("end")


@stories
async def settings_are_changed(api, log):
    app = application(api)

    @app.get("/fails")
    async def fails(request: api.Request):
        raise ValueError("broken")

    @app.get("/where")
    async def where(request: api.Request):
        return [request.scope["root_path"], str(request.url_for("where"))]

    async def check(label):
        found = [await ask(app, path) for path in ("/plain/", "/where", "/none")]
        status, body, *error = await ask(app, "/fails")
        log(label, found, status, body if status != 500 or len(body) < 99 else "a long page", error)

    await check("start")
    app.router.redirect_slashes = False
    await check("no redirects")
    app.root_path = "/root"
    await check("root path")
    app.debug = True
    await check("debug, not rebuilt")
    app.middleware_stack = None
    await check("debug")
    app.debug, app.root_path, app.middleware_stack = False, "", None
    app.router.default = api.responses.PlainTextResponse("default", 404)
    await check("default")
    app.router.redirect_slashes = True
    route_of(app, "/plain").app = api.responses.PlainTextResponse("another application")
    log(await ask(app, "/plain"))
    app.state = starlette.datastructures.State({"x": 1})
    app.title = "another title"
    await check("end")


@stories
async def response_classes_are_patched(api, log):
    app = application(api)
    Response, JSONResponse = starlette.responses.Response, starlette.responses.JSONResponse

    @app.get("/text", response_class=api.responses.PlainTextResponse)
    async def text_endpoint():
        return "text"

    async def check(label):
        log(label, [await ask(app, path) for path in ("/plain", "/text", "/n/x", "/none")])

    def render(self, content):
        return b'"rendered"'

    async def call(self, scope, receive, send):
        log("Response.__call__", self.status_code)
        self.headers["x"] = "y"
        await original(self, scope, receive, send)

    original = Response.__call__
    await check("start")
    with replaced((JSONResponse, "render", render)):
        await check("render")
        with replaced((Response, "__call__", call)):
            await check("render and call")
    with replaced((Response, "__call__", call)):
        await check("call")
    with replaced((Response, "init_headers", lambda self, headers=None: setattr(self, "raw_headers", []))):
        await check("init_headers")
    await check("end")


@stories
async def a_patch_set_by_the_endpoint_itself(api, log):
    app = application(api)
    original = api.routing.serialize_response

    async def serializing(**kwargs):
        api.routing.serialize_response = original
        log("serialized by the patch")
        return await original(**kwargs)

    @app.get("/patching")
    async def patching():
        api.routing.serialize_response = serializing
        return "patched"

    try:
        log(await ask(app, "/patching"))
        log(await ask(app, "/plain"), await ask(app, "/plain"))
    finally:
        api.routing.serialize_response = original


@stories
async def a_subclass_of_routes_is_patched(api, log):
    class Route(api.routing.APIRoute):
        pass

    app, router = api.FastAPI(), api.APIRouter(route_class=Route)
    app.router.route_class = Route
    for owner in (app, router):
        owner.get("/leaf/{n}")(lambda n: n)
    app.include_router(router, prefix="/in")

    async def handle(self, scope, receive, send):
        log("handle of the subclass")
        await api.routing.APIRoute.handle(self, scope, receive, send)

    def matches(self, scope):
        log("matches of the subclass")
        return api.routing.APIRoute.matches(self, scope)

    log(await ask(app, "/leaf/1"), await ask(app, "/in/leaf/1"))
    for name, new in (("handle", handle), ("matches", matches)):
        setattr(Route, name, new)
        log(name, await ask(app, "/leaf/1"), await ask(app, "/in/leaf/1"))
        delattr(Route, name)
        log("restored", await ask(app, "/leaf/1"), await ask(app, "/in/leaf/1"))


class Times:
    """A convertor that multiplies."""

    regex = "[^/]+"

    def __init__(self, by):
        self.by = by

    def convert(self, value):
        return str(int(value) * self.by)

    def to_string(self, value):
        return str(value)


@stories
async def convertors_replaced_twice(api, log):
    """The second object may get the address of the one that was known."""
    app = application(api)
    route = route_of(app, "/n/{n}")
    for i in range(20):
        route.param_convertors = {"n": Times(i + 100)}
        route.param_convertors = {"n": Times(i)}
        log(await ask(app, "/n/1"))


@stories
async def regex_replaced_twice(api, log):
    app = application(api)
    route = route_of(app, "/n/{n}")
    for i in range(20):
        re.purge()
        route.path_regex = re.compile(f"^/x{i}/(?P<n>.*)$")
        re.purge()
        route.path_regex = re.compile(f"^/y{i}/(?P<n>.*)$")
        log(await ask(app, f"/y{i}/1"), await ask(app, f"/x{i}/1"))


@stories
async def calls_replaced_twice(api, log):
    app = application(api)
    d = route_of(app, "/plain").dependant

    def made(i):
        async def call():
            return i

        return call

    for i in range(20):
        d.call = made(i + 100)
        d.call = made(i)
        log(await ask(app, "/plain"))


@stories
async def fields_replaced_twice(api, log):
    app = application(api)
    d = route_of(app, "/n/{n}").dependant

    def made(default):
        async def t(n: int, q: int = default): ...

        return api.dependencies.utils.get_dependant(path="/n/{n}", call=t).query_params

    async def call(n, q=None):
        return [n, q]

    d.call = call
    for i in range(20):
        d.query_params = made(i + 100)
        await ask(app, "/n/1")
        d.query_params = made(i + 200)
        d.query_params = made(i)
        log(await ask(app, "/n/1"))


@stories
async def overrides_and_tree_change_while_a_request_waits(api, log):
    """The tree grows and the overrides change while a dependency is awaited: no misaligned plan."""
    app = api.FastAPI()
    sub = api.dependencies.utils.get_parameterless_sub_dependant

    def other():
        return "other"

    async def first():
        route = route_of(app, "/")
        route.dependant.dependencies.append(sub(depends=api.Depends(lambda z=1: log("inserted")), path="/"))
        app.dependency_overrides[other] = lambda: "overridden"
        return "first"

    @app.get("/")
    async def endpoint(a: str = api.Depends(first), b: str = api.Depends(other), q: int = 3):
        return [a, b, q]

    for _ in range(2):
        log(await ask(app, "/"))


test_same_story = stories.test()


def test_served_and_changed_by_many_threads() -> None:
    """Several event loops, as under a threaded test server, while routes, dependants and overrides change."""
    api = load("ferroapi")
    app, done, answers = application(api), threading.Event(), []

    def dependency():
        return 1

    app.get("/with")(lambda value=api.Depends(dependency): value)
    route = route_of(app, "/n/{n}")
    sub = api.dependencies.utils.get_parameterless_sub_dependant(depends=api.Depends(dependency), path="/")

    async def requests() -> None:
        for n in range(150):
            found = [
                await ask(app, f"/n/{n}"),
                (await ask(app, "/with"))[1] in (1, 2),
                (await ask(app, "/none"))[0],
            ]
            assert found == [(200, n), True, 404]
            answers.append(found)

    def changes() -> None:
        while not done.is_set():
            app.router.routes.insert(0, app.router.routes[-1])
            app.dependency_overrides[dependency] = lambda: 2
            route.dependant.dependencies.append(sub)
            app.middleware_stack = None
            app.router.routes.pop(0)
            app.dependency_overrides.clear()
            route.dependant.dependencies.clear()

    threads = [threading.Thread(target=lambda: anyio.run(requests)) for _ in range(3)]
    changing = threading.Thread(target=changes)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in (*threads, changing):
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        done.set()
        changing.join()
        sys.setswitchinterval(interval)
    assert len(answers) == 3 * 150
