"""Nothing leaks: references, memory blocks, cycles through compiled objects."""

# mypy: ignore-errors
import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import anyio
import pytest
from pydantic import BaseModel
from tests.both import ask, load, replaced, route_of, talk

PACKAGES = ("fastapi", "ferroapi")


class Item(BaseModel):
    a: int


class Value:
    """Something a weak reference can point to."""


def application(api: Any, made: Callable[[Any], Any] = lambda value: value) -> Any:
    """Every kind of path operation; `made` is told of each value that a request makes."""
    app = api.FastAPI(dependencies=[])

    async def coroutine(q: int = 1):
        return made(Value())

    def threaded():
        return made(Value())

    async def generator():
        yield made(Value())

    def sync_generator():
        yield made(Value())

    def endpoint_of(*dependencies):
        def decorate(endpoint):
            path = f"/{endpoint.__name__}"
            app.api_route(path, methods=["GET", "POST"], dependencies=list(map(api.Depends, dependencies)))(
                endpoint
            )
            return endpoint

        return decorate

    @endpoint_of()
    async def hello():
        return {"hello": "world"}

    @endpoint_of(coroutine)
    async def parameters(
        q: int,
        value: Annotated[Value, api.Depends(coroutine)],
        c: Annotated[str, api.Cookie()] = "c",
        x: Annotated[list[str], api.Header()] = [],
    ):
        return [q, c, x]

    @endpoint_of(coroutine, generator)
    async def entered(value: Annotated[Value, api.Depends(generator, scope="function")]):
        return None

    @endpoint_of(threaded, sync_generator)
    def sync():
        return {}

    @endpoint_of(generator)
    async def model(item: Item, response: api.Response) -> Item:
        response.headers["x"] = "y"
        made(response)
        return made(Item(a=item.a))

    @endpoint_of()
    async def form(a: Annotated[int, api.Form()], file: api.UploadFile | None = None):
        return a

    @endpoint_of(coroutine)
    async def request(request: api.Request, background: api.BackgroundTasks):
        background.add_task(made, Value())
        made(request)
        return str(await request.body())

    @endpoint_of(generator)
    async def http_error():
        raise made(api.HTTPException(418, "teapot"))

    @endpoint_of(generator)
    async def error():
        raise made(ValueError("broken"))

    @endpoint_of()
    async def stream():
        async def chunks():
            yield b"a"

        return made(api.responses.StreamingResponse(chunks()))

    @endpoint_of()
    async def response():
        return made(api.responses.PlainTextResponse("text"))

    @endpoint_of()
    async def waits():
        made(Value())
        await asyncio.sleep(0)
        return 1.5

    @app.websocket("/ws")
    async def ws(websocket: api.WebSocket, value: Annotated[Value, api.Depends(generator)], q: int = 1):
        made(websocket)
        await websocket.accept()
        await websocket.send_text("text")

    router = api.APIRouter(prefix="/in")
    router.get("/leaf/{n}", dependencies=[api.Depends(coroutine)])(parameters)
    app.include_router(router)

    @app.exception_handler(418)
    async def teapot(connection, exc):
        return api.responses.PlainTextResponse("handled", 418)

    return app


MULTIPART = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
KINDS: dict[str, Callable[[Any], Any]] = {
    "hello": lambda app: ask(app, "/hello"),
    "parameters": lambda app: ask(
        app, "/parameters?q=5", headers=(("x", "1"), ("x", "2"), ("cookie", "c=d"))
    ),
    "422": lambda app: ask(app, "/parameters?q=x"),
    "entered": lambda app: ask(app, "/entered"),
    "sync": lambda app: ask(app, "/sync"),
    "model": lambda app: ask(app, "/model", method="POST", body={"a": 1}),
    "model 422": lambda app: ask(app, "/model", method="POST", body={"a": "x"}),
    "broken json": lambda app: ask(app, "/model", method="POST", body=b"{"),
    "form": lambda app: ask(
        app,
        "/form",
        method="POST",
        body=b"a=1",
        headers=(("content-type", "application/x-www-form-urlencoded"),),
    ),
    "multipart": lambda app: ask(
        app,
        "/form",
        method="POST",
        body=MULTIPART,
        headers=(("content-type", "multipart/form-data; boundary=x"),),
    ),
    "request": lambda app: ask(app, "/request", method="POST", body={"a": 1}),
    "http error": lambda app: ask(app, "/http_error"),
    "error": lambda app: ask(app, "/error"),
    "stream": lambda app: ask(app, "/stream", scope={}),
    "response": lambda app: ask(app, "/response"),
    "waits": lambda app: ask(app, "/waits"),
    "included": lambda app: ask(app, "/in/leaf/1?q=1"),
    "404": lambda app: ask(app, "/none"),
    "405": lambda app: ask(app, "/hello", method="PUT"),
    "redirect": lambda app: ask(app, "/hello/"),
    "websocket": lambda app: talk(app, "/ws"),
    "websocket 403": lambda app: talk(app, "/ws?q=x"),
    "closed": lambda app: stopped(app, "close"),
    "thrown into": lambda app: stopped(app, "throw"),
    "dropped": lambda app: stopped(app, "drop"),
    "not started": lambda app: stopped(app, "not started"),
    "send fails": lambda app: failing(app),
}


