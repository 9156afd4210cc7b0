"""Dependencies: every kind of callable, caching, order, overrides, context variables."""

# mypy: ignore-errors
import contextvars
import functools
import threading
from typing import Annotated

import anyio
from pydantic import BaseModel

from ..driver import get, headers, log, post_json
from ..registry import differential

current = contextvars.ContextVar("current", default="unset")


class Paging:
    def __init__(self, skip: int = 0, limit: int = 10):
        log("Paging", skip, limit)
        self.skip, self.limit = skip, limit


class Callable:
    def __init__(self, label):
        self.label = label

    def __call__(self, q: str = "none"):
        log("callable object", self.label, q)
        return [self.label, q]

    def method(self, q: str = "none"):
        return ["method", self.label, q]

    async def async_method(self, q: str = "none"):
        return ["async method", self.label, q]

    @classmethod
    def from_class(cls, q: str = "none"):
        return ["classmethod", cls.__name__, q]

    @staticmethod
    def static(q: str = "none"):
        return ["static", q]


class AsyncCallable:
    async def __call__(self, q: str = "none"):
        return ["async callable", q]


class YieldCallable:
    def __call__(self, q: str = "none"):
        log("enter yield callable")
        yield ["yield callable", q]
        log("exit yield callable")


class AsyncYieldCallable:
    async def __call__(self, q: str = "none"):
        log("enter async yield callable")
        yield ["async yield callable", q]
        log("exit async yield callable")


KINDS = [
    "coroutine",
    "sync",
    "generator",
    "async-generator",
    "class",
    "callable",
    "async-callable",
    "yield-callable",
    "async-yield-callable",
    "method",
    "async-method",
    "classmethod",
    "static",
    "partial",
    "async-partial",
    "lambda",
    "wrapped",
    "wrapped-async",
    "wrapped-generator",
]


