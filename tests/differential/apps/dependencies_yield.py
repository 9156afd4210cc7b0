"""Dependencies with `yield`: order of teardown, scopes, exceptions on either side."""

# mypy: ignore-errors
from contextlib import asynccontextmanager
from typing import Annotated

import anyio

from ..driver import get, log, post_json
from ..registry import differential


class Known(Exception):
    pass


class Unknown(Exception):
    pass


@differential(
    get("/nested"),
    get("/sync"),
    get("/text"),
    get("/stream"),
    get("/background"),
    get("/function"),
    get("/both-scopes"),
    get("/function-stream"),
    get("/request-stream"),
    get("/shared-scopes"),
    get("/invalid?n=x"),
    get("/uncached"),
)
def order(api):
    app = api.FastAPI()

    async def outer():
        log("outer enter")
        yield "outer"
        log("outer exit")

    def middle(value: Annotated[str, api.Depends(outer)]):
        log("middle enter")
        yield f"{value} middle"
        log("middle exit")

    async def inner(value: Annotated[str, api.Depends(middle)]):
        log("inner enter")
        yield f"{value} inner"
        log("inner exit")

    def number(n: int = 0):
        return n

    @app.get("/nested")
    async def nested(value: Annotated[str, api.Depends(inner)], again: Annotated[str, api.Depends(outer)]):
        log("endpoint")
        return [value, again]

    @app.get("/sync")
    def sync(value: Annotated[str, api.Depends(inner)]):
        log("endpoint")
        return value

    @app.get("/text")
    async def text(value: Annotated[str, api.Depends(inner)]):
        return api.responses.PlainTextResponse(value)

    @app.get("/stream")
    async def stream(value: Annotated[str, api.Depends(inner)]):
        def body():
            for word in value.split():
                log("chunk", word)
                yield word

        return api.responses.StreamingResponse(body())

    @app.get("/background")
    async def background(tasks: api.BackgroundTasks, value: Annotated[str, api.Depends(inner)]):
        tasks.add_task(log, "background", value)
        return value

    @app.get("/function")
    async def function(
        value: Annotated[str, api.Depends(inner, scope="function")], tasks: api.BackgroundTasks
    ):
        tasks.add_task(log, "background")
        return value

    @app.get("/both-scopes")
    async def both(
        a: Annotated[str, api.Depends(outer, scope="function")],
        b: Annotated[str, api.Depends(middle, scope="request")],
    ):
        return [a, b]

    @app.get("/function-stream")
    async def function_stream(value: Annotated[str, api.Depends(outer, scope="function")]):
        async def body():
            log("streaming")
            yield value

        return api.responses.StreamingResponse(body())

    @app.get("/request-stream")
    async def request_stream(value: Annotated[str, api.Depends(outer, scope="request")]):
        async def body():
            log("streaming")
            yield value

        return api.responses.StreamingResponse(body())

    @app.get("/shared-scopes")
    async def shared(
        a: Annotated[str, api.Depends(outer, scope="function")],
        b: Annotated[str, api.Depends(outer, scope="function")],
        c: Annotated[str, api.Depends(outer)],
    ):
        return [a, b, c]

    @app.get("/invalid")
    async def invalid(value: Annotated[str, api.Depends(outer)], n: Annotated[int, api.Depends(number)]):
        return value

    @app.get("/uncached")
    async def uncached(
        a: Annotated[str, api.Depends(outer, use_cache=False)],
        b: Annotated[str, api.Depends(outer, use_cache=False)],
    ):
        return [a, b]

    return app


RAISES = ("known", "unknown", "http", "base", "validation")
CATCHES = ("none", "passing", "swallow", "replace", "to-http", "sync-passing", "sync-swallow", "sync-to-http")