async def stopped(app, how):
    scope = {
        "type": "http",
        "path": "/waits",
        "method": "GET",
        "headers": [],
        "query_string": b"",
        "root_path": "",
    }

    async def send(message): ...

    coroutine = app(scope, None, send)
    if how != "not started":
        coroutine.send(None)
    if how == "throw":
        with suppress(ValueError):
            coroutine.throw(ValueError("thrown"))
    elif how != "drop":
        coroutine.close()


async def failing(app):
    async def send(message):
        raise OSError("gone")

    await ask(app, "/model", method="POST", body={"a": 1}, send=send)


def served(app: Any, kind: str, times: int) -> None:
    async def main() -> None:
        for _ in range(times):
            await KINDS[kind](app)

    asyncio.run(main())
    # The workers of a loop end some time after it; what they hold is no growth.
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread":
            thread.join(timeout=10)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow(kind: str) -> None:
    app = application(load("ferroapi"))
    times = 60

    def growth() -> int:
        gc.collect()
        before = sys.getallocatedblocks()
        served(app, kind, times)
        gc.collect()
        return sys.getallocatedblocks() - before

    served(app, kind, 30)
    # Caches of the interpreter's grow for a while; a leak shows in each measurement.
    assert min(growth() for _ in range(6)) < times / 2


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_garbage_than_in_the_reference(kind: str) -> None:
    """Objects that only the collector frees: cycles that each request makes."""
    found = {}
    for package in PACKAGES:
        app = application(load(package))
        served(app, kind, 5)
        gc.collect()
        gc.disable()
        try:
            served(app, kind, 20)
            many = gc.collect()
            served(app, kind, 0)
            found[package] = (many - gc.collect()) / 20
        finally:
            gc.enable()
    assert found["ferroapi"] <= found["fastapi"] + 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_a_request_end_with_it(kind: str) -> None:
    """As soon as on the reference, without the collector's help where that needs none."""
    alive = {}
    for package in PACKAGES:
        made: list[Any] = []

        def note(value, made=made):
            made.append(weakref.ref(value))
            return value

        app = application(load(package), note)

        async def main(app=app, made=made) -> tuple[int, int]:
            await KINDS[kind](app)
            made.clear()
            gc.collect()
            gc.disable()
            try:
                await KINDS[kind](app)
                return len(made), len(still_alive(made, patience=0.02))
            finally:
                gc.enable()

        alive[package] = *asyncio.run(main()), len(still_alive(made, gc.collect))
    assert alive["ferroapi"][0] == alive["fastapi"][0]
    assert alive["ferroapi"][1] <= alive["fastapi"][1], alive
    assert alive["ferroapi"][2] == 0


@pytest.mark.parametrize(
    "kind", ["hello", "parameters", "model", "error", "404", "included", "closed", "dropped"]
)
def test_reference_counts_stay(kind: str) -> None:
    """Of what outlives a request: endpoint, dependencies, singletons, the application."""
    app = application(load("ferroapi"))
    watched = [app, app.router, app.routes, None, True, (), b"", "", 200, app.dependency_overrides]
    watched += app.routes
    watched += [route.endpoint for route in app.routes if hasattr(route, "endpoint")]
    watched += [route.dependant for route in app.routes if hasattr(route, "dependant")]

    def counts() -> list[int]:
        gc.collect()
        return [sys.getrefcount(item) for item in watched]

    served(app, kind, 20)
    before = counts()
    served(app, kind, 100)
    changes = {
        repr(item)[:60]: change
        for item, old, new in zip(watched, before, counts(), strict=True)
        if (change := new - old) > 50
    }
    assert not changes


