"""`_core.Coroutine` under an application: everything an event loop and its tasks can do to a request."""

# mypy: ignore-errors
import asyncio
import collections.abc
import contextvars
import gc
import inspect
import sys
import threading
import types
import warnings
from contextlib import suppress
from functools import partial

import anyio
import anyio.from_thread
import pytest
import trio
from pydantic import BaseModel, field_validator
from tests.both import Stories, ask, load, route_of

from ferroapi import FastAPI, _core

from .places import (
    AWAITS,
    COMPUTED,
    PLACES,
    THREADS,
    Request,
    awaiting_from_thread,
    in_thread,
    shown,
    variable,
)

BOTH = ("asyncio", "trio")
KINDS = ("async", "sync", "included/endpoint", "streamed")
stories = Stories()


async def nothing(place):
    pass


async def outcome(log, coroutine):
    try:
        log("finished", await coroutine)
    except BaseException as exc:
        log("raised", shown(exc))
        raise


# Waiting.


@stories.vary("kind", KINDS, *BOTH)
async def waits_at_every_place(api, log, kind):
    async def act(place):
        for _ in range(2):
            await anyio.lowlevel.checkpoint()

    request = Request(api, log, act, awaiting_from_thread(act))
    await outcome(log, request.serve(kind))


@stories.vary("kind", KINDS, *BOTH)
async def waits_nowhere(api, log, kind):
    await outcome(log, Request(api, log, nothing).serve(kind))


@stories.vary("kind", KINDS, *BOTH)
async def many_at_once(api, log, kind):
    """Interleaved requests do not mix; each has its own log."""
    logs = [[] for _ in range(5)]

    async def act(place):
        await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for lines in logs:
            request = Request(api, lambda *parts, lines=lines: lines.append(parts), act)
            group.start_soon(request.serve, kind)
    log(*logs)


# Context variables and tasks.


@stories.vary("kind", KINDS, *BOTH)
async def context_variables_and_current_task(api, log, kind):
    current = (
        trio.lowlevel.current_task
        if sys.modules["sniffio"].current_async_library() == "trio"
        else asyncio.current_task
    )
    task = current()

    def seen(place):
        log("sees", variable.get())
        variable.set(f"set in {place}")

    async def act(place):
        assert current() is task
        seen(place)
        await anyio.lowlevel.checkpoint()
        assert current() is task

    request = Request(api, log, act, seen)
    variable.set("set by the server")
    await request.serve(kind)
    log("afterwards", variable.get())


# Cancelling.


class Hanging:
    """A request that hangs at one place until `release()`."""

    def __init__(self, api, log, where):
        self.where, self.reached, self.released = where, anyio.Event(), anyio.Event()
        self.thread_released = threading.Event()
        self.request = Request(api, log, self.act, self.act_sync)

    async def act(self, place):
        if place == self.where and not self.reached.is_set():
            self.reached.set()
            await self.released.wait()
        else:
            await anyio.lowlevel.checkpoint()

    def act_sync(self, place):
        if place == self.where and in_thread() and not self.reached.is_set():
            anyio.from_thread.run_sync(self.reached.set)
            self.thread_released.wait(5)

    def release(self):
        self.released.set()
        self.thread_released.set()


async def cancelled_by_scope(api, log, where, kind, make_scope=anyio.CancelScope):
    hanging, scope = Hanging(api, log, where), make_scope()

    async def run():
        with scope:
            await outcome(log, hanging.request.serve(kind))
        log("cancelled", scope.cancelled_caught)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await hanging.reached.wait()
        scope.cancel()
        # Threads and shielded places go on.
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        hanging.release()


CANCELLABLE = AWAITS + THREADS[:2] + THREADS[3:]


@stories.vary("where", CANCELLABLE, *BOTH)
async def cancelled_by_an_anyio_scope(api, log, where):
    await cancelled_by_scope(api, log, where, "async")


@stories.vary("where", ("sync endpoint", "sync background"), *BOTH)
async def synchronous_endpoint_cancelled(api, log, where):
    await cancelled_by_scope(api, log, where, "sync")


@stories.vary("where", CANCELLABLE, "trio")
async def cancelled_by_a_trio_scope(api, log, where):
    await cancelled_by_scope(api, log, where, "included/endpoint", trio.CancelScope)


