"""Routing: order, methods, slashes, nested and included routers, custom route classes, live changes."""

# mypy: ignore-errors
from typing import Annotated

from pydantic import BaseModel
from starlette.routing import BaseRoute, Match, Route

from ..driver import get, headers, log, post_json, request
from ..registry import differential

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "BREW", "")


@differential(
    *(request(method, "/all") for method in METHODS),
    *(request(method, "/get-only") for method in METHODS),
    *(request(method, "/split") for method in METHODS),
    *(request(method, "/starlette") for method in METHODS[:4]),
    request("POST", "/param/5"),
    request("POST", "/param/x"),
    request("DELETE", "/over/1"),
    request("POST", "/over/1"),
    request("PUT", "/over/1"),
    request("BREW", "/brew"),
)
def methods(api):
    app = api.FastAPI()

    @app.get("/all")
    @app.post("/all")
    @app.put("/all")
    @app.patch("/all")
    @app.delete("/all")
    @app.options("/all")
    @app.head("/all")
    @app.trace("/all")
    async def every(request: api.Request):
        return request.method

    @app.get("/get-only")
    async def get_only():
        return "get"

    @app.get("/split")
    async def split_get():
        return "get"

    @app.api_route("/split", methods=["POST", "put"], response_model=str)
    async def split_post(request: api.Request):
        return request.method

    @app.router.route("/starlette", methods=["POST"])
    async def plain(request):
        return api.responses.PlainTextResponse(request.method)

    @app.get("/param/{n:int}")
    async def param(n: int):
        return n

    @app.get("/over/{n}")
    async def over(n: int):
        return n

    @app.delete("/over/{name}")
    async def over_delete(name: str):
        return name

    @app.api_route("/brew", methods=["BREW"], include_in_schema=False)
    async def brew():
        return "tea"

    return app


@differential(
    *(
        get(path)
        for path in [
            "/users/me",
            "/users/3",
            "/users/x",
            "/users/me/",
            "/users/3/items",
            "/users/3/items/4",
            "/files/a",
            "/files/a/b",
            "/files/a/b/edit",
            "/first",
            "/any/thing",
            "/a/b",
            "/a/c",
            "/a/b/c",
            "/same",
            "/CASE",
            "/case",
            "/dash-ed",
            "/dot.ted",
            "/tilde~x",
            "/plus+plus",
            "/sp%20ace",
            "/e%C3%A9",
            "//users/me",
            "/users//me",
            "/",
            "/nowhere",
            "/%2e%2e/x",
            "/a%2Fb",
            "/users/me;v=1",
            "/*star",
            "/(paren)",
            "/br{ace",
            "/dollar$",
            "/q%3Fx",
        ]
    ),
    get("/users/me?x=1"),
    get("", label="empty target"),
    get("/last/1/2/3"),
)
def order(api):
    app = api.FastAPI()

    def add(path, name):
        @app.get(path, name=name)
        async def endpoint(request: api.Request):
            return [name, request.path_params]

    for path in [
        "/users/me",
        "/users/{n:int}",
        "/users/{name}",
        "/users/{n}/items",
        "/users/{n}/items/{m:int}",
        "/files/a",
        "/files/{path:path}/edit",
        "/files/{path:path}",
        "/first",
        "/any/{x}",
        "/{x}/b",
        "/a/{y}",
        "/a/b/c",
        "/same",
        "/case",
        "/dash-ed",
        "/dot.ted",
        "/tilde~x",
        "/plus+plus",
        "/eé",
        "/*star",
        "/(paren)",
        "/dollar$",
        "/last/{rest:path}",
    ]:
        add(path, path)
    add("/first", "second of the same path")
    add("/sp ace", "space")
    add("/{one}", "catch-all")
    return app


