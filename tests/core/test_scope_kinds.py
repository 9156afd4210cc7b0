"""Scopes that are mappings of another kind, and values that a server would not put there."""

# mypy: ignore-errors
from collections import ChainMap, UserDict
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import Annotated

from tests.both import Stories, ask
from tests.differential.driver import Http, WebSocket, http_scope, websocket_scope

stories = Stories()


class Counting(dict):
    """A dict that computes a value."""

    def __getitem__(self, key):
        return b"q=computed" if key == "query_string" else super().__getitem__(key)


class Lazy(dict):
    """A dict that makes up what is missing."""

    def __missing__(self, key):
        if key == "query_string":
            return b"q=missing"
        raise KeyError(key)


def without_query_string(scope):
    return Lazy((key, value) for key, value in scope.items() if key != "query_string")


KINDS = (
    lambda scope: ChainMap({}, scope),
    UserDict,
    Counting,
    without_query_string,
    MappingProxyType,
)


def application(api, log):
    app = api.FastAPI()

    async def dependency(request: api.Request, x: Annotated[str, api.Header()] = "none"):
        request.scope["seen"] = x
        yield x
        log("closed")

    async def simple(q: str = "none"):
        return q

    @app.get("/items/{name}")
    async def item(
        name: str,
        dependency: Annotated[str, api.Depends(dependency)],
        q: str = "none",
        c: Annotated[str, api.Cookie()] = "none",
    ):
        return [name, dependency, q, c]

    @app.get("/simple/{name}")
    async def other(name: str, simple: Annotated[str, api.Depends(simple)]):
        return [name, simple]

    @app.post("/body")
    async def body(body: Annotated[dict, api.Body()], request: api.Request):
        return [body, request.url.path, type(request.scope).__name__]

    @app.post("/form")
    async def form(a: Annotated[int, api.Form()]):
        return a

    @app.get("/fails")
    async def fails():
        raise api.HTTPException(418)

    @app.get("/broken")
    async def broken():
        raise ValueError("broken")

    @app.websocket("/ws/{name}")
    async def session(websocket: api.WebSocket, name: str, q: str = "none"):
        await websocket.accept()
        await websocket.send_json([name, q])

    router = api.APIRouter(prefix="/inner")
    router.get("/{n}")(simple_endpoint)
    app.include_router(router, prefix="/included")
    sub = api.FastAPI()
    sub.get("/{n}")(simple_endpoint)
    app.mount("/mount/{m}", sub)
    return app


async def simple_endpoint(n: int, q: str = "none"):
    return [n, q]


GETS = (
    "/items/a?q=1",
    "/simple/a?q=2",
    "/included/inner/1?q=3",
    "/included/inner/x",
    "/mount/m/1?q=4",
    "/items/a/?q=5",
    "/nowhere",
    "/fails",
    "/broken",
    "/body",
    "/openapi.json",
)


async def serve(log, app, scope, *messages):
    """Serve one connection and log what was sent, or raised."""
    sent, script = [], list(messages)

    async def receive():
        return script.pop(0)

    async def send(message):
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        log(type(error).__name__, error)
    for message in sent:
        if "body" in message and len(message["body"]) > 500:
            message = {"length": len(message["body"])}
        log(message)


EMPTY = {"type": "http.request", "body": b"", "more_body": False}
HEADERS = ((b"host", b"h"), (b"x", b"2"), (b"cookie", b"c=3"))


def request_scope(target="/items/a?q=1", method="GET", headers=HEADERS):
    return http_scope(Http(target=target, method=method, headers=headers))


