"""What a `Request` or `WebSocket` says counts at every later step, and what its scope says where it is read."""

# mypy: ignore-errors
import contextvars
from collections import ChainMap
from contextlib import AsyncExitStack
from typing import Annotated

import starlette.datastructures
import starlette.requests
import starlette.websockets
from pydantic import BaseModel
from starlette.datastructures import FormData, Headers, MutableHeaders, QueryParams
from tests.both import Stories, ask, replaced, talk

stories = Stories()

TARGET = "/p/1?a=q&many=1&many=2&ma=model&extra=1"
HEADERS = (
    ("x", "h"),
    ("xs", "1"),
    ("xs", "2"),
    ("cookie", 'c=k; d="\\101"'),
    ("mh", "header"),
)


class QueryModel(BaseModel, extra="allow"):
    ma: str = "none"


class HeaderModel(BaseModel):
    mh: str = "none"


class CookieModel(BaseModel, extra="allow"):
    d: str = "none"


def parameters(api):
    """Functions that return all that a request says, by single parameters and by models."""

    async def single(
        p: str = "none",
        a: str = "none",
        many: Annotated[list[str], api.Query()] = ["none"],  # noqa: B006
        x: Annotated[str, api.Header()] = "none",
        xs: Annotated[list[str], api.Header()] = ["none"],  # noqa: B006
        c: Annotated[str, api.Cookie()] = "none",
        number: Annotated[int, api.Query(alias="a")] = 0,
    ):
        return [p, a, many, x, xs, c, number]

    async def models(
        query: Annotated[QueryModel, api.Query()],
        header: Annotated[HeaderModel, api.Header()],
        cookie: Annotated[CookieModel, api.Cookie()],
    ):
        return [query.model_dump(), header.model_dump(), cookie.model_dump()]

    async def plain(a: str = "none", x: Annotated[str, api.Header()] = "none"):
        return [a, x]

    return single, models, plain


def said(request):
    """All that the object says."""
    return [
        dict(request.path_params),
        str(request.query_params),
        sorted(request.headers.items()),
        request.cookies,
        sorted(name for name in vars(request) if name in ("_query_params", "_headers", "_cookies", "_url")),
    ]


def application(api, change, connection):
    """One dependency that changes the connection, and others that look at what comes of it."""
    app = api.FastAPI()
    single, models, plain = parameters(api)

    async def first(request: connection):
        change(request)

    async def then(
        first: Annotated[None, api.Depends(first)],
        plain: Annotated[list, api.Depends(plain)],
        single: Annotated[list, api.Depends(single)],
        models: Annotated[list, api.Depends(models)],
    ):
        return [plain, single, models]

    return app, then, plain


def sets_query_params(request):
    request._query_params = QueryParams("a=narrowed&many=3&ma=narrowed")


def sets_query_params_to_a_dict(request):
    request._query_params = {"a": "dict", "many": ["x"]}


def sets_query_params_to_a_multidict(request):
    request._query_params = starlette.datastructures.ImmutableMultiDict([("a", "1"), ("many", 2), ("a", "3")])


def sets_query_params_to_none(request):
    request._query_params = None


def edits_query_params(request):
    request.query_params._dict["a"] = "edited"
    request.query_params._list[:] = [("many", "edited"), ("ma", "edited")]


def gives_numbers_to_query_params(request):
    request.query_params._dict["a"] = 7
    request.query_params._list.append(("many", 8))


def replaces_the_parts_of_query_params(request):
    request.query_params._dict = {"a": "replaced"}
    request.query_params._list = (("many", "replaced"),)


def sets_cookies(request):
    request._cookies = {"c": "set", "e": "f"}


def edits_cookies(request):
    request.cookies["c"] = "edited"
    request.cookies["d"] = 5


def clears_cookies(request):
    request.cookies.clear()


def sets_cookies_of_another_kind(request):
    class Shouting(dict):
        def get(self, key, default=None):
            return "!" if key in self else default

    request._cookies = Shouting(c="x")


def sets_headers(request):
    request._headers = Headers({"x": "set", "Cookie": "c=set"})


