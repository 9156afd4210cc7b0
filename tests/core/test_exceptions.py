"""Exceptions as they reach the server or a handler: their chains, notes and tracebacks, from wherever they come."""

# mypy: ignore-errors
import asyncio
import gc
import re
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from tests.both import Stories, replaced
from tests.differential.driver import Http, http_scope

story = Stories()
test_exceptions = story.test()


class Own(Exception):
    """An exception of the application's."""


class OwnBase(BaseException):
    """One that `except Exception` lets pass."""


def noted(exception: BaseException) -> BaseException:
    exception.add_note("a note")
    return exception


def fail(make: Callable[[], BaseException]) -> Any:
    raise make()


def fail_from(make: Callable[[], BaseException]) -> Any:
    try:
        fail(lambda: LookupError("first"))
    except LookupError as cause:
        raise make() from cause


def fail_within(make: Callable[[], BaseException]) -> Any:
    try:
        fail(lambda: LookupError("first"))
    except LookupError:
        raise make()  # noqa: B904 (the context is what is looked at)


def fail_from_none(make: Callable[[], BaseException]) -> Any:
    try:
        fail(lambda: LookupError("first"))
    except LookupError:
        raise make() from None


KINDS: dict[str, Callable[[], BaseException]] = {
    "Own": lambda: noted(Own("own")),
    "HTTPException": lambda: StarletteHTTPException(418, "teapot"),
    "RuntimeError": lambda: RuntimeError("runtime"),
    "StopIteration": lambda: StopIteration("stop"),
    "StopAsyncIteration": lambda: StopAsyncIteration("stop"),
    "GeneratorExit": lambda: GeneratorExit("exit"),
    "CancelledError": lambda: asyncio.CancelledError("cancelled"),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("interrupt"),
    "SystemExit": lambda: SystemExit(3),
    "OwnBase": lambda: OwnBase("own base"),
    "group": lambda: ExceptionGroup("group", [Own("inner"), ValueError("other")]),
}
RAISED: dict[str, Callable[[Any], Any]] = {
    "plain": fail,
    "from": fail_from,
    "within": fail_within,
    "from none": fail_from_none,
}


def frames(exception: BaseException) -> list[str]:
    """The user's frames in a traceback, outermost first: what this file defines."""
    summary = traceback.extract_tb(exception.__traceback__)
    return [frame.name for frame in summary if frame.filename == __file__ and frame.name != "serve"]


def told(exception: BaseException | None, log: Any, role: str = "raised", depth: int = 0) -> None:
    """Log an exception with all that hangs on it."""
    if exception is None or depth > 12:
        return
    module = type(exception).__module__.replace("ferroapi", "fastapi")
    text = str(exception).splitlines()[:1]
    log("  " * depth, role, f"{module}.{type(exception).__qualname__}", *text)
    log(
        "  " * depth, exception.__suppress_context__, getattr(exception, "__notes__", None), frames(exception)
    )
    told(exception.__cause__, log, "cause", depth + 1)
    if exception.__context__ is None or exception.__context__ is exception.__cause__:
        log("  " * depth, "context is", "none" if exception.__context__ is None else "cause")
    else:
        told(exception.__context__, log, "context", depth + 1)
    for inner in getattr(exception, "exceptions", ()):
        if isinstance(inner, BaseException):
            told(inner, log, "inner", depth + 1)


async def serve(
    app: Any, log: Any, target: str = "/", method: str = "GET", body: bytes = b"", apart: bool = False
) -> None:
    """One request, what was sent and what was raised.

    Args:
        app: the application.
        log: takes a line.
        target: the path with the query string.
        method: the method.
        body: the request's body.
        apart: in a task of its own. What a worker thread raises is thrown into the task; a `GeneratorExit` closes it.
    """
    script = [{"type": "http.request", "body": body}]

    async def receive():
        return script.pop() if script else {"type": "http.disconnect"}

    async def send(message):
        log("sent", message["type"], message.get("status"), message.get("body"))

    scope = http_scope(Http(target=target, method=method))
    scope["headers"].append((b"content-type", b"application/json"))

    async def request():
        try:
            await app(scope, receive, send)
        except BaseException as exc:
            told(exc, log)

    if not apart:
        await request()
        return
    # anyio and the event loop complain of what is closed half-way.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    with replaced((sys, "unraisablehook", lambda unraisable: None)):
        task = asyncio.create_task(request())
        await asyncio.wait([task])
        told(None if task.cancelled() else task.exception(), log, "of the task")
        del task
        await asyncio.sleep(0)
        gc.collect()