@differential(
    *(
        request(method, path)
        for method in ("GET", "POST")
        for path in (
            "/plain",
            "/plain/",
            "/slash",
            "/slash/",
            "/param/1",
            "/param/1/",
            "/sub/",
            "/sub",
            "/none/",
            "/plain//",
        )
    ),
    get("/slash?q=1&r=%20"),
    get("/slash", headers=headers(host="other:81"), label="other host"),
    get("/slash", scope={"headers": []}, label="no host header"),
    get("/slash", scope={"scheme": "https", "server": ("s", 443), "headers": []}, label="https no host"),
    get("/slash", scope={"root_path": "/pre", "path": "/pre/slash"}, label="root path"),
    get("/router/x/"),
    get("/router"),
    get("/router/"),
    get("/e%CC%81", label="redirect non-ascii"),
)
def slashes(api):
    app = api.FastAPI()

    def ok():
        return "ok"

    app.get("/plain")(ok)
    app.get("/slash/")(ok)
    app.get("/param/{n}/")(ok)
    app.get("/e\u0301/")(ok)
    router = api.APIRouter(prefix="/router")
    router.get("/x")(ok)
    router.get("/")(ok)
    app.include_router(router)
    sub = api.FastAPI()
    sub.get("/")(ok)
    app.mount("/sub", sub)
    return app


@differential(get("/plain/"), get("/slash"), get("/router/x/"), request("POST", "/plain"), get("/nowhere"))
def no_redirects(api):
    app = api.FastAPI(redirect_slashes=False, docs_url=None, openapi_url=None)

    def ok():
        return "ok"

    app.get("/plain")(ok)
    app.get("/slash/")(ok)
    router = api.APIRouter(prefix="/router")
    router.get("/x")(ok)
    app.include_router(router)
    return app


class Item(BaseModel):
    a: int


@differential(
    *(
        get(path)
        for path in [
            "/a/1/b/2/c",
            "/a/x/b/y/c",
            "/a/1/b/2/d",
            "/a/1/b/2",
            "/a/1/e",
            "/items",
            "/items/",
            "/v1/items",
            "/v2/items",
            "/twice-a/leaf",
            "/twice-b/leaf",
            "/overlap",
            "/overlap/x",
            "/star/leaf",
            "/tagged",
            "/gone",
            "/text",
        ]
    ),
    request("POST", "/a/1/b/2/c"),
    request("DELETE", "/items"),
    post_json("/items", {"a": 1}),
    request("OPTIONS", "/v1/items"),
)
def nested(api):
    def noted(label):
        def dependency():
            log("dependency", label)

        return api.Depends(dependency)

    app = api.FastAPI(dependencies=[noted("app")])
    c = api.APIRouter(
        prefix="/b/{b}", tags=["c"], dependencies=[noted("c")], responses={404: {"description": "C"}}
    )

    @c.get("/c", dependencies=[noted("route")])
    async def leaf(a: int, b: int, request: api.Request):
        return [a, b, request.scope["route"].path, request.scope["path"]]

    @c.get("/d", deprecated=True)
    def leaf_d(b: str):
        return b

    b = api.APIRouter(tags=["b"], dependencies=[noted("b")])
    b.include_router(c, dependencies=[noted("include c")])

    @b.get("/e")
    async def leaf_e(a: str):
        return a

    app.include_router(b, prefix="/a/{a}", tags=["a"], dependencies=[noted("include b")], deprecated=False)

    items = api.APIRouter(prefix="/items", tags=["items"])

    @items.get("")
    async def list_items():
        return []

    @items.post("", status_code=201)
    async def add_item(item: Item):
        return item

    app.include_router(items)
    app.include_router(items, prefix="/v1", include_in_schema=False)
    app.include_router(
        items,
        prefix="/v2",
        generate_unique_id_function=lambda route: f"v2-{route.name}-{sorted(route.methods)[0]}",
    )

    leaf_router = api.APIRouter()

    @leaf_router.get("/leaf")
    async def twice(request: api.Request):
        return str(request.url_for("twice"))

    for prefix in ("/twice-a", "/twice-b", "/star"):
        app.include_router(leaf_router, prefix=prefix)

    first, second = api.APIRouter(), api.APIRouter()
    first.get("/overlap")(lambda: "first")
    second.get("/overlap")(lambda: "second")
    second.get("/overlap/{x}")(lambda x: x)
    first.get("/overlap/x")(lambda: "static")
    app.include_router(second)
    app.include_router(first)

    text = api.APIRouter(default_response_class=api.responses.PlainTextResponse)
    text.get("/text")(lambda: "text")
    app.include_router(text)
    return app