def sets_mutable_headers(request):
    request._headers = MutableHeaders(raw=request.headers.raw)
    request._headers["x"] = "changed"
    request._headers.append("xs", "3")


def sets_headers_to_a_dict(request):
    request._headers = {"x": "dict", "xs": ["1"]}


def edits_headers(request):
    request.headers._list[:] = [
        (b"x", b"edited"),
        (b"xs", b"3"),
        (b"cookie", b"c=edited"),
        (b"mh", b"edited"),
    ]


def puts_odd_headers(request):
    request.headers._list.insert(0, ("x", "text"))
    request.headers._list.insert(0, [b"xs", b"list"])


def replaces_the_list_of_headers(request):
    request.headers._list = ((b"x", b"tuple"),)


def forgets_everything(request):
    request.scope["query_string"] = b"a=new"
    request.scope["headers"] = [(b"x", b"new"), (b"cookie", b"c=new")]
    for name in ("_query_params", "_headers", "_cookies"):
        delattr(request, name)


def replaces_the_query_string(request):
    request.scope["query_string"] = b"a=late"


def reads_and_replaces_the_query_string(request):
    str(request.query_params)
    request.scope["query_string"] = b"a=late"


def removes_the_query_string(request):
    del request.scope["query_string"]


def replaces_headers_of_the_scope(request):
    request.scope["headers"] = [(b"x", b"late"), (b"cookie", b"c=late")]


def edits_headers_of_the_scope(request):
    request.scope["headers"].append((b"xs", b"3"))
    request.scope["headers"].insert(0, (b"x", b"first"))


def replaces_path_params(request):
    request.scope["path_params"] = {"p": "replaced"}


def edits_path_params(request):
    request.path_params["p"] = "edited"


def replaces_path_params_by_another_mapping(request):
    request.scope["path_params"] = ChainMap({"p": "chained"})


def removes_path_params(request):
    del request.scope["path_params"]


def replaces_the_scope(request):
    request.scope = request.scope | {"path_params": {"p": "other"}, "query_string": b"a=other"}


def becomes_a_subclass(request):
    class Other(type(request)):
        @property
        def query_params(self):
            return QueryParams("a=subclass")

        @property
        def cookies(self):
            return {"c": "subclass"}

    request.__class__ = Other


def nothing(request):
    pass


CHANGES = (
    nothing,
    sets_query_params,
    sets_query_params_to_a_dict,
    sets_query_params_to_a_multidict,
    sets_query_params_to_none,
    edits_query_params,
    gives_numbers_to_query_params,
    replaces_the_parts_of_query_params,
    sets_cookies,
    edits_cookies,
    clears_cookies,
    sets_cookies_of_another_kind,
    sets_headers,
    sets_mutable_headers,
    sets_headers_to_a_dict,
    edits_headers,
    puts_odd_headers,
    replaces_the_list_of_headers,
    forgets_everything,
    replaces_the_query_string,
    reads_and_replaces_the_query_string,
    removes_the_query_string,
    replaces_headers_of_the_scope,
    edits_headers_of_the_scope,
    replaces_path_params,
    edits_path_params,
    replaces_path_params_by_another_mapping,
    removes_path_params,
    replaces_the_scope,
    becomes_a_subclass,
)


@stories.vary("change", CHANGES)
async def a_dependency_changes_the_request(api, log, change):
    app, then, _plain = application(api, change, api.Request)

    @app.get("/p/{p}")
    async def endpoint(found: Annotated[list, api.Depends(then)], request: api.Request, a: str = "none"):
        return [found, a, repr(said(request))]

    @app.post("/p/{p}")
    async def with_a_body(
        body: Annotated[int, api.Body()], found: Annotated[list, api.Depends(then)], request: api.Request
    ):
        return [body, found, repr(said(request))]

    @app.put("/p/{p}")
    async def with_a_form(
        field: Annotated[str, api.Form()], found: Annotated[list, api.Depends(then)], request: api.Request
    ):
        return [field, found, repr(said(request))]

    log(await ask(app, TARGET, headers=HEADERS))
    log(await ask(app, TARGET, headers=HEADERS, method="POST", body=5))
    form = ("content-type", "application/x-www-form-urlencoded")
    log(await ask(app, TARGET, headers=(*HEADERS, form), method="PUT", body=b"field=value"))
    log(await ask(app, "/p/2"))