# Where an exception is raised: a function that builds the application.


def in_plain(api, app, fails):
    async def dependency():
        fails()

    app.get("/")(lambda value=api.Depends(dependency): None)


def in_threaded(api, app, fails):
    def dependency():
        fails()

    app.get("/")(lambda value=api.Depends(dependency): None)


def in_class(api, app, fails):
    class Dependency:
        def __init__(self):
            fails()

    app.get("/")(lambda value=api.Depends(Dependency): None)


def in_endpoint(api, app, fails):
    @app.get("/")
    async def endpoint():
        fails()


def in_threaded_endpoint(api, app, fails):
    @app.get("/")
    def endpoint():
        fails()


def in_endpoint_with_dependencies(api, app, fails):
    async def outer():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)

    def inner(value=api.Depends(outer)):
        try:
            yield 2
        except Own:
            raise

    @app.get("/")
    async def endpoint(value=api.Depends(inner)):
        await asyncio.sleep(0)
        fails()


def in_handler(api, app, fails):
    @app.exception_handler(KeyError)
    async def handler(request, exc):
        fails()

    @app.get("/")
    async def endpoint():
        raise KeyError("handled")


def in_threaded_handler(api, app, fails):
    @app.exception_handler(KeyError)
    def handler(request, exc):
        fails()

    @app.get("/")
    async def endpoint():
        raise KeyError("handled")


def in_handler_of_everything(api, app, fails):
    @app.exception_handler(Exception)
    async def handler(request, exc):
        fails()

    @app.get("/")
    async def endpoint():
        raise KeyError("handled")


def in_background(api, app, fails):
    async def task():
        fails()

    @app.get("/")
    async def endpoint(tasks: api.BackgroundTasks):
        tasks.add_task(task)


def in_threaded_background(api, app, fails):
    def task():
        fails()

    @app.get("/")
    async def endpoint(tasks: api.BackgroundTasks):
        tasks.add_task(task)


def in_middleware_before(api, app, fails):
    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            fails()

    app.add_middleware(Middleware)


def in_middleware_after(api, app, fails):
    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            try:
                await self.app(scope, receive, send)
            finally:
                fails()

    @app.get("/")
    async def endpoint():
        raise KeyError("first")

    app.add_middleware(Middleware)


def behind_middleware(api, app, fails):
    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await self.app(scope, receive, send)

    @app.get("/")
    async def endpoint():
        fails()

    app.add_middleware(Middleware)


def in_send(api, app, fails):
    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def failing(message):
                fails()

            await self.app(scope, receive, failing)

    @app.get("/")
    async def endpoint():
        return {}

    app.add_middleware(Middleware)


def in_receive(api, app, fails):
    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def failing():
                fails()

            await self.app(scope, failing, send)

    @app.get("/")
    async def endpoint(a: Annotated[Any, api.Body()]):
        return {}

    app.add_middleware(Middleware)


def in_stream(api, app, fails):
    async def chunks():
        yield b"a"
        fails()

    @app.get("/")
    async def endpoint():
        return api.responses.StreamingResponse(chunks())


def in_response(api, app, fails):
    class Response(api.responses.Response):
        async def __call__(self, scope, receive, send):
            fails()

    @app.get("/")
    async def endpoint():
        return Response()


def in_render(api, app, fails):
    class Response(api.responses.JSONResponse):
        def render(self, content):
            fails()

    @app.get("/", response_class=Response)
    async def endpoint():
        return {}


def in_validator(api, app, fails):
    @app.get("/")
    async def endpoint(
        q: Annotated[int, AfterValidator(lambda value: fails())] = api.Query(1, validate_default=True),
    ):
        return {}


def in_response_validator(api, app, fails):
    class Model(BaseModel):
        a: Annotated[int, AfterValidator(lambda value: fails())]

    @app.get("/")
    async def endpoint() -> Model:
        return {"a": 1}


def in_default_factory(api, app, fails):
    @app.get("/")
    async def endpoint(q: int = api.Query(default_factory=lambda: fails())):
        return {}


def in_custom_route(api, app, fails):
    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                await original(request)
                fails()

            return handler

    app.router.route_class = Route

    @app.get("/")
    async def endpoint():
        return {}


def in_mounted(api, app, fails):
    sub = api.FastAPI()

    @sub.get("/")
    async def endpoint():
        fails()

    @app.middleware("http")
    async def pass_on(request, call_next):
        return await call_next(request)

    app.mount("/", sub)