# When a generator ends that a thread was left alone with depends on that thread.
LEFT_ALONE = tuple(place for place in CANCELLABLE if place != "sync enter")


async def ended(task, hanging):
    """Let a cancelled task end; one that a thread keeps is released after a while."""
    await asyncio.wait([task], timeout=0.02)
    hanging.release()
    await asyncio.wait([task])


@stories.vary("where", LEFT_ALONE)
async def cancelled_as_a_task(api, log, where):
    hanging = Hanging(api, log, where)
    task = asyncio.create_task(outcome(log, hanging.request.serve()))
    await hanging.reached.wait()
    task.cancel("the server stops")
    await ended(task, hanging)
    log(task.cancelled())


@stories.vary("where", LEFT_ALONE)
async def cancelled_by_a_timeout(api, log, where):
    hanging = Hanging(api, log, where)

    async def run():
        try:
            async with asyncio.timeout(None) as timeout:
                timeouts.append(timeout)
                await outcome(log, hanging.request.serve())
        except TimeoutError:
            log("timed out")

    timeouts = []
    task = asyncio.create_task(run())
    await hanging.reached.wait()
    timeouts[0].reschedule(0)
    await ended(task, hanging)


@stories.vary("where", AWAITS)
async def cancelled_before_it_starts_and_twice(api, log, where):
    task = asyncio.create_task(Hanging(api, log, where).request.serve())
    task.cancel()
    await asyncio.wait([task])
    log("not started", task.cancelled())
    hanging = Hanging(api, log, where)
    task = asyncio.create_task(outcome(log, hanging.request.serve()))
    await hanging.reached.wait()
    task.cancel()
    task.cancel()
    await ended(task, hanging)
    log("twice", task.cancelled())


@stories.vary("where", AWAITS)
async def timeout_inside_is_survived(api, log, where):
    async def act(place):
        if place == where:
            try:
                async with asyncio.timeout(0):
                    await asyncio.sleep(10)
            except TimeoutError:
                log("timed out inside")

    await outcome(log, Request(api, log, act).serve())


@stories.vary("where", AWAITS, *BOTH)
async def scopes_inside_and_shields(api, log, where):
    async def act(place):
        if place == where:
            with anyio.move_on_after(0) as scope:
                await anyio.sleep(10)
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0)
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 0)
            log(scope.cancelled_caught)

    await outcome(log, Request(api, log, act).serve())


# Exceptions.


class Stop(BaseException):
    """No `Exception`: nothing handles it."""


def errors(api):
    return {
        "ValueError": ValueError("broken"),
        "KeyError": KeyError("key"),
        "HTTPException": api.HTTPException(418, "teapot"),
        "BaseException": Stop("stop"),
        "OSError": OSError("client is gone"),
        "StopIteration": StopIteration("stopped"),
        "CancelledError": asyncio.CancelledError("by the user"),
        "GeneratorExit": GeneratorExit("by the user"),
    }


def raising(api, log, where, error, *, handled):
    def act_sync(place):
        if place == where:
            raise error

    async def act(place):
        act_sync(place)

    request = Request(api, log, act, act_sync)
    if handled:

        async def handler(connection, exc):
            log("handler", type(connection).__name__, type(exc).__name__, exc)
            return api.responses.PlainTextResponse(f"handled {exc}", 499)

        for cls in (ValueError, KeyError, OSError, api.HTTPException, api.exceptions.RequestValidationError):
            request.app.add_exception_handler(cls, handler)
    return request


def chain(log, exc):
    while exc is not None:
        log("chain", shown(exc))
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)


NAMED = ("ValueError", "HTTPException", "BaseException", "StopIteration", "GeneratorExit", "CancelledError")
# Not what a worker thread can hand over, nor what pydantic lets pass.
FLOW = ("StopIteration", "GeneratorExit", "CancelledError")
RAISED = [f"{where}-{name}" for where in PLACES for name in NAMED if name not in FLOW or where in AWAITS]