@stories.vary("change", CHANGES)
async def a_dependency_changes_the_connection(api, log, change):
    app, then, _plain = application(api, change, api.requests.HTTPConnection)

    @app.get("/p/{p}")
    async def endpoint(found: Annotated[list, api.Depends(then)]):
        return found

    log(await ask(app, TARGET, headers=HEADERS))


@stories.vary("change", CHANGES)
async def a_dependency_changes_the_websocket(api, log, change):
    app, then, _plain = application(api, change, api.WebSocket)

    @app.websocket("/p/{p}")
    async def session(websocket: api.WebSocket, found: Annotated[list, api.Depends(then)], a: str = "none"):
        await websocket.accept()
        await websocket.send_json([found, a, repr(said(websocket))])

    log(await talk(app, TARGET))


@stories.vary("change", CHANGES)
async def a_route_handler_changes_the_request(api, log, change):
    """A route class of the user's presets values before the path operation runs."""

    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            handler = super().get_route_handler()

            async def changing(request):
                change(request)
                return await handler(request)

            return changing

    app = api.FastAPI()
    app.router.route_class = Route
    single, models, _plain = parameters(api)

    @app.get("/p/{p}")
    async def endpoint(
        single: Annotated[list, api.Depends(single)],
        models: Annotated[list, api.Depends(models)],
        request: api.Request,
    ):
        return [single, models, repr(said(request))]

    try:
        log(await ask(app, TARGET, headers=HEADERS))
    except BaseExceptionGroup as error:
        log(repr(error))


def solvable(query=b"a=q&many=1", **more):
    """A scope as libraries make one that no server has seen."""
    return {
        "type": "http",
        "headers": [(b"x", b"h"), (b"cookie", b"c=k")],
        "query_string": query,
        "path_params": {"p": "1"},
        "method": "GET",
        "path": "/",
        **more,
    }


async def solve(api, log, request, call):
    """Solve the dependencies of `call` as a library would."""
    utils = api.dependencies.utils
    dependant = utils.get_dependant(path="/{p}", call=call)
    async with AsyncExitStack() as inner, AsyncExitStack() as function:
        request.scope["fastapi_inner_astack"] = inner
        request.scope["fastapi_function_astack"] = function
        try:
            solved = await utils.solve_dependencies(
                request=request, dependant=dependant, async_exit_stack=inner, embed_body_fields=False
            )
        except Exception as error:
            log(type(error).__name__, error)
        else:
            log(solved.values, solved.errors)


@stories.vary("change", CHANGES)
async def a_caller_of_solve_dependencies_changes_the_request(api, log, change):
    single, models, _plain = parameters(api)

    async def call(
        single: Annotated[list, api.Depends(single)], models: Annotated[list, api.Depends(models)], p: str
    ): ...

    for request in (
        api.Request(solvable()),
        api.WebSocket(solvable(type="websocket"), None, None),
    ):
        try:
            change(request)
        except (AttributeError, KeyError) as error:
            log(repr(error))
        await solve(api, log, request, call)


@stories
async def values_preset_for_a_scope_without_them(api, log):
    """As FastStream does: a request whose scope says nothing, and whose attributes say all."""
    single, _models, plain = parameters(api)

    async def call(
        single: Annotated[list, api.Depends(single)], plain: Annotated[list, api.Depends(plain)]
    ): ...

    request = api.Request({"type": "http"})
    await solve(api, log, request, call)
    request._query_params = {"a": "preset"}
    await solve(api, log, request, call)
    request._headers = {"x": "preset"}
    await solve(api, log, request, call)
    request._cookies = {"c": "preset"}
    await solve(api, log, request, call)
    del request._headers
    await solve(api, log, request, call)


PROPERTIES = {
    "query_params": QueryParams("a=patched&many=p"),
    "headers": Headers({"x": "patched"}),
    "cookies": {"c": "patched"},
    "path_params": {"p": "patched"},
}