def in_included(api, app, fails):
    async def dependency():
        yield
        fails()

    router = api.APIRouter(dependencies=[api.Depends(dependency)])

    @router.get("/")
    async def endpoint():
        return {}

    app.include_router(router)


PLACES = [value for name, value in list(globals().items()) if name.startswith(("in_", "behind_"))]


def task_bound(place: Any, kind: str) -> bool:
    """Whether the exception would end the event loop, in a task that a part of the application starts."""
    return place in (in_mounted, in_stream) and kind in ("KeyboardInterrupt", "SystemExit")


@story.vary("place", PLACES)
async def an_exception_comes_out_as_it_is(api, log, place):
    for kind, make in KINDS.items():
        if task_bound(place, kind):
            continue
        for manner in RAISED if kind in ("Own", "HTTPException") else ("plain",):
            app = api.FastAPI()
            log(kind, manner)
            place(api, app, lambda make=make, manner=manner: RAISED[manner](make))
            await serve(app, log, body=b"1", apart=kind == "GeneratorExit")


@story.vary("place", PLACES)
async def no_frame_of_the_users_is_missing_in_debug_mode(api, log, place):
    """From the text that a browser shows: middleware of each kind, dependencies, and where it was raised."""
    app = api.FastAPI(debug=True, dependencies=[api.Depends(outermost), api.Depends(outermost_threaded)])
    place(api, app, lambda: fail_from(KINDS["Own"]))
    app.add_middleware(CORSMiddleware, allow_origins=["*"])

    @app.middleware("http")
    async def function_middleware(request, call_next):
        return await call_next(request)

    app.add_middleware(GZipMiddleware)
    texts = []

    def keep(*parts):
        texts.extend(part for part in parts if isinstance(part, bytes))

    await serve(app, keep, body=b"1")
    log(re.findall(rf'File "{re.escape(__file__)}", line (\d+), in (\S+)', b"".join(texts).decode()))


async def outermost():
    try:
        yield
    finally:
        await asyncio.sleep(0)


def outermost_threaded():
    try:
        yield
    except Own:
        raise


# Dependencies with `yield`: before it, after it, and in all that surrounds it.


def generator(
    api, app, threaded, before=None, inside=None, after=None, caught=None, finally_=None, scope=None
):
    """An endpoint behind one generator; each argument is called at its place."""

    def call(function):
        if function is not None:
            function()

    if threaded:

        def dependency():
            call(before)
            try:
                yield 1
                call(after)
            except BaseException:
                if caught is None:
                    raise
                caught()
            finally:
                call(finally_)
    else:

        async def dependency():
            call(before)
            try:
                yield 1
                call(after)
            except BaseException:
                if caught is None:
                    raise
                caught()
            finally:
                call(finally_)

    @app.get("/")
    async def endpoint(value=api.Depends(dependency, scope=scope)):
        call(inside)
        return {}


POINTS = {
    "before": lambda fails: {"before": fails},
    "after": lambda fails: {"after": fails},
    "finally": lambda fails: {"finally_": fails},
    "except": lambda fails: {"inside": lambda: fail(lambda: Own("inside")), "caught": fails},
    "finally after an error": lambda fails: {
        "inside": lambda: fail(lambda: Own("inside")),
        "finally_": fails,
    },
    "swallowed": lambda fails: {"inside": fails, "caught": lambda: None},
    "passed on": lambda fails: {"inside": fails},
}


@story.vary("point", POINTS)
async def around_a_yield(api, log, point):
    for threaded in (False, True):
        for scope in ("request", "function"):
            for kind, make in KINDS.items():
                app = api.FastAPI()
                log(threaded, scope, kind)
                generator(
                    api, app, threaded, scope=scope, **POINTS[point](lambda make=make: fail_within(make))
                )
                await serve(app, log, apart=kind == "GeneratorExit")


@story.vary("scope", ["request", "function"])
async def generators_that_do_not_yield_once(api, log, scope):
    async def none():
        if False:
            yield

    async def twice():
        yield 1
        yield 2

    async def swallows():
        try:
            yield 1
        except Own:
            yield 2

    def sync_none():
        if False:
            yield

    def sync_twice():
        yield 1
        yield 2

    def sync_swallows():
        try:
            yield 1
        except Own:
            yield 2

    async def around():
        try:
            yield
        except BaseException as exc:
            told(exc, log, "around")
            raise

    for dependency in (none, twice, swallows, sync_none, sync_twice, sync_swallows):
        for fails in (False, True):
            app = api.FastAPI()
            log(dependency.__name__, fails)

            @app.get("/", dependencies=[api.Depends(around, scope=scope)])
            async def endpoint(value=api.Depends(dependency, scope=scope), fails=fails):
                if fails:
                    raise Own("own")
                return {}

            await serve(app, log, target=f"/?fails={fails}")