@pytest.mark.parametrize("kind", KINDS)
def test_the_collector_may_run_at_any_time(kind: str) -> None:
    """At nearly each allocation, so also while a request is half-way through Rust."""
    app = application(load("ferroapi"))
    served(app, kind, 2)
    thresholds = gc.get_threshold()
    gc.set_threshold(3, 2, 2)
    try:
        served(app, kind, 3)
    finally:
        gc.set_threshold(*thresholds)


async def test_scope_send_and_receive_are_let_go() -> None:
    class Scope(dict):
        pass

    app = application(load("ferroapi"))
    for path in ("/hello", "/error", "/none", "/parameters?q=x", "/request", "/entered"):
        scope = Scope(
            type="http",
            path=path.split("?")[0],
            method="GET",
            headers=[],
            query_string=path.encode(),
            root_path="",
        )
        messages = []

        async def send(message, messages=messages):
            messages.append(message)

        async def receive():
            return {"type": "http.request", "body": b""}

        refs = [weakref.ref(item) for item in (scope, send, receive)]
        with suppress(ValueError):
            await app(scope, receive, send)
        assert messages
        assert sys.getrefcount(scope) == 2, path
        del scope, send, receive
        assert [ref() for ref in refs] == [None] * 3, path


def still_alive(
    refs: list[weakref.ref], collect: Callable[[], Any] = lambda: None, patience: float = 2
) -> list[Any]:
    """What the references still point to. Worker threads get the time to let go of what they did last."""
    deadline = time.monotonic() + patience
    while True:
        collect()
        alive = [value for ref in refs if (value := ref()) is not None]
        if not alive or time.monotonic() > deadline:
            return alive
        del alive
        time.sleep(0.005)


# Cycles.


def closure_application(api: Any) -> Any:
    """Endpoints, dependencies and handlers all hold the application.

    No `Annotated` here: `typing` remembers each one, with the `Depends` in it.
    """
    app = api.FastAPI()

    async def dependency(q: int = 1):
        return app.state.value

    @app.get("/")
    async def endpoint(value: Value = api.Depends(dependency)):
        return app.title

    @app.get("/sync")
    def sync():
        return app.title

    @app.post("/model")
    async def model(item: Item) -> Item:
        assert app
        return item

    @app.exception_handler(404)
    async def missing(request, exc):
        return api.responses.PlainTextResponse(app.title, 404)

    @app.websocket("/ws")
    async def ws(websocket: api.WebSocket, value: Value = api.Depends(dependency)):
        await websocket.accept()
        await websocket.send_text(app.title)

    router = api.APIRouter()
    router.get("/leaf", dependencies=[api.Depends(dependency)])(endpoint)
    nested = api.APIRouter()
    nested.get("/nested")(endpoint)
    router.include_router(nested)
    app.include_router(router, prefix="/in")
    app.state.value = Value()
    return app


def forget_callables(api: Any) -> None:
    """Both packages remember of which kind the last callables were, and so keep them."""
    models = api.dependencies.models
    for name in ("_is_gen_callable_cached", "_is_async_gen_callable_cached", "_is_coroutine_callable_cached"):
        getattr(models, name).cache_clear()


async def visit(app: Any) -> None:
    for path in ("/", "/sync", "/in/leaf", "/in/nested", "/none", "/?q=x", "/in/leaf?q=x"):
        await ask(app, path)
    await ask(app, "/model", method="POST", body={"a": 1})
    await talk(app, "/ws")


async def plain(api: Any, app: Any) -> None:
    await visit(app)


async def overridden(api: Any, app: Any) -> None:
    app.dependency_overrides[route_of(app, "/").dependant.dependencies[0].call] = lambda: app.title
    await visit(app)


async def with_middleware(api: Any, app: Any) -> None:
    class Middleware:
        def __init__(self, inner):
            self.inner, self.outer = inner, app

        async def __call__(self, scope, receive, send):
            await self.inner(scope, receive, send)

    app.add_middleware(Middleware)

    @app.middleware("http")
    async def function(request, call_next):
        assert app
        return await call_next(request)

    await visit(app)