@stories.vary("name", PROPERTIES)
async def a_property_of_the_class_is_patched(api, log, name):
    single, _models, _plain = parameters(api)
    app = api.FastAPI()

    @app.get("/p/{p}")
    async def endpoint(found: Annotated[list, api.Depends(single)], p: str, a: str = "none"):
        return [found, p, a]

    @app.get("/bare")
    async def bare():
        return "bare"

    @app.websocket("/p/{p}")
    async def session(websocket: api.WebSocket, found: Annotated[list, api.Depends(single)]):
        await websocket.accept()
        await websocket.send_json(found)

    def looked(self):
        log("asked for", name)
        return PROPERTIES[name]

    log(await ask(app, TARGET, headers=HEADERS))
    for cls in (
        starlette.requests.HTTPConnection,
        starlette.requests.Request,
        starlette.websockets.WebSocket,
    ):
        with replaced_property(cls, name, property(looked)):
            log(cls.__name__, await ask(app, TARGET, headers=HEADERS), await ask(app, "/bare"))
            log(await talk(app, TARGET))
    log(await ask(app, TARGET, headers=HEADERS), await talk(app, TARGET))


@stories.vary("name", PROPERTIES)
async def a_property_is_patched_by_a_dependency(api, log, name):
    single, models, _plain = parameters(api)
    app = api.FastAPI()

    async def patching():
        with replaced_property(starlette.requests.Request, name, property(lambda self: PROPERTIES[name])):
            yield

    @app.get("/p/{p}")
    async def endpoint(
        patched: Annotated[None, api.Depends(patching)],
        found: Annotated[list, api.Depends(single)],
        models: Annotated[list, api.Depends(models)],
    ):
        return [found, models]

    for _ in range(2):
        log(await ask(app, TARGET, headers=HEADERS))


class replaced_property:
    """Put a property on a class for a while."""

    def __init__(self, cls, name, value):
        self.cls, self.name, self.value = cls, name, value

    def __enter__(self):
        self.former = vars(self.cls).get(self.name)
        setattr(self.cls, self.name, self.value)

    def __exit__(self, *exc_info):
        if self.former is None:
            delattr(self.cls, self.name)
        else:
            setattr(self.cls, self.name, self.former)


@stories
async def the_classes_of_the_values_are_patched(api, log):
    single, models, _plain = parameters(api)
    app = api.FastAPI()

    async def look(request: api.Request):
        str(request.query_params)

    @app.get("/p/{p}", dependencies=[api.Depends(look)])
    async def endpoint(
        found: Annotated[list, api.Depends(single)], models: Annotated[list, api.Depends(models)]
    ):
        return [found, models]

    get = starlette.datastructures.ImmutableMultiDict.__getitem__
    changes = (
        (starlette.datastructures.Headers, "getlist", lambda self, key: ["patched"]),
        (starlette.datastructures.Headers, "__getitem__", lambda self, key: f"patched {key}"),
        (starlette.datastructures.ImmutableMultiDict, "getlist", lambda self, key: ["patched"]),
        (starlette.datastructures.QueryParams, "get", lambda self, key, default=None: "patched"),
        (
            starlette.datastructures.ImmutableMultiDict,
            "__getitem__",
            lambda self, key: get(self, key).upper(),
        ),
    )
    for owner, name, new in changes:
        with replaced_property(owner, name, new):
            log(name, await ask(app, TARGET, headers=HEADERS))
    log(await ask(app, TARGET, headers=HEADERS))


@stories
async def an_attribute_is_put_on_the_class(api, log):
    """`hasattr` finds it there, too."""
    single, _models, _plain = parameters(api)
    app = api.FastAPI()

    @app.get("/p/{p}")
    async def endpoint(found: Annotated[list, api.Depends(single)], request: api.Request):
        return [found, str(request.query_params)]

    with replaced_property(starlette.requests.Request, "_query_params", QueryParams("a=class")):
        log(await ask(app, TARGET, headers=HEADERS))
    log(await ask(app, TARGET, headers=HEADERS))