@story.vary("kind", KINDS)
async def two_generators_of_which_each_fails(api, log, kind):
    async def outer():
        try:
            yield
        finally:
            fail(KINDS[kind])

    async def inner(value=api.Depends(outer)):
        try:
            yield
        finally:
            fail(lambda: Own("of the inner one"))

    for fails in (False, True):
        for scope in ("request", "function"):
            app = api.FastAPI()

            @app.get("/", dependencies=[api.Depends(inner, scope="request"), api.Depends(outer, scope=scope)])
            async def endpoint(fails: bool):
                if fails:
                    fail(KINDS[kind])
                return {}

            log(fails, scope)
            await serve(app, log, target=f"/?fails={fails}", apart=kind == "GeneratorExit")


# What the pipeline itself raises.


@story
async def after_the_response_has_started(api, log):
    """A handler is there, but comes too late."""

    class Half(api.responses.Response):
        async def __call__(self, scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            fail(lambda: Own("half-way"))

    for registered in (Own, Exception, 418):
        app = api.FastAPI()

        @app.exception_handler(registered)
        async def handler(request, exc):
            told(exc, log, "handled")
            return api.responses.PlainTextResponse("handled")

        @app.get("/half")
        async def half():
            return Half()

        @app.get("/http")
        async def http(tasks: api.BackgroundTasks):
            tasks.add_task(fail, lambda: api.HTTPException(418))

        @app.get("/task")
        async def task(tasks: api.BackgroundTasks):
            tasks.add_task(fail, lambda: noted(Own("in a task")))

        @app.get("/invalid")
        async def invalid(tasks: api.BackgroundTasks):
            tasks.add_task(fail, lambda: api.exceptions.RequestValidationError([]))

        for path in ("/half", "/http", "/task", "/invalid"):
            log(registered, path)
            await serve(app, log, target=path)


@story
async def refusals(api, log):
    """What handlers of the application's see of the pipeline's own exceptions."""
    app = api.FastAPI()

    class Model(BaseModel):
        a: int

    for registered in (
        api.exceptions.RequestValidationError,
        api.exceptions.ResponseValidationError,
        StarletteHTTPException,
        Exception,
    ):

        @app.exception_handler(registered)
        async def handler(request, exc):
            told(exc, log, "handled")
            raise exc

    @app.post("/model")
    async def model(item: Model):
        return item

    @app.get("/response")
    async def response() -> Model:
        return {"a": "x"}

    @app.get("/unserializable")
    async def unserializable():
        return {"a": {object(): float("nan")}}

    @app.get("/nan")
    async def nan():
        return float("nan")

    @app.get("/form")
    async def form(a: Annotated[str, api.Form()] = ""):
        return a

    for path, method, body in (
        ("/model", "POST", b"{"),
        ("/model", "POST", b"\xff"),
        ("/model", "POST", b'{"a": "x"}'),
        ("/response", "GET", b""),
        ("/unserializable", "GET", b""),
        ("/nan", "GET", b""),
        ("/none", "GET", b""),
        ("/model", "PUT", b""),
    ):
        log(path, method, body)
        await serve(app, log, target=path, method=method, body=body)


@story
async def an_exception_object_that_is_raised_again(api, log):
    """Nothing of one request hangs on it in the next."""
    app = api.FastAPI()
    known = {name: make() for name, make in KINDS.items() if name in ("Own", "HTTPException", "RuntimeError")}

    @app.exception_handler(RuntimeError)
    async def handler(request, exc):
        return api.responses.PlainTextResponse("handled")

    @app.get("/{name}")
    async def endpoint(name: str):
        raise known[name]

    for name in [*known] * 3:
        await serve(app, log, target=f"/{name}")
        told(known[name], log, "afterwards")


@story
async def contexts_of_the_caller(api, log):
    """A request that is made while an exception is handled."""
    app = api.FastAPI()
    in_endpoint_with_dependencies(api, app, lambda: fail(lambda: Own("own")))
    try:
        fail(lambda: KeyError("outer"))
    except KeyError:
        await serve(app, log)
