"""Sync functions in worker threads: the reference's contract, whoever hands the call over."""

# mypy: ignore-errors
import asyncio
import contextvars
import sqlite3
import threading
import time
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import pytest
from anyio import to_thread
from tests.both import Stories, ask, replaced

stories = Stories()
VAR: contextvars.ContextVar[str] = contextvars.ContextVar("VAR", default="unset")


def asyncio_alone(main: Any) -> Any:
    return asyncio.run(main())


def uvloop_alone(main: Any) -> Any:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def asyncio_in_scope(main: Any) -> Any:
    return anyio.run(_scoped, main)


def uvloop_in_scope(main: Any) -> Any:
    pytest.importorskip("uvloop")
    return anyio.run(_scoped, main, backend_options={"use_uvloop": True})


def trio_in_scope(main: Any) -> Any:
    return anyio.run(_scoped, main, backend="trio")


async def _scoped(main: Any) -> Any:
    with anyio.fail_after(20):
        return await main()


NATIVE = (asyncio_alone, uvloop_alone)
ASYNCIO = (*NATIVE, asyncio_in_scope, uvloop_in_scope)
LOOPS = (*ASYNCIO, trio_in_scope)
native, on_asyncio, anywhere = (stories.vary("run", loops) for loops in (NATIVE, ASYNCIO, LOOPS))


def tokens() -> str:
    state = to_thread.current_default_thread_limiter().statistics()
    return f"{state.borrowed_tokens} of {state.total_tokens}, {state.tasks_waiting} waiting"


async def settle() -> None:
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


async def until(event: threading.Event) -> None:
    while not event.is_set():  # noqa: ASYNC110
        await anyio.sleep(0.001)


def idle_workers() -> list[Any]:
    return list(_variable("_threadpool_idle_workers") or ())


def all_workers() -> list[Any]:
    return list(_variable("_threadpool_workers") or ())


def _variable(name: str) -> Any:
    from anyio._backends import _asyncio

    return getattr(_asyncio, name).get(None)


class Gate:
    """An endpoint that says when it has started and when it is over, and returns when it may."""

    def __init__(self, api: Any, log: Any) -> None:
        self.started, self.open, self.over = threading.Event(), threading.Event(), threading.Event()
        self.log = log
        self.app = api.FastAPI()
        self.app.get("/")(self.pass_through)

    def pass_through(self) -> str:
        self.log("called")
        self.started.set()
        assert self.open.wait(10)
        self.log("returns")
        self.over.set()
        return "passed"


async def happened(event: threading.Event) -> None:
    """Wait for a thread."""
    while not event.is_set():
        await asyncio.sleep(0.001)


# Where and with what a function is called.