@stories.vary("kind", KINDS)
async def applications_are_called_with_another_mapping(api, log, kind):
    app = application(api, log)
    for target in GETS:
        scope = kind(request_scope(target))
        await serve(log, app, scope, EMPTY)
        log(
            sorted(
                key for key in scope if key in ("app", "router", "endpoint", "route", "path_params", "seen")
            )
        )
    headers = ((b"content-type", b"application/json"),)
    message = {"type": "http.request", "body": b'{"a": 1}'}
    await serve(log, app, kind(request_scope("/body", "POST", headers)), message)
    headers = ((b"content-type", b"application/x-www-form-urlencoded"),)
    await serve(
        log, app, kind(request_scope("/form", "POST", headers)), {"type": "http.request", "body": b"a=1"}
    )
    session = kind(websocket_scope(WebSocket(target="/ws/a?q=1")))
    await serve(
        log, app, session, {"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}
    )


@stories.vary("kind", KINDS)
async def middleware_passes_another_mapping_on(api, log, kind):
    class Changing:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await self.app(kind(scope) if scope["type"] == "http" else scope, receive, send)

    app = application(api, log)
    app.add_middleware(Changing)
    for target in GETS:
        log(await ask(app, target))
    app = application(api, log)
    app.add_middleware(api.middleware.gzip.GZipMiddleware)
    app.add_middleware(api.middleware.cors.CORSMiddleware, allow_origins=["*"])
    app.add_middleware(Changing)
    log(await ask(app, "/simple/a?q=2", headers=(("origin", "o"),)))


@stories.vary("kind", KINDS)
async def requests_of_another_mapping(api, log, kind):
    utils = api.dependencies.utils

    async def dependency(request: api.Request, q: str = "none", x: Annotated[str, api.Header()] = "none"):
        yield [q, x, request.query_params.get("q")]
        log("closed")

    async def call(found: Annotated[list, api.Depends(dependency)], p: str = "none"): ...

    dependant = utils.get_dependant(path="/{p}", call=call)
    async with AsyncExitStack() as inner, AsyncExitStack() as function:
        scope = request_scope() | {
            "fastapi_inner_astack": inner,
            "fastapi_function_astack": function,
            "path_params": {"p": "1"},
        }
        try:
            solved = await utils.solve_dependencies(
                request=api.Request(kind(scope)),
                dependant=dependant,
                async_exit_stack=inner,
                embed_body_fields=False,
            )
        except Exception as error:
            log(type(error).__name__, error)
        else:
            log(solved.values, solved.errors)


@stories.vary("kind", KINDS)
async def route_classes_make_requests_of_another_mapping(api, log, kind):
    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            handler = super().get_route_handler()

            async def changed(request):
                return await handler(api.Request(kind(request.scope), request.receive))

            return changed

    app = api.FastAPI()
    app.router.route_class = Route

    @app.post("/{name}")
    async def endpoint(name: str, body: dict, request: api.Request, q: str = "none"):
        return [name, body, q, type(request.scope).__name__]

    log(await ask(app, "/a?q=1", method="POST", body={"b": 2}))
    log(await ask(app, "/a?q=1", method="POST", body=b"{"))


def pairs(*items):
    yield from items


VALUES = [
    ("query_string", value)
    for value in (
        "q=text",
        "q=\xe9&r=%C3%A9",
        "q=\u20ac",
        bytearray(b"q=1"),
        None,
        [("q", "list")],
        {"q": "dict"},
        5,
        "",
    )
] + [
    ("headers", value)
    for value in (
        ((b"x", b"tuple"), (b"cookie", b"c=t")),
        [[b"x", b"list"], [b"cookie", b"c=l"]],
        [("x", "text")],
        [(b"x", "text")],
        [("x", b"text"), (b"x", b"bytes")],
        [(b"X", b"upper"), (b"x", b"lower")],
        [(bytearray(b"x"), bytearray(b"y"))],
        {b"x": b"dict"},
        {(b"x", b"set")},
        None,
        [],
        5,
    )
]
VALUES += [
    ("path", b"/items/a"),
    ("path", None),
    ("path", ""),
    ("raw_path", None),
    ("raw_path", "text"),
    ("root_path", None),
    ("root_path", ""),
    ("root_path", "/items"),
    ("root_path", b"/items"),
    ("method", b"GET"),
    ("method", None),
    ("method", "get"),
    ("client", None),
    ("client", ["h", 1]),
    ("client", "text"),
    ("server", None),
    ("server", ["h", 1]),
    ("scheme", None),
    ("state", None),
    ("state", {}),
    ("path_params", {"name": "preset", "m": "preset"}),
    ("path_params", [("z", "1")]),
    ("path_params", None),
    ("path_params", 5),
    ("fastapi", {}),
    ("fastapi", {"other": 1}),
    ("app", None),
    ("router", None),
    ("type", "http2"),
    ("type", None),
    ("extensions", None),
    ("http_version", "2"),
    ("asgi", None),
]
MISSING = (
    "query_string",
    "headers",
    "path",
    "raw_path",
    "root_path",
    "method",
    "client",
    "server",
    "scheme",
    "state",
    "type",
    "asgi",
    "http_version",
)


def telling(api, log):
    """As above, with what requests say of their clients and addresses."""
    app = application(api, log)

    @app.get("/told/{name}")
    async def told(request: api.Request, name: str, q: str = "none"):
        return [str(request.url), request.client and list(request.client), request.state._state, name, q]

    return app


TOLD = (
    "/told/a?q=1",
    "/simple/a?q=1",
    "/items/a?q=1",
    "/included/inner/1",
    "/mount/m/1",
    "/fails",
    "/nowhere",
)


def labelled(items):
    """Values with a short name for the list of tests."""
    for key, value in items:

        def item(key=key, value=value):
            return key, value

        item.__name__ = f"{key}={value!r}"[:40]
        yield item


@stories.vary("item", tuple(labelled(VALUES)))
async def a_value_is_of_another_kind(api, log, item):
    key, value = item()
    app = telling(api, log)
    for target in TOLD:
        await serve(log, app, request_scope(target) | {key: value}, EMPTY)


@stories.vary("item", tuple(labelled(VALUES)))
async def a_value_of_a_body_request_is_of_another_kind(api, log, item):
    key, value = item()
    app = telling(api, log)
    headers = (*HEADERS, (b"content-type", b"application/json"))
    message = {"type": "http.request", "body": b'{"a": 1}'}
    await serve(log, app, request_scope("/body", "POST", headers) | {key: value}, message)


@stories.vary("item", tuple(labelled(VALUES)))
async def middleware_changes_a_value(api, log, item):
    key, value = item()

    class Changing:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            scope[key] = value
            await self.app(scope, receive, send)

    for native in (False, True):
        app = telling(api, log)
        if native:
            app.add_middleware(api.middleware.gzip.GZipMiddleware)
            app.add_middleware(api.middleware.cors.CORSMiddleware, allow_origins=["*"])
        app.add_middleware(Changing)
        for target in TOLD:
            await serve(log, app, request_scope(target), EMPTY)


@stories.vary("item", tuple(labelled(VALUES)))
async def a_dependency_changes_a_value(api, log, item):
    key, value = item()
    app = api.FastAPI()

    async def changing(request: api.Request):
        request.scope[key] = value

    async def then(q: str = "none", x: Annotated[str, api.Header()] = "none"):
        return [q, x]

    @app.get("/{name}", dependencies=[api.Depends(changing)])
    async def endpoint(name: str, then: Annotated[list, api.Depends(then)], request: api.Request):
        return [name, then, str(request.query_params), request.headers.get("x")]

    await serve(log, app, request_scope("/a?q=1"), EMPTY)


@stories.vary("name", MISSING)
async def a_value_is_missing(api, log, name):
    app = telling(api, log)
    for target in TOLD:
        scope = request_scope(target)
        scope.pop(name, None)
        await serve(log, app, scope, EMPTY)


@stories
async def headers_are_given_once(api, log):
    """An iterator is made a list by whoever reads it first, and serves all others."""
    app = telling(api, log)
    for target in ("/items/a", "/told/a"):
        scope = request_scope(target) | {"headers": pairs((b"x", b"once"), (b"cookie", b"c=once"))}
        await serve(log, app, scope, EMPTY)
        log(scope["headers"])


test_same_story = stories.test()