@differential(
    get("/timed/1"),
    get("/timed/x"),
    get("/plain"),
    get("/rewritten"),
    get("/request-class"),
    get("/included/timed/2"),
    get("/wrapped-errors/x"),
    get("/own-matches", headers=headers(x_match="yes"), label="own matches"),
    get("/own-matches"),
    get("/own-handle"),
    get("/base-route/x"),
    request("POST", "/base-route/y"),
    get("/starlette-route"),
)
def route_classes(api):
    class TimedRoute(api.routing.APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                log("before", request.url.path)
                response = await original(request)
                log("after", response.status_code)
                response.headers["x-timed"] = "1"
                return response

            return handler

    class ReplacingRoute(api.routing.APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            class Shout(api.Request):
                async def body(self):
                    return (await super().body()).upper()

            async def handler(request):
                try:
                    response = await original(Shout(request.scope, request.receive))
                except api.exceptions.RequestValidationError as exc:
                    log("caught", len(exc.errors()))
                    raise api.HTTPException(400, [e["type"] for e in exc.errors()]) from exc
                return api.responses.JSONResponse({"class": "replaced", "body": response.body.decode()})

            return handler

    class MatchRoute(api.routing.APIRoute):
        def matches(self, scope):
            match, child = super().matches(scope)
            if match is Match.FULL and (b"x-match", b"yes") not in scope["headers"]:
                return Match.NONE, {}
            return match, child

    class HandleRoute(api.routing.APIRoute):
        async def handle(self, scope, receive, send):
            log("handle", scope["path"])
            await super().handle(scope, receive, send)

    class AnyRoute(BaseRoute):
        def matches(self, scope):
            return (Match.FULL if scope["path"].startswith("/base-route") else Match.NONE), {"custom": True}

        async def handle(self, scope, receive, send):
            await api.responses.PlainTextResponse(f"custom {scope['custom']} {scope['method']}")(
                scope, receive, send
            )

    app = api.FastAPI()
    timed = api.APIRouter(route_class=TimedRoute)

    @timed.get("/timed/{n}")
    async def timed_endpoint(n: int):
        return n

    replacing = api.APIRouter(route_class=ReplacingRoute)

    @replacing.get("/request-class")
    async def request_class(request: api.Request):
        return type(request).__name__

    @replacing.get("/wrapped-errors/{n}")
    async def wrapped(n: int):
        return n

    @app.get("/plain")
    async def plain():
        return "plain"

    app.router.route_class = TimedRoute

    @app.get("/rewritten")
    def rewritten():
        return "r"

    app.router.add_api_route("/own-matches", lambda: "matched", route_class_override=MatchRoute)
    app.router.add_api_route(
        "/own-matches", lambda: "fell through", name="fall-through", include_in_schema=False
    )
    app.router.add_api_route("/own-handle", lambda: "handled", route_class_override=HandleRoute)
    app.include_router(timed)
    app.include_router(timed, prefix="/included")
    app.include_router(replacing)
    app.router.routes.append(AnyRoute())

    async def starlette_endpoint(request):
        return api.responses.PlainTextResponse(type(request).__name__)

    app.router.routes.append(Route("/starlette-route", starlette_endpoint))
    return app


@differential(
    get("/before"),
    get("/late"),
    get("/add"),
    get("/late"),
    get("/insert"),
    get("/before"),
    get("/included-late"),
    get("/remove"),
    get("/before"),
    get("/late"),
    get("/call"),
    get("/swap"),
    get("/call"),
    get("/depend"),
    get("/call"),
    get("/rename"),
    get("/call"),
    get("/renamed"),
    get("/nested/leaf"),
    get("/grow"),
    get("/nested/leaf"),
    get("/nested/grown"),
    openapi=False,
)
def live_changes(api):
    app = api.FastAPI()
    inner = api.APIRouter()

    @app.get("/before")
    async def before():
        return "before"

    @app.get("/add")
    async def add():
        app.get("/late")(lambda: "late")
        return "added"

    @app.get("/insert")
    async def insert():
        app.router.routes.insert(0, api.routing.APIRoute("/before", lambda: "inserted"))
        extra = api.APIRouter()
        extra.get("/included-late")(lambda: "included late")
        app.include_router(extra)
        return "inserted"

    @app.get("/remove")
    async def remove():
        app.router.routes[:] = [r for r in app.router.routes if getattr(r, "path", "") != "/before"]
        return "removed"

    @app.get("/call")
    async def call():
        return "original call"

    def find(path):
        return next(r for r in app.router.routes if getattr(r, "path", "") == path)

    @app.get("/swap")
    async def swap():
        async def other():
            return "swapped call"

        find("/call").dependant.call = other
        return "swapped"

    @app.get("/depend")
    async def depend():
        def noted():
            log("new dependency")

        route = find("/call")
        route.dependant.dependencies.append(
            api.dependencies.utils.get_parameterless_sub_dependant(
                depends=api.Depends(noted), path=route.path_format
            )
        )
        return "depends"

    @app.get("/rename")
    async def rename():
        from starlette.routing import compile_path

        route = find("/call")
        route.path = "/renamed"
        route.path_regex, route.path_format, route.param_convertors = compile_path("/renamed")
        return "renamed"

    inner.get("/leaf")(lambda: "leaf")
    app.include_router(inner, prefix="/nested")

    @app.get("/grow")
    async def grow():
        inner.get("/grown")(lambda: "grown")
        return "grown"

    return app


@differential(
    get("/first/1"),
    get("/last/1"),
    get("/mid/500"),
    get("/r700/x"),
    get("/r999/x"),
    get("/nowhere"),
    request("POST", "/r3/x"),
)
def many_routes(api):
    app = api.FastAPI()

    async def endpoint(x: str):
        return x

    app.get("/first/{x}")(endpoint)
    for index in range(1000):
        app.router.add_api_route(f"/r{index}/{{x}}", endpoint, name=f"r{index}")
        if index == 500:
            app.get("/mid/{x}")(endpoint)
    app.get("/last/{x}")(endpoint)
    return app


@differential(
    get("/limited?q=1"),
    post_json("/limited-body", {"a": 1}),
    post_json("/limited-body", {"a": 10**40}),
    post_json("/router-limited", {"a": 10**40}),
    post_json("/app-limited", {"a": 10**120}),
    post_json("/limited-body", {"a": 1}, length=500, label="lying length over the limit"),
    post_json("/limited-body", {"a": 10**40}, length=3, label="lying length under the limit"),
    post_json("/unread", {"a": 10**40}),
)
def body_limits(api):
    app = api.FastAPI(max_body_size=100)
    router = api.APIRouter(max_body_size=30)

    @app.get("/limited", max_body_size=0)
    async def limited(q: Annotated[int, api.Query()]):
        return q

    @app.post("/limited-body", max_body_size=20)
    async def limited_body(item: Item):
        return item

    @router.post("/router-limited")
    async def router_limited(item: Item):
        return item

    @app.post("/app-limited")
    async def app_limited(item: Item):
        return item

    @app.post("/unread", max_body_size=20)
    async def unread():
        return "not read"

    app.include_router(router)
    return app