@differential(
    *(get(f"/{catch}?what={what}") for catch in CATCHES for what in RAISES),
    *(get(f"/{catch}?what=nothing") for catch in CATCHES),
    get("/twice?what=unknown"),
    get("/twice?what=nothing"),
    get("/teardown-raises"),
    get("/teardown-raises-http"),
    get("/sync-teardown-raises"),
    get("/function-teardown-raises"),
    get("/function-teardown-http"),
    get("/enter-raises"),
    get("/enter-raises-second"),
    get("/sync-enter-http"),
    get("/no-yield"),
    get("/two-yields"),
    get("/sync-two-yields"),
    get("/stream-raises"),
    get("/background-raises"),
    get("/dependency-raises"),
)
def exceptions(api):
    app = api.FastAPI()

    @app.exception_handler(Known)
    async def known(request, exc):
        log("handler for", exc)
        return api.responses.JSONResponse({"known": str(exc)}, status_code=409)

    def fail(what):
        log("failing with", what)
        if what == "known":
            raise Known("k")
        if what == "unknown":
            raise Unknown("u")
        if what == "http":
            raise api.HTTPException(403, "h", headers={"x-h": "1"})
        if what == "base":
            raise ExceptionGroup("group", [ValueError("v"), Known("in group")])
        if what == "validation":
            raise api.exceptions.RequestValidationError(
                [{"loc": ["body"], "msg": "by hand", "type": "x"}], body=1
            )

    async def none():
        yield
        log("not reached on errors")

    async def passing():
        try:
            yield "passing"
        except Exception as exc:
            log("saw", type(exc).__name__)
            raise
        finally:
            log("finally")

    async def swallow():
        try:
            yield
        except Exception as exc:
            log("swallowed", type(exc).__name__)

    async def replace():
        try:
            yield
        except Exception as exc:
            raise Known("replaced") from exc

    async def to_http():
        try:
            yield
        except Exception:
            raise api.HTTPException(418, "converted")

    def sync_passing():
        try:
            yield
        except Exception as exc:
            log("sync saw", type(exc).__name__)
            raise
        finally:
            log("sync finally")

    def sync_swallow():
        try:
            yield
        except Exception:
            log("sync swallowed")

    def sync_to_http():
        try:
            yield
        except Exception as exc:
            raise api.HTTPException(418, "converted") from exc

    def add(name, dependency):
        @app.get(f"/{name}", name=name, dependencies=[api.Depends(dependency)])
        async def endpoint(what: str):
            fail(what)
            return "fine"

    for name, dependency in zip(
        CATCHES,
        (none, passing, swallow, replace, to_http, sync_passing, sync_swallow, sync_to_http),
        strict=True,
    ):
        add(name, dependency)

    @app.get("/twice", dependencies=[api.Depends(passing), api.Depends(replace), api.Depends(sync_passing)])
    def twice(what: str):
        fail(what)

    async def broken():
        yield
        raise Unknown("in teardown")

    async def broken_http():
        yield
        raise api.HTTPException(400, "too late")

    def sync_broken():
        yield
        raise Known("sync teardown")

    @app.get("/teardown-raises", dependencies=[api.Depends(passing), api.Depends(broken)])
    async def teardown_raises():
        return "sent"

    @app.get("/teardown-raises-http", dependencies=[api.Depends(broken_http)])
    async def teardown_raises_http():
        return "sent"

    @app.get("/sync-teardown-raises", dependencies=[api.Depends(sync_broken)])
    async def sync_teardown_raises():
        return "sent"

    @app.get("/function-teardown-raises", dependencies=[api.Depends(sync_broken, scope="function")])
    async def function_teardown_raises():
        return "not sent"

    @app.get("/function-teardown-http", dependencies=[api.Depends(broken_http, scope="function")])
    async def function_teardown_http():
        return "not sent"

    async def enter_raises():
        raise Known("enter")
        yield

    def sync_enter_http():
        raise api.HTTPException(401, "who?")
        yield

    @app.get("/enter-raises", dependencies=[api.Depends(enter_raises)])
    async def enter():
        log("never")

    @app.get(
        "/enter-raises-second",
        dependencies=[api.Depends(passing), api.Depends(enter_raises), api.Depends(none)],
    )
    async def enter_second():
        log("never")

    @app.get("/sync-enter-http", dependencies=[api.Depends(sync_passing), api.Depends(sync_enter_http)])
    async def enter_http():
        log("never")

    async def no_yield():
        if anyio is None:
            yield

    async def two_yields():
        yield 1
        yield 2

    def sync_two_yields():
        yield 1
        yield 2

    @app.get("/no-yield", dependencies=[api.Depends(passing), api.Depends(no_yield)])
    async def without_yield():
        log("never")

    @app.get("/two-yields", dependencies=[api.Depends(two_yields)])
    async def with_two_yields():
        return "sent"

    @app.get("/sync-two-yields", dependencies=[api.Depends(sync_two_yields)])
    async def with_sync_two_yields():
        return "sent"

    @app.get("/stream-raises", dependencies=[api.Depends(passing)])
    async def stream_raises():
        async def body():
            yield b"one"
            raise Unknown("mid-stream")

        return api.responses.StreamingResponse(body())

    @app.get("/background-raises", dependencies=[api.Depends(passing)])
    async def background_raises(tasks: api.BackgroundTasks):
        tasks.add_task(fail, "unknown")
        tasks.add_task(log, "never")
        return "sent"

    def dependency_raises(value: Annotated[str, api.Depends(passing)]):
        raise Known(value)

    @app.get("/dependency-raises")
    async def from_dependency(value: Annotated[str, api.Depends(dependency_raises)]):
        log("never")

    return app


@differential(
    get("/timeout"), get("/sync-timeout"), get("/stack"), post_json("/limited", {}), get("/limited-yield")
)
def cancellation_and_stacks(api):
    app = api.FastAPI()

    class Deadline:
        """Cut requests under /timeout short, as a timeout middleware does."""

        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if "timeout" not in scope["path"]:
                await self.app(scope, receive, send)
                return
            with anyio.move_on_after(0.05) as cancel:
                await self.app(scope, receive, send)
            log("cancelled", cancel.cancelled_caught)
            await api.responses.PlainTextResponse("late", 504)(scope, receive, send)

    app.add_middleware(Deadline)

    async def resource():
        try:
            yield
        except BaseException as exc:
            log("saw", "cancellation" if not isinstance(exc, Exception) else type(exc).__name__)
            raise
        finally:
            log("released")

    def sync_resource():
        try:
            yield
        finally:
            log("sync released")

    @app.get("/timeout", dependencies=[api.Depends(resource)])
    async def timeout():
        await anyio.sleep(30)

    @app.get("/sync-timeout", dependencies=[api.Depends(sync_resource)])
    async def sync_timeout():
        await anyio.sleep(30)

    async def on_stack(request: api.Request):
        @asynccontextmanager
        async def managed():
            log("managed enter")
            yield "managed"
            log("managed exit")

        stack = request.scope["fastapi_inner_astack"]
        request.scope["fastapi_function_astack"].callback(log, "function stack done")
        return await stack.enter_async_context(managed())

    @app.get("/stack")
    async def stack(value: Annotated[str, api.Depends(on_stack)]):
        return value

    @app.post("/limited")
    async def limited(value: Annotated[None, api.Depends(sync_resource, max_concurrency=1)]):
        return "ok"

    async def plain():
        return "plain"

    @app.get("/limited-yield")
    async def limited_yield(
        value: Annotated[None, api.Depends(resource, max_concurrency=2)],
        other: Annotated[str, api.Depends(plain, max_concurrency=1)],
    ):
        return other

    return app