@stories
async def every_property_of_a_request_class_is_read_at_every_step(api, log):
    class Telling(api.Request):
        @property
        def path_params(self):
            log("path_params")
            return super().path_params

        @property
        def query_params(self):
            log("query_params")
            return super().query_params

        @property
        def headers(self):
            log("headers")
            return super().headers

        @property
        def cookies(self):
            log("cookies")
            return super().cookies

    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            handler = super().get_route_handler()

            async def changed(request):
                return await handler(Telling(request.scope, request.receive))

            return changed

    app = api.FastAPI()
    app.router.route_class = Route

    async def dependency():
        log("dependency")

    @app.get("/bare")
    async def bare():
        log("endpoint")

    @app.get("/two", dependencies=[api.Depends(dependency)])
    async def two():
        log("endpoint")

    @app.post("/body")
    async def body(a: Annotated[int, api.Body()], x: Annotated[str, api.Header()] = "none"):
        log("endpoint", a, x)

    for path in ("/bare", "/two"):
        log(await ask(app, path))
    log(await ask(app, "/body", method="POST", body=1))
    log(await ask(app, "/body", method="POST", body=b""))


PRESET = {
    "_body": b'{"a": 2}',
    "_json": {"a": 3},
    "_form": FormData([("a", "4")]),
    "_stream_consumed": True,
    "_headers": Headers({"content-type": "text/plain"}),
    "_receive": None,
}


@stories.vary("name", PRESET)
async def what_a_route_handler_presets_of_the_body(api, log, name):
    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            handler = super().get_route_handler()

            async def presetting(request):
                setattr(request, name, PRESET[name])
                return await handler(request)

            return presetting

    app = api.FastAPI()
    app.router.route_class = Route

    class Item(BaseModel):
        a: int

    @app.post("/json")
    async def json(item: Item, request: api.Request):
        return [item.a, (await request.body()).decode()]

    @app.post("/any")
    async def anything(item: Annotated[object, api.Body()]):
        return repr(item)

    @app.post("/form")
    async def form(a: Annotated[int, api.Form()]):
        return a

    log(await ask(app, "/json", method="POST", body={"a": 1}))
    log(await ask(app, "/any", method="POST", body={"a": 1}))
    urlencoded = (("content-type", "application/x-www-form-urlencoded"),)
    log(await ask(app, "/form", method="POST", body=b"a=1", headers=urlencoded))


@stories
async def an_initialiser_presets_values(api, log):
    """`Request.__init__` replaced: it may set everything."""
    app = api.FastAPI()
    single, _models, _plain = parameters(api)

    class Item(BaseModel):
        a: int

    @app.post("/p/{p}")
    async def endpoint(found: Annotated[list, api.Depends(single)], item: Item):
        return [found, item.a]

    original = starlette.requests.Request.__init__

    def presetting(self, *args, **kwargs):
        original(self, *args, **kwargs)
        self._query_params = QueryParams("a=preset")
        self._cookies = {"c": "preset"}
        self._body = b'{"a": 2}'

    with replaced((starlette.requests.Request, "__init__", presetting)):
        log(await ask(app, TARGET, method="POST", body={"a": 1}, headers=HEADERS))
    log(await ask(app, TARGET, method="POST", body={"a": 1}, headers=HEADERS))


@stories
async def an_exception_handler_sees_what_was_read(api, log):
    """The request of a route's handler is the one whose values were read; a later one reads anew."""
    current = contextvars.ContextVar("scope")

    class Keeping:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            current.set(scope)
            await self.app(scope, receive, send)

    app = api.FastAPI()
    app.add_middleware(Keeping)

    @app.exception_handler(418)
    async def teapot(request, error):
        return api.responses.JSONResponse([repr(said(request))])

    async def changing():
        current.get()["query_string"] = b"a=changed"
        current.get()["headers"] = [(b"x", b"changed")]

    @app.get("/p/{p}", dependencies=[api.Depends(changing)])
    async def endpoint(a: str = "none", x: Annotated[str, api.Header()] = "none"):
        raise api.HTTPException(418, [a, x])

    @app.get("/bare")
    async def bare():
        await changing()
        raise api.HTTPException(418)

    @app.get("/given", dependencies=[api.Depends(changing)])
    async def given(request: api.Request):
        return repr(said(request))

    for target in (TARGET, "/bare?a=1", "/given?a=1"):
        log(await ask(app, target, headers=HEADERS))


test_same_story = stories.test()