async def with_subclasses(api: Any, app: Any) -> None:
    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                assert app and self
                return await original(request)

            return handler

    router = api.APIRouter(route_class=Route)
    router.get("/own")(lambda: app.title)
    app.include_router(router)
    app.router.route_class = Route
    app.get("/direct")(lambda: app.title)
    await visit(app)
    await ask(app, "/own")
    await ask(app, "/direct")


async def patched(api: Any, app: Any) -> None:
    original = api.routing.run_endpoint_function

    async def running(**kwargs):
        assert app
        return await original(**kwargs)

    with replaced((api.routing, "run_endpoint_function", running)):
        await visit(app)
    # Whoever looks next forgets the replacement.
    await ask(api.FastAPI(), "/")


async def mounted(api: Any, app: Any) -> None:
    outer = closure_application(api)
    outer.mount("/sub", app)
    app.mount("/back", outer)
    await ask(outer, "/sub/back/sub/")
    await visit(outer)


async def changed(api: Any, app: Any) -> None:
    await visit(app)
    app.get("/late")(lambda: app)
    app.routes.insert(0, app.routes[-1])
    route = route_of(app, "/")
    route.dependant.dependencies.append(route.dependant.dependencies[0])
    app.middleware_stack = None
    await visit(app)


async def solved(api: Any, app: Any) -> None:
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        scope = {"type": "http", "headers": [], "query_string": b"", "path_params": {}, "app": app}
        scope |= {"fastapi_inner_astack": stack, "fastapi_function_astack": stack}
        await api.dependencies.utils.solve_dependencies(
            request=api.Request(scope),
            dependant=route_of(app, "/").dependant,
            dependency_overrides_provider=app,
            async_exit_stack=stack,
            embed_body_fields=False,
        )


async def never_served(api: Any, app: Any) -> None:
    app.build_middleware_stack()


async def suspended(api: Any, app: Any) -> None:
    """Requests that are given up while they wait."""

    async def dependency():
        await asyncio.sleep(60)
        yield

    @app.get("/waiting", dependencies=[api.Depends(dependency)])
    async def waiting():
        return app

    @app.get("/waits")
    async def waits():
        await asyncio.sleep(60)

    for path in ("/waiting", "/waits"):
        task = asyncio.create_task(ask(app, path))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await stopped(app, "drop")


class Given:
    """A request that nobody ends, driven as by an event loop that is gone: it and what it waits for are a cycle."""

    def __init__(self, app: Any, state: dict[str, Any]) -> None:
        scope = {"type": "http", "path": "/waits", "method": "GET", "headers": [], "query_string": b""}
        self.coroutine = app(scope | {"root_path": "", "state": state}, None, None)
        self.future = self.coroutine.send(None)
        self.future.add_done_callback(self.wake)

    def wake(self, future: Any) -> None: ...


async def left_to_the_collector(api: Any, app: Any) -> None:
    async def dependency(request: api.Request):
        return app

    @app.get("/waits")
    async def waits(request: api.Request, value: Any = api.Depends(dependency)):
        forever = asyncio.get_running_loop().create_future()
        forever.request = request
        await forever

    Given(app, {})


async def cancelled_in_a_scope(api: Any, app: Any) -> None:
    @app.get("/waiting")
    async def waiting():
        await anyio.sleep_forever()

    with anyio.move_on_after(0.001):
        await ask(app, "/waiting")


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize(
    "use",
    [
        plain,
        overridden,
        with_middleware,
        with_subclasses,
        patched,
        mounted,
        changed,
        solved,
        never_served,
        suspended,
        left_to_the_collector,
        cancelled_in_a_scope,
    ],
)
def test_an_application_is_collected(use: Callable[..., Any], package: str) -> None:
    api = load(package)

    def lifetime() -> list[weakref.ref]:
        app = closure_application(api)
        asyncio.run(use(api, app))
        route = route_of(app, "/")
        return [weakref.ref(item) for item in (app, app.router, route, route.endpoint, app.state.value)]

    refs = lifetime()
    forget_callables(api)
    assert still_alive(refs, gc.collect) == []


def test_parts_are_collected_without_the_application() -> None:
    api = load("ferroapi")
    app = closure_application(api)
    asyncio.run(visit(app))
    route = app.routes.pop(0)
    handler = weakref.ref(route.app)
    stack = weakref.ref(app.middleware_stack)
    app.middleware_stack = None
    asyncio.run(visit(app))
    del route
    gc.collect()
    assert handler() is None
    assert stack() is None