@stories.vary("case", RAISED)
async def raises(api, log, case):
    where, _, name = case.partition("-")
    for handled in (False, True):
        log("-- handled" if handled else "-- not handled")
        request = raising(api, log, where, errors(api)[name], handled=handled)
        try:
            await request.serve("sync" if where == "sync endpoint" else "async")
            log("finished")
        except BaseException as exc:
            chain(log, exc)


@stories.vary("where", AWAITS, "trio")
async def raises_on_trio(api, log, where):
    for name in ("ValueError", "OSError"):
        request = raising(api, log, where, errors(api)[name], handled=name == "OSError")
        try:
            await request.serve("included/endpoint")
            log("finished")
        except BaseException as exc:
            chain(log, exc)


@stories
async def handlers_raise_and_wait(api, log):
    for place in ("endpoint", "generator exit", "background"):
        request = raising(api, log, place, ValueError("first"), handled=False)

        @request.app.exception_handler(ValueError)
        async def handler(connection, exc):
            await anyio.lowlevel.checkpoint()
            raise KeyError("raised by the handler")

        try:
            await request.serve()
        except BaseException as exc:
            chain(log, exc)


@stories
async def swallowed_exceptions(api, log):
    app = api.FastAPI()

    async def swallowing():
        try:
            yield
        except ValueError:
            log("swallowed")

    for scope in ("function", "request"):

        @app.get(f"/{scope}", dependencies=[api.Depends(swallowing, scope=scope)])
        async def endpoint():
            raise ValueError("lost")

        log(await ask(app, f"/{scope}"))


# Driven by hand, inside of a task so that cancel scopes have one.


class Pause:
    """An awaitable that hands a token to whoever drives the coroutine, and what that sends to the log."""

    def __init__(self, token):
        self.token = token

    def __await__(self):
        return (yield self.token)


def doors(api, log, where):
    """The ways into the same request: the application, and the application of its route alone."""
    request = Request(api, log, act := pausing_at(log, where))
    app = api.FastAPI()

    async def dependency():
        await request.at("coroutine dependency")

    @app.post("/async", dependencies=[api.Depends(dependency), api.Depends(request._generator("generator"))])
    async def endpoint(body: dict, background: api.BackgroundTasks):
        background.add_task(request.at, "background")
        await request.at("endpoint")
        return body

    request.app = app
    request.scope["path"] = "/async"
    del act
    return request, {
        "application": lambda: app(request.scope, request.receive, request.send),
        "route": lambda: within_stack(request, route_of(app, "/async").app),
    }


def within_stack(request, app):
    request.scope["fastapi_middleware_astack"] = __import__("contextlib").AsyncExitStack()
    request.scope["path_params"] = {}
    return app(request.scope, request.receive, request.send)


def pausing_at(log, where):
    async def act(place):
        if place == where:
            log("got", await Pause(f"pause at {place}"))

    return act


HAND = tuple(place for place in AWAITS if not place.startswith("function"))
# Closed while it reads the body, the reference takes the `GeneratorExit` for a broken body and answers 400.
CLOSED = HAND[1:]


def say(log, label, action):
    try:
        log(label, repr(action()))
    except StopIteration as stop:
        log(label, "returned", stop.value)
    except BaseException as exc:
        log(label, type(exc).__name__, exc)


ACTIONS = {
    "send": lambda coroutine: coroutine.send("a value"),
    "send None": lambda coroutine: coroutine.send(None),
    "throw": lambda coroutine: coroutine.throw(ValueError("thrown")),
    "throw class": lambda coroutine: coroutine.throw(KeyError),
    "throw GeneratorExit": lambda coroutine: coroutine.throw(GeneratorExit),
    "throw CancelledError": lambda coroutine: coroutine.throw(asyncio.CancelledError("by hand")),
    "close": lambda coroutine: coroutine.close(),
}


@stories.vary("action", ACTIONS)
async def driven_by_hand(api, log, action):
    for door in ("application", "route"):
        for where in CLOSED if "close" in action or "GeneratorExit" in action else HAND:
            log("--", door, where)
            _, ways = doors(api, log, where)
            coroutine = ways[door]()
            say(log, "first", lambda coroutine=coroutine: coroutine.send(None))
            say(log, action, lambda coroutine=coroutine: ACTIONS[action](coroutine))
            say(log, "again", lambda coroutine=coroutine: coroutine.send(None))
            say(log, "throw again", lambda coroutine=coroutine: coroutine.throw(ValueError("late")))
            say(log, "close", coroutine.close)