@differential(
    *(get(f"/{kind}?q=x&skip=2") for kind in KINDS), get("/class?skip=x"), get("/unannotated-class?limit=3")
)
def kinds(api):
    app = api.FastAPI()

    async def coroutine(q: str = "none"):
        return ["coroutine", q]

    def sync(q: str = "none"):
        return ["sync", q, threading.current_thread() is threading.main_thread()]

    def generator(q: str = "none"):
        log("enter generator")
        yield ["generator", q]
        log("exit generator")

    async def async_generator(q: str = "none"):
        log("enter async generator")
        yield ["async generator", q]
        log("exit async generator")

    def positional(first, q: str = "none"):
        return ["partial", first, q]

    async def async_positional(first, q: str = "none"):
        return ["async partial", first, q]

    def wrap(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            log("wrapper", sorted(kwargs))
            return function(*args, **kwargs)

        return wrapper

    instance = Callable("c")
    table = {
        "coroutine": coroutine,
        "sync": sync,
        "generator": generator,
        "async-generator": async_generator,
        "class": Paging,
        "callable": instance,
        "async-callable": AsyncCallable(),
        "yield-callable": YieldCallable(),
        "async-yield-callable": AsyncYieldCallable(),
        "method": instance.method,
        "async-method": instance.async_method,
        "classmethod": Callable.from_class,
        "static": Callable.static,
        "partial": functools.partial(positional, "p"),
        "async-partial": functools.partial(async_positional, "p"),
        "lambda": lambda q="none": ["lambda", q],
        "wrapped": wrap(sync),
        "wrapped-async": wrap(coroutine),
        "wrapped-generator": wrap(generator),
    }
    assert list(table) == KINDS

    def add(kind, dependency):
        @app.get(f"/{kind}", name=kind)
        async def endpoint(value: Annotated[object, api.Depends(dependency)]):
            log("endpoint", kind)
            return vars(value) if isinstance(value, Paging) else value

    for kind, dependency in table.items():
        add(kind, dependency)

    @app.get("/unannotated-class")
    def unannotated(paging: Annotated[Paging, api.Depends()], other: Paging = api.Depends()):
        return [paging.limit, other is paging]

    return app


@differential(
    get("/cached"),
    get("/uncached"),
    get("/mixed"),
    get("/tree?q=1"),
    get("/tree"),
    get("/tree?q=x&r=y"),
    get("/decorator", headers=headers(x_key="k"), label="decorator ok"),
    get("/decorator"),
    get("/none"),
)
def order_and_cache(api):
    counter = []

    def base():
        log("base")
        counter.append(1)
        return object()

    def left(value: Annotated[object, api.Depends(base)]):
        log("left")
        return value

    async def right(value: Annotated[object, api.Depends(base)]):
        log("right")
        return value

    def needs_q(q: int):
        log("needs_q", q)
        return q

    def needs_r(r: int = 0):
        log("needs_r", r)
        return r

    def after(q: Annotated[int, api.Depends(needs_q)], r: Annotated[int, api.Depends(needs_r)]):
        log("after", q, r)
        return q + r

    def app_wide():
        log("app dependency")

    def route_one(x_key: Annotated[str, api.Header()]):
        log("route one", x_key)

    async def route_two():
        log("route two")

    app = api.FastAPI(dependencies=[api.Depends(app_wide)])

    @app.get("/cached")
    async def cached(a: Annotated[object, api.Depends(left)], b: Annotated[object, api.Depends(right)]):
        return a is b

    @app.get("/uncached")
    async def uncached(
        a: Annotated[object, api.Depends(base, use_cache=False)],
        b: Annotated[object, api.Depends(base, use_cache=False)],
    ):
        return a is b

    @app.get("/mixed")
    async def mixed(
        a: Annotated[object, api.Depends(base)],
        b: Annotated[object, api.Depends(base, use_cache=False)],
        c: Annotated[object, api.Depends(base)],
        d: Annotated[object, api.Depends(left, use_cache=False)],
    ):
        return [a is b, a is c, a is d]

    @app.get("/tree")
    async def tree(
        first: Annotated[int, api.Depends(after)],
        r: Annotated[int, api.Depends(needs_r)],
        third: Annotated[object, api.Depends(route_two)],
        own: int = 5,
    ):
        log("endpoint")
        return [first, r, own]

    @app.get("/decorator", dependencies=[api.Depends(route_one), api.Depends(route_two), api.Depends(base)])
    async def decorated(value: Annotated[object, api.Depends(base)]):
        return value is not None

    @app.get("/none")
    async def none(value: Annotated[None, api.Depends(route_two)]):
        return value

    return app


@differential(
    get("/value"),
    get("/value?n=4"),
    get("/nested"),
    get("/gen"),
    get("/clear"),
    get("/value"),
    get("/param?q=5&other=6"),
    get("/param"),
)
def overrides(api):
    app = api.FastAPI()

    def original():
        log("original")
        return "original"

    def replacement(n: int = 1):
        log("replacement", n)
        return f"replacement {n}"

    def outer(value: Annotated[str, api.Depends(original)]):
        return f"outer {value}"

    async def generator():
        yield "generator"

    async def other_generator(inner: Annotated[str, api.Depends(original)]):
        log("enter")
        yield f"other {inner}"
        log("exit")

    def param(q: int):
        return q

    def other_param(other: str):
        return other

    app.dependency_overrides[original] = replacement
    app.dependency_overrides[generator] = other_generator
    app.dependency_overrides[param] = other_param

    @app.get("/value")
    async def value(
        value: Annotated[str, api.Depends(original)], again: Annotated[str, api.Depends(original)], n: int = 9
    ):
        return [value, again, n]

    @app.get("/nested")
    async def nested(
        value: Annotated[str, api.Depends(outer)], direct: Annotated[str, api.Depends(original)]
    ):
        return [value, direct]

    @app.get("/gen")
    async def gen(value: Annotated[str, api.Depends(generator)]):
        return value

    @app.get("/clear")
    async def clear(value: Annotated[str, api.Depends(original)]):
        app.dependency_overrides = {}
        return value

    @app.get("/param")
    async def with_param(value: Annotated[object, api.Depends(param)]):
        return value

    return app


@differential(get("/async"), get("/sync"), get("/yield"), get("/mixed"), get("/stream"), get("/task"))
def context_variables(api):
    app = api.FastAPI()

    async def set_async():
        current.set("async")

    def set_sync():
        current.set("sync")

    async def set_yield():
        token = current.set("yield")
        yield current.get()
        log("teardown sees", current.get())
        try:
            current.reset(token)
            log("reset")
        except ValueError:
            log("other context")

    def set_sync_yield():
        current.set("sync yield")
        yield
        log("sync teardown sees", current.get())

    @app.get("/async", dependencies=[api.Depends(set_async)])
    async def from_async():
        return current.get()

    @app.get("/sync", dependencies=[api.Depends(set_sync)])
    def from_sync():
        return current.get()

    @app.get("/yield", dependencies=[api.Depends(set_yield), api.Depends(set_sync_yield)])
    async def from_yield():
        current.set("endpoint")
        return current.get()

    @app.get("/mixed", dependencies=[api.Depends(set_async)])
    def from_mixed():
        value = current.get()
        current.set("lost in the thread")
        return value

    @app.get("/stream", dependencies=[api.Depends(set_async)])
    async def from_stream(tasks: api.BackgroundTasks):
        tasks.add_task(lambda: log("background sees", current.get()))
        current.set("before stream")

        async def body():
            yield current.get()

        return api.responses.StreamingResponse(body(), background=tasks)

    async def task_id():
        return anyio.get_current_task().id

    @app.get("/task")
    async def same_task(request: api.Request, mine: Annotated[int, api.Depends(task_id)]):
        return mine == anyio.get_current_task().id

    return app


class Body(BaseModel):
    a: int


@differential(
    get("/specials/3?q=1", headers=headers(cookie="c=1"), label="specials"),
    get("/header"),
    get("/status"),
    get("/both"),
    get("/background"),
    get("/background-response"),
    get("/background-own"),
    get("/connection"),
    post_json("/deep/1", {"a": 1}),
    post_json("/deep/x?q=y", {"a": "z"}),
    get("/url"),
)
def special_parameters(api):
    app = api.FastAPI()

    def with_request(request: api.Request, response: api.Response, tasks: api.BackgroundTasks):
        response.headers["x-from-dependency"] = request.method
        response.set_cookie("seen", "yes")
        tasks.add_task(log, "task from dependency")
        return request

    @app.get("/specials/{n}")
    async def specials(
        n: int,
        request: api.Request,
        response: api.Response,
        tasks: api.BackgroundTasks,
        same: Annotated[object, api.Depends(with_request)],
    ):
        tasks.add_task(log, "task from endpoint")
        response.headers.append("x-from-dependency", "endpoint")
        return [n, same is request, dict(request.query_params), request.cookies, request.path_params]

    @app.get("/header")
    def header(response: api.Response):
        response.headers["X-Upper"] = "é"
        response.headers["content-type"] = "text/odd"
        return

    def teapot(response: api.Response):
        response.status_code = 418

    @app.get("/status", status_code=201, dependencies=[api.Depends(teapot)])
    async def status():
        return {}

    @app.get("/both", dependencies=[api.Depends(teapot)])
    async def both(response: api.Response):
        response.status_code = 202
        return response.status_code

    async def slow_task(n):
        await anyio.lowlevel.checkpoint()
        log("async task", n)

    @app.get("/background", status_code=202)
    async def background(tasks: api.BackgroundTasks):
        tasks.add_task(slow_task, 1)
        tasks.add_task(log, "sync task", 2)
        log("endpoint done")
        return "queued"

    @app.get("/background-response")
    async def background_response(tasks: api.BackgroundTasks):
        tasks.add_task(log, "runs with a plain response")
        return api.responses.PlainTextResponse("text")

    @app.get("/background-own")
    async def background_own(tasks: api.BackgroundTasks):
        tasks.add_task(log, "never runs")
        own = api.background.BackgroundTasks()
        own.add_task(log, "own task")
        return api.responses.PlainTextResponse("text", background=own)

    @app.get("/connection")
    async def connection(conn: api.requests.HTTPConnection, request: api.Request):
        return [conn is request, conn.url.path]

    def level_three(n: int, q: int = 0):
        return n + q

    def level_two(body: Body, three: Annotated[int, api.Depends(level_three)]):
        return body.a + three

    @app.post("/deep/{n}")
    async def deep(two: Annotated[int, api.Depends(level_two)], body: Body):
        return [two, body]

    @app.get("/url", name="the-url")
    async def url(request: api.Request):
        return [str(request.url_for("specials", n=4)), str(request.base_url), app.url_path_for("the-url")]

    return app