@anywhere
def calls_in_worker_threads(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()
    main = threading.current_thread()

    def dependency(a: int) -> tuple[bool, int]:
        return threading.current_thread() is not main, a

    @app.get("/")
    def endpoint(b: int, found: Any = api.Depends(dependency)) -> Any:
        anyio.from_thread.check_cancelled()
        name = threading.current_thread().name
        return [name if "AnyIO" in name else "trio's", found, b, threading.current_thread() is not main]

    @app.get("/named")
    def named(func: int, args: int, kwargs: int, call: int, run_in_threadpool: int) -> Any:
        return [func, args, kwargs, call, run_in_threadpool]

    async def main_task() -> None:
        log(await ask(app, "/?a=1&b=2"), tokens())
        if run is not trio_in_scope:
            log(await ask(app, "/named?func=1&args=2&kwargs=3&call=4&run_in_threadpool=5"))

    run(main_task)


@anywhere
def context_is_copied_for_each_call(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    async def before() -> None:
        VAR.set("async")

    def first() -> str:
        seen = VAR.get()
        VAR.set("first")
        return seen

    def second() -> str:
        seen = VAR.get()
        VAR.set("second")
        return seen

    @app.get("/", dependencies=[api.Depends(before)])
    def endpoint(a: str = api.Depends(first), b: str = api.Depends(second)) -> Any:
        return [a, b, VAR.get()]

    async def main_task() -> None:
        log(await ask(app, "/"), VAR.get())

    run(main_task)


@anywhere
def thread_may_call_the_loop(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    async def add(a: int, b: int) -> list[Any]:
        await anyio.lowlevel.checkpoint()
        with anyio.CancelScope():
            await anyio.lowlevel.checkpoint()
        return [a + b, VAR.get(), anyio.get_current_task().parent_id is None]

    def fail() -> None:
        raise KeyError("in the loop")

    @app.get("/")
    def endpoint() -> Any:
        VAR.set("thread")
        with pytest.raises(KeyError):
            anyio.from_thread.run_sync(fail)
        with pytest.raises(anyio.NoEventLoopError):
            anyio.current_time()
        deadline = anyio.from_thread.run_sync(anyio.current_effective_deadline)
        main = anyio.from_thread.run_sync(threading.current_thread)
        return [anyio.from_thread.run(add, 1, 2), deadline > 0, main is threading.main_thread()]

    async def main_task() -> None:
        log(await ask(app, "/"), tokens())

    run(main_task)


@anywhere
def one_thread_after_the_other(api: Any, log: Any, run: Any) -> None:
    """A connection that may be used in its own thread only, from `yield` dependency to exit."""
    app = api.FastAPI()

    def connection() -> Any:
        found = sqlite3.connect(":memory:")
        try:
            yield found
        finally:
            log("closing in", "the same" if threading.get_ident() == ident.pop() else "another")
            found.close()

    ident: list[int] = []

    @app.get("/", response_model=list[int])
    def endpoint(found: Any = api.Depends(connection)) -> Any:
        ident.append(threading.get_ident())
        return found.execute("select 1, 2").fetchone()

    async def main_task() -> None:
        for _ in range(3):
            log(await ask(app, "/"))

    run(main_task)


@anywhere
def response_models_are_validated_in_a_thread(api: Any, log: Any, run: Any) -> None:
    from pydantic import BaseModel, field_validator

    class Item(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def where(cls, value: str) -> str:
            log("validated in the main thread:", threading.current_thread() is threading.main_thread())
            return value

    app = api.FastAPI()

    @app.get("/sync")
    def endpoint(name: str) -> Item:
        return {"name": name if name != "none" else None}

    @app.get("/async")
    async def other() -> Item:
        return {"name": "a"}

    async def main_task() -> None:
        for target in ("/sync?name=a", "/async", "/sync?name=none"):
            log(str(await ask(app, target))[:60])

    run(main_task)


# Errors.


class Unusual(BaseException):
    pass


@anywhere
def errors_come_back(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()
    errors = {
        "key": KeyError("a"),
        "http": api.HTTPException(418, "tea"),
        "stop": StopIteration(3),
        "unusual": Unusual("b"),
    }

    def dependency(where: str, error: str) -> None:
        if where == "dependency":
            raise errors[error]

    @app.get("/", dependencies=[api.Depends(dependency)])
    def endpoint(where: str, error: str) -> None:
        raise errors[error]

    async def main_task() -> None:
        for where in ("endpoint", "dependency"):
            for name in errors:
                try:
                    log(where, name, await ask(app, f"/?where={where}&error={name}"))
                except BaseException as error:
                    log(where, name, type(error), error, repr(error.__cause__))
                log(tokens())

    run(main_task)


@anywhere
def errors_of_generators_come_back(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    def dependency(fail: str) -> Any:
        if fail == "enter":
            raise KeyError("enter")
        try:
            yield
        except LookupError as error:
            log("seen", error)
            raise api.HTTPException(409, "made of it") from error
        if fail == "exit":
            raise KeyError("exit")

    @app.get("/", dependencies=[api.Depends(dependency)])
    def endpoint(fail: str) -> None:
        if fail == "inside":
            raise LookupError("inside")

    async def main_task() -> None:
        for fail in ("no", "enter", "inside", "exit"):
            log(fail, await ask(app, f"/?fail={fail}"), tokens())

    run(main_task)


# The limiter.


@anywhere
def one_token_serves_in_order(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()
    running: list[int] = []

    def dependency() -> int:
        running.append(0)
        return len(running)

    @app.get("/{number}")
    def endpoint(number: int, alone: int = api.Depends(dependency)) -> int:
        running.clear()
        log("serves", number, alone)
        return number

    async def main_task() -> None:
        to_thread.current_default_thread_limiter().total_tokens = 1

        async def one(number: int) -> None:
            log("answered", await ask(app, f"/{number}"))

        # Who comes first is the backend's, so all wait for a token that this task holds.
        limiter = to_thread.current_default_thread_limiter()
        await limiter.acquire_on_behalf_of("somebody")
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(one, number)
                await settle()
                log(tokens())
            limiter.release_on_behalf_of("somebody")
        log(tokens())

    if run is trio_in_scope:  # where dependencies and endpoints wait in turns, and are ready in no order
        log("skipped")
    else:
        run(main_task)


@anywhere
def tokens_are_added_while_waiting(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()
    app.get("/")(lambda: "served")

    async def main_task() -> None:
        limiter = to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        await limiter.acquire_on_behalf_of("somebody")
        found = []

        async def one() -> None:
            found.append(await ask(app, "/"))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(one)
            await settle()
            log(tokens())
            limiter.total_tokens = 2
        log(found, tokens())
        limiter.release_on_behalf_of("somebody")
        limiter.total_tokens = 40

    run(main_task)


@anywhere
def borrower_is_the_task(api: Any, log: Any, run: Any) -> None:
    gate = Gate(api, log)

    async def main_task() -> None:
        tasks: list[Any] = []

        async def one() -> None:
            tasks.append(anyio.get_current_task().id)
            log(await ask(gate.app, "/"))

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            await until(gate.started)
            (borrower,) = to_thread.current_default_thread_limiter().statistics().borrowers
            log("the task:", id(borrower) == tasks[0], tokens())
            gate.open.set()
        log(tokens())

    run(main_task)


# Cancellation by anyio's scopes.


@anywhere
def cancelled_scope_starts_nothing(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    async def cancel() -> None:
        scopes[-1].cancel()

    @app.get("/", dependencies=[api.Depends(cancel)])
    def endpoint() -> None:
        log("called")

    scopes: list[Any] = []

    async def main_task() -> None:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await ask(app, "/")
            log("went on")
        log(scope.cancelled_caught, tokens())

    run(main_task)


@anywhere
def scope_cancelled_while_waiting_for_a_token(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    @app.get("/")
    def endpoint() -> str:
        log("called")
        return "served"

    async def main_task() -> None:
        limiter = to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        await limiter.acquire_on_behalf_of("somebody")
        with anyio.move_on_after(0.05) as scope:
            await ask(app, "/")
        log(scope.cancelled_caught, tokens())
        limiter.release_on_behalf_of("somebody")
        log(await ask(app, "/"), tokens())
        limiter.total_tokens = 40

    run(main_task)


@anywhere
def running_function_is_shielded_from_scopes(api: Any, log: Any, run: Any) -> None:
    gate = Gate(api, log)

    async def main_task() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, gate.app, "/")
            await until(gate.started)
            group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await settle()
                log("still there", tokens())
                gate.open.set()
        log(group.cancel_scope.cancelled_caught, tokens())
        gate.started.clear()
        log(await ask(gate.app, "/"))

    run(main_task)


@anywhere
def thread_sees_that_its_scope_is_cancelled(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()
    started, cancelled = threading.Event(), threading.Event()

    @app.get("/")
    def endpoint() -> None:
        anyio.from_thread.check_cancelled()
        started.set()
        assert cancelled.wait(10)
        try:
            anyio.from_thread.check_cancelled()
        except BaseException:
            log("noticed")
            raise

    async def main_task() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, app, "/")
            await until(started)
            group.cancel_scope.cancel()
            cancelled.set()
        log(group.cancel_scope.cancelled_caught, tokens())

    run(main_task)


@anywhere
def deadline_passes_while_running(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    @app.get("/")
    def endpoint() -> str:
        time.sleep(0.1)
        log("done")
        return "served"

    async def main_task() -> None:
        with anyio.move_on_after(0.02) as scope:
            await ask(app, "/")
            log("answered")
            await anyio.lowlevel.checkpoint()
            log("went on")
        log(scope.cancel_called, tokens())

    run(main_task)


@anywhere
def exits_run_in_cancelled_scopes(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    def dependency() -> Any:
        try:
            yield "value"
        finally:
            log("left")

    @app.get("/")
    async def endpoint(value: str = api.Depends(dependency)) -> None:
        log("entered", value)
        scopes[-1].cancel()
        await anyio.sleep_forever()

    scopes: list[Any] = []

    async def main_task() -> None:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await ask(app, "/")
        log(scope.cancelled_caught, tokens())

    run(main_task)


# Cancellation of the task itself.


async def outcome(task: Any) -> str:
    try:
        return str(await task)
    except asyncio.CancelledError as error:
        return f"cancelled {error.args} {task.cancelled()} {task.cancelling()}"


@on_asyncio
def cancelled_task_starts_nothing(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    async def cancel() -> None:
        asyncio.current_task().cancel("early")

    def dependency() -> Any:
        log("entered")
        yield
        log("left")

    @app.get("/", dependencies=[api.Depends(cancel)])
    def endpoint() -> None:
        log("called")

    @app.get("/generator", dependencies=[api.Depends(cancel), api.Depends(dependency)])
    async def other() -> None:
        log("called")

    async def main_task() -> None:
        for target in ("/", "/generator"):
            log(await outcome(asyncio.create_task(ask(app, target))), tokens())

    run(main_task)


@on_asyncio
def task_cancelled_while_waiting_for_a_token(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    @app.get("/")
    def endpoint() -> None:
        log("called")

    async def main_task() -> None:
        limiter = to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        for granted in (False, True):
            await limiter.acquire_on_behalf_of("somebody")
            task = asyncio.create_task(ask(app, "/"))
            await settle()
            log(tokens())
            if granted:  # the token and the cancellation come at once
                limiter.release_on_behalf_of("somebody")
            task.cancel("while waiting")
            log(await outcome(task), tokens())
            if not granted:
                limiter.release_on_behalf_of("somebody")
        log(await ask(app, "/"), tokens())

    run(main_task)


@on_asyncio
def task_cancelled_while_running(api: Any, log: Any, run: Any) -> None:
    gate = Gate(api, log)

    async def main_task() -> None:
        task = asyncio.create_task(ask(gate.app, "/"))
        await until(gate.started)
        task.cancel("while running")
        log(await outcome(task), tokens())
        gate.open.set()
        while not idle_workers():
            await asyncio.sleep(0.001)
        known = idle_workers()
        log(await ask(gate.app, "/"), tokens(), "same worker:", idle_workers() == known)

    run(main_task)


@on_asyncio
def asyncio_timeout_while_running(api: Any, log: Any, run: Any) -> None:
    gate = Gate(api, log)

    async def expire(limit: Any) -> None:
        await happened(gate.started)
        limit.reschedule(asyncio.get_running_loop().time())

    async def main_task() -> None:
        try:
            async with asyncio.timeout(None) as limit:
                expiry = asyncio.create_task(expire(limit))
                await ask(gate.app, "/")
        except TimeoutError:
            log("timed out", asyncio.current_task().cancelling(), tokens())
        await expiry
        gate.open.set()
        await happened(gate.over)
        log(await ask(gate.app, "/"))

    run(main_task)


@on_asyncio
def task_cancelled_as_the_result_arrives(api: Any, log: Any, run: Any) -> None:
    """Whatever comes first, the limiter and the pool are as before."""
    app = api.FastAPI()
    app.get("/")(lambda: None)

    async def main_task() -> None:
        for number in range(60):
            task = asyncio.create_task(ask(app, "/"))
            for _ in range(number % 6):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.result() == (200, None)
        while len(idle_workers()) < len(all_workers()):
            await asyncio.sleep(0.001)
        log(tokens())

    run(main_task)


@native
def exits_run_after_the_task_was_cancelled(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    def dependency() -> Any:
        try:
            yield
        finally:
            log("left")

    @app.get("/", dependencies=[api.Depends(dependency)])
    async def endpoint() -> None:
        log("entered")
        await asyncio.sleep(10)

    async def main_task() -> None:
        task = asyncio.create_task(ask(app, "/"))
        while not idle_workers():
            await asyncio.sleep(0.001)
        await settle()
        task.cancel()
        log(await outcome(task), tokens())

    run(main_task)


# Replaced functions.


@anywhere
def replaced_functions_are_called(api: Any, log: Any, run: Any) -> None:
    app = api.FastAPI()

    def generator() -> Any:
        yield "entered"

    @app.get("/")
    def endpoint(value: Any = api.Depends(generator)) -> list[str]:
        return [value]

    def telling(name: str, original: Any) -> Any:
        async def wrapper(func: Any, *args: Any, **kwargs: Any) -> Any:
            log(name)
            return await original(func, *args, **kwargs)

        return wrapper

    places = (
        (api.routing, "run_in_threadpool"),
        (api.concurrency, "run_in_threadpool"),
        (to_thread, "run_sync"),
    )

    async def main_task() -> None:
        for place, name in places:
            with replaced(
                (place, name, telling(f"{place.__name__.split('.')[-1]}.{name}", vars(place)[name]))
            ):
                log(await ask(app, "/"))
        log(await ask(app, "/"))

    run(main_task)


test_same_story = stories.test()