@stories.vary("where", CLOSED)
async def dropped_half_way(api, log, where):
    for door in ("application", "route"):
        _, ways = doors(api, log, where)
        coroutine = ways[door]()
        log(coroutine.send(None))
        unraisable = []
        hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
        try:
            del coroutine, ways
            gc.collect()
        finally:
            sys.unraisablehook = hook
        log("dropped", [(item.exc_type.__name__, item.exc_value) for item in unraisable])


@stories
async def ignores_close(api, log):
    """A place that swallows `GeneratorExit` and waits on, and one that returns instead."""
    for stubborn in (True, False):

        async def act(place, stubborn=stubborn):
            if place == "endpoint":
                try:
                    await Pause("first")
                except GeneratorExit:
                    log("ignored")
                    if stubborn:
                        await Pause("second")

        for door in ("application", "route"):
            request, ways = doors(api, log, "nowhere")
            request._act = act
            coroutine = ways[door]()
            say(log, "first", lambda coroutine=coroutine: coroutine.send(None))
            say(log, "close", coroutine.close)
            say(log, "again", lambda coroutine=coroutine: coroutine.send(None))
            say(log, "close again", coroutine.close)


@stories
async def before_the_first_step(api, log):
    for door in ("application", "route"):
        request, ways = doors(api, log, "nowhere")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            for action in ("send", "throw", "throw class", "throw GeneratorExit", "close"):
                coroutine = ways[door]()
                say(log, action, lambda coroutine=coroutine, action=action: ACTIONS[action](coroutine))
                if action == "send":  # refused, but it can still be started
                    coroutine.close()
                say(log, "again", lambda coroutine=coroutine: coroutine.send(None))
            del coroutine
            ways[door]()  # never awaited
            gc.collect()
        log(sorted(set(request.scope) - {"fastapi_middleware_astack", "path_params"}))


@stories
async def awaited_twice_and_reentered(api, log):
    for door in ("application", "route"):
        request, ways = doors(api, log, "nowhere")
        coroutine = ways[door]()
        log("awaited", await coroutine)
        try:
            await coroutine
        except RuntimeError as exc:
            log("twice", exc)
        held = []

        async def act(place, held=held):
            if place == "endpoint":
                for name in ("send", "throw", "close"):
                    say(log, f"{name} inside", lambda name=name: ACTIONS[name](held[0]))

        request, ways = doors(api, log, "nowhere")
        request._act = act
        held.append(ways[door]())
        await held[0]


@stories.on(*BOTH)
async def is_what_event_loops_take(api, log):
    _, ways = doors(api, log, "nowhere")
    coroutine = ways["route"]()
    assert isinstance(coroutine, collections.abc.Coroutine) and inspect.isawaitable(coroutine)
    assert asyncio.iscoroutine(coroutine)
    coroutine.close()
    async with anyio.create_task_group() as group:
        group.start_soon(ways["application"])
    _, ways = doors(api, log, "nowhere")
    async with anyio.create_task_group() as group:
        group.start_soon(ways["route"])
    _, ways = doors(api, log, "nowhere")

    @types.coroutine
    def old_style():
        return (yield from ways["route"]().__await__())

    log(await old_style())


@stories
async def in_tasks_of_asyncio(api, log):
    for make in (
        asyncio.create_task,
        asyncio.ensure_future,
        partial(asyncio.wait_for, timeout=5),
        asyncio.shield,
    ):
        _, ways = doors(api, log, "nowhere")
        log(await make(ways["route"]()))
    _, ways = doors(api, log, "nowhere")
    context = contextvars.copy_context()
    await asyncio.create_task(ways["application"](), context=context)
    _, ways = doors(api, log, "nowhere")
    task = asyncio.create_task(ways["application"]())
    assert "Task" in repr(task) and task.get_stack() is not None
    log(await task)


@stories.vary("awaitable", ("future", "object", "generator", "task", "none", "iterator"))
async def kinds_of_awaitables(api, log, awaitable):
    """`receive` and `send` need not be coroutine functions."""
    loop = asyncio.get_running_loop()

    class Object:
        def __init__(self, value):
            self.value = value

        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return self.value

    class Iterator:
        def __init__(self, value):
            self.value = value

        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration(self.value)

    def give(value):
        if awaitable == "future":
            future = loop.create_future()
            loop.call_soon(future.set_result, value)
            return future
        if awaitable == "object":
            return Object(value)
        if awaitable == "iterator":
            return Iterator(value)
        if awaitable == "task":
            return asyncio.ensure_future(asyncio.sleep(0, value))
        if awaitable == "generator":

            @types.coroutine
            def generator():
                yield from asyncio.sleep(0).__await__()
                return value

            return generator()
        return value

    app = api.FastAPI()

    @app.post("/")
    async def endpoint(body: dict):
        return body

    sent = []

    def receive():
        return give({"type": "http.request", "body": b'{"a": 1}'})

    def send(message):
        sent.append(message)
        return give(None)

    log(await ask(app, "/", method="POST", body={}, receive=receive, send=send))
    log(sent)


@stories
async def depth_and_repetition(api, log):
    """Applications inside of applications, and thousands of awaits in one request."""
    app = api.FastAPI()

    @app.get("/leaf")
    async def leaf():
        for _ in range(2000):
            await asyncio.sleep(0)
        return "leaf"

    for _ in range(20):
        outer = api.FastAPI()
        outer.mount("/m", app)
        app = outer
    log(await ask(app, "/m" * 20 + "/leaf"))


# PEP 479: a `StopIteration` must not leave a coroutine as such.


def stopping(api):
    class Item(BaseModel):
        a: int

        @field_validator("a")
        @classmethod
        def validate(cls, value):
            raise StopIteration("lost")

    app = api.FastAPI()

    @app.post("/")
    async def endpoint(item: Item): ...

    return app


@stories
async def stop_iteration_through_the_route_application(api, log):
    app = stopping(api)

    class Layer:  # user code between the application and the router
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            try:
                await app.router.app(scope, receive, send)
                log("returned as if all were well")
            except BaseException as exc:
                log(type(exc).__name__, exc)
                raise

    app.router.middleware_stack = Layer(app)
    log(await ask(app, "/", method="POST", body={"a": 1}))


@stories
async def stop_iteration_seen_by_a_dependency(api, log):
    app = stopping(api)

    async def dependency():
        try:
            yield
        except BaseException as exc:
            log(type(exc).__name__, exc)
            raise

    app.routes[-1].dependant.dependencies.append(
        api.dependencies.utils.get_parameterless_sub_dependant(depends=api.Depends(dependency), path="/")
    )
    log(await ask(app, "/", method="POST", body={"a": 1}))


@stories
async def stop_iteration_of_none_has_no_arguments(api, log):
    for door in ("application", "route"):
        _, ways = doors(api, log, "nowhere")
        coroutine = ways[door]()
        try:
            coroutine.send(None)
        except StopIteration as stop:
            log(stop.args, stop.value)


test_same_story = stories.test()


def test_the_native_path_is_what_is_tested() -> None:
    """The route's application of these stories is compiled, and gives a `_core.Coroutine`."""
    app = FastAPI()
    app.get("/")(nothing)
    coroutine = route_of(app, "/").app({}, nothing, nothing)
    assert type(coroutine) is _core.Coroutine
    coroutine.close()
    with pytest.raises(RuntimeError, match="cannot reuse"):
        coroutine.send(None)


@pytest.mark.parametrize("action", ["close", "throw GeneratorExit"])
def test_closed_while_it_reads_the_body(action: str) -> None:
    lines: list[tuple] = []

    async def main() -> None:
        _, ways = doors(load("ferroapi"), lambda *parts: lines.append(parts), "receive")
        for door in ways:
            coroutine = ways[door]()
            coroutine.send(None)
            with suppress(GeneratorExit):
                ACTIONS[action](coroutine)

    asyncio.run(main())
    assert lines == [("receive",), ("receive saw", "GeneratorExit ")] * 2


def test_computed_places_are_reached() -> None:
    assert set(COMPUTED) < set(PLACES)
