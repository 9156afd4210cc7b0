"""asyncio's contract for the task of a request, as httptools' class keeps it: on both loops, over real sockets."""

import asyncio
import collections.abc
import contextvars
import gc
import io
import re
import sys
import threading
import weakref
from asyncio.tasks import _all_tasks  # type: ignore[attr-defined]
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import pytest
import sniffio

from ferroapi import FastAPI
from ferroapi.responses import PlainTextResponse

from .exchange import Transport
from .live import LOOPS, PATIENCE, Live, get, run, served
from .sides import CANDIDATE, HTTPTOOLS

Act = Callable[[], Awaitable[object]]
Play = Callable[[Live], Awaitable[object]]
Note = Callable[[object], None]

VAR: contextvars.ContextVar[str] = contextvars.ContextVar("VAR", default="nothing")


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def asgi(act: Act) -> Any:
    """A bare application that does `act`, whose result is its answer."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        text = str(await act()).encode()
        length = (b"content-length", str(len(text)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": text})

    return app


def api(act: Act) -> Any:
    """The same on the package, so that it is entered without ASGI."""
    app = FastAPI(openapi_url=None)

    @app.get("/{rest:path}")
    async def endpoint() -> PlainTextResponse:
        return PlainTextResponse(str(await act()))

    return app


KINDS = {"asgi": asgi, "api": api}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    """Makes an application of what it does."""
    return KINDS[request.param]


async def ask(live: Live) -> Any:
    return await live.ask()


def observe(
    protocol_class: Any, loop: str, app: Any, play: Play = ask, *, debug: bool | None = None, **options: Any
) -> dict[str, Any]:
    """Serve `app` while `play` plays; what it returns, what was logged and what reached the loop."""

    async def main() -> dict[str, Any]:
        async with served(protocol_class, app, **options) as live:
            played = await play(live)
            await live.idle()
            requests = live.state.total_requests
        return {"played": played, "logs": live.logs, "errors": live.errors, "requests": requests}

    found = run(loop, main, debug=debug)
    assert isinstance(found, dict)
    return found


def same(
    loop: str, make: Callable[[Note], Any], play: Play = ask, *, debug: bool | None = None, **options: Any
) -> tuple[list[Any], dict[str, Any]]:
    """Both classes must give the same; return the notes that the application took, and what was observed."""
    sides = []
    for protocol_class in (HTTPTOOLS, CANDIDATE):
        notes: list[Any] = []
        found = observe(protocol_class, loop, make(notes.append), play, debug=debug, **options)
        sides.append((notes, found))
    assert sides[1] == sides[0]
    return sides[1]


# --- The task itself ---


@pytest.mark.parametrize("protocol_class", [HTTPTOOLS, CANDIDATE])
def test_a_request_has_a_task_of_its_own(loop: str, kind: Any, protocol_class: Any) -> None:
    tasks: list[asyncio.Task[Any]] = []

    def check() -> None:
        task = asyncio.current_task()
        assert task is not None
        assert isinstance(task, asyncio.Task)
        assert type(task) is asyncio.Task
        assert task in asyncio.all_tasks()
        assert task.get_loop() is asyncio.get_running_loop() is asyncio.get_event_loop()
        assert asyncio.iscoroutine(task.get_coro())
        assert isinstance(task.get_coro(), collections.abc.Coroutine)
        assert not task.done() and not task.cancelled() and task.cancelling() == 0
        assert "pending" in repr(task)
        assert isinstance(task.get_stack(), list)
        task.print_stack(file=io.StringIO())
        assert weakref.ref(task)() is task
        assert hash(task) == hash(asyncio.current_task())
        tasks.append(task)

    async def act() -> str:
        check()
        await asyncio.sleep(0)
        check()
        await asyncio.sleep(0.001)
        check()
        assert len({*tasks[-3:]}) == 1
        return "fine"

    async def play(live: Live) -> None:
        mine = asyncio.current_task()
        async with live.connection() as client:
            for _ in range(3):
                assert (await client.ask()).body == b"fine"
                assert asyncio.current_task() is mine
        await live.idle()
        for task in tasks:
            assert task.done() and task.result() is None and not task.cancelled()
            assert task not in asyncio.all_tasks()
        assert asyncio.all_tasks() == {mine}
        assert "finished" in repr(tasks[0])

    found = observe(protocol_class, loop, kind(act), play)
    assert found["errors"] == []
    assert [entry for entry in found["logs"] if entry[0] == "uvicorn.error"] == []
    assert len(set(tasks)) == 3


def test_a_task_that_never_waits(loop: str, kind: Any) -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def act() -> str:
        task = asyncio.current_task()
        assert task is not None and task in asyncio.all_tasks()
        assert task.get_loop() is asyncio.get_running_loop()
        tasks.append(task)
        return "fine"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            for _ in range(3):
                assert (await client.ask()).body == b"fine"
        await live.idle()
        assert all(task.done() and task.result() is None for task in tasks)
        assert not asyncio.all_tasks() & {*tasks}

    observe(CANDIDATE, loop, kind(act), play)
    assert len(set(tasks)) == 3


def test_names(loop: str, kind: Any) -> None:
    names: list[str] = []

    async def act() -> str:
        task = asyncio.current_task()
        assert task is not None
        names.append(task.get_name())
        task.set_name("mine")
        assert task.get_name() == "mine" and "'mine'" in repr(task)
        await asyncio.sleep(0)
        assert asyncio.current_task() is task and task.get_name() == "mine"
        return "fine"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            for _ in range(4):
                others = asyncio.create_task(asyncio.sleep(0))
                names.append(others.get_name())
                assert (await client.ask()).body == b"fine"
                await others

    observe(CANDIDATE, loop, kind(act), play)
    assert len(names) == len(set(names)) == 8
    assert all(re.fullmatch(r"Task-\d+", name) for name in names)


@pytest.mark.parametrize("waits", [False, True])
def test_done_callbacks(loop: str, kind: Any, waits: bool) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            task = asyncio.current_task()
            assert task is not None

            def done(found: asyncio.Task[Any]) -> None:
                note((found is task, found.result(), asyncio.current_task(), VAR.get()))

            VAR.set("the request's")
            task.add_done_callback(done)
            task.add_done_callback(lambda _: note("never"))
            assert task.remove_done_callback(done) == 1
            task.add_done_callback(done)
            if waits:
                await asyncio.sleep(0)
            return "fine"

        return kind(act)

    async def play(live: Live) -> Any:
        answer = await live.ask()
        await live.idle()
        await asyncio.sleep(0)
        return answer

    notes, _ = same(loop, make, play)
    assert notes == ["never", (True, None, None, "the request's")]


def test_somebody_awaits_the_task(loop: str, kind: Any) -> None:
    gate = asyncio.Event()

    async def act() -> str:
        await gate.wait()
        return "fine"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: live.state.tasks)
            [task] = live.state.tasks
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(task), 0.001)
            gate.set()
            done, pending = await asyncio.wait({task}, timeout=PATIENCE)
            assert done == {task} and not pending
            assert await task is None
            assert (await client.answer()).body == b"fine"

    observe(CANDIDATE, loop, kind(act), play)


@pytest.mark.parametrize("protocol_class", [HTTPTOOLS, CANDIDATE])
def test_tasks_of_the_server(loop: str, kind: Any, protocol_class: Any) -> None:
    seen: list[Any] = []
    gate = asyncio.Event()

    async def act() -> str:
        seen.append(asyncio.current_task())
        await gate.wait()
        return "fine"

    async def play(live: Live) -> None:
        async with live.connection() as one, live.connection() as two:
            one.send(get())
            await live.until(lambda: len(seen) == 1)
            assert live.state.tasks == {*seen}
            two.send(get())
            await live.until(lambda: len(seen) == 2)
            assert live.state.tasks == {*seen}
            assert asyncio.all_tasks() == {*seen, asyncio.current_task()}
            gate.set()
            await one.answer()
            await two.answer()
            await live.idle()
            assert live.state.tasks == set()

    observe(protocol_class, loop, kind(act), play)
    assert len(set(seen)) == 2


# --- Its context ---


def test_contexts_are_apart(loop: str, kind: Any) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            note(VAR.get())
            token = VAR.set("first step")
            await asyncio.sleep(0)
            note(VAR.get())
            VAR.reset(token)
            note(VAR.get())
            VAR.set("later step")
            return await asyncio.create_task(named())

        async def named() -> str:
            note(VAR.get())
            return "fine"

        return kind(act)

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            answers: list[Any] = [await client.ask() for _ in range(3)]
            seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(lambda: seen.set_result(VAR.get()))
            return [*answers, VAR.get(), await seen]

    notes, found = same(loop, make, play)
    assert notes == ["nothing", "first step", "nothing", "later step"] * 3
    assert found["played"][-2:] == ["nothing", "nothing"]


def test_contexts_of_pipelined_requests(loop: str, kind: Any) -> None:
    """uvicorn begins a request that waited from inside of the task in front of it, and so in a copy of its context.

    What is read next, asyncio reads in that context, too, since it was told from there to go on reading
    (python/cpython#140947).
    """

    def make(note: Note) -> Any:
        async def act() -> str:
            note(VAR.get())
            await asyncio.sleep(0)
            VAR.set("the one before")
            return "fine"

        return kind(act)

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            client.send(get() * 2)
            answers = [await client.answer() for _ in range(2)]
            return answers, await client.ask()

    notes, _ = same(loop, make, play)
    assert notes[0] == "nothing" and len(notes) == 3


@pytest.mark.parametrize("reset", [False, True])
def test_what_was_set_before_the_server_started(loop: str, reset: bool) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            note(VAR.get())
            if reset:
                note(len(contextvars.copy_context()))
            await asyncio.sleep(0)
            note(VAR.get())
            VAR.set("request")
            return "fine"

        return asgi(act)

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            return [await client.ask(), await client.ask()]

    def set_and_run() -> tuple[list[Any], dict[str, Any]]:
        VAR.set("before")
        return same(loop, make, play, reset_contextvars=reset)

    notes, _ = contextvars.copy_context().run(set_and_run)
    assert notes == (["nothing", 0, "nothing"] * 2 if reset else ["before"] * 4)


# --- What is built on tasks ---


async def _timeout() -> str:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.sleep(0.001)
    async with asyncio.timeout(PATIENCE) as untouched:
        await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    return f"{untouched.expired()} {task.cancelling()}"


async def _wait_for() -> str:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.001)
    return await asyncio.wait_for(asyncio.sleep(0, "in time"), PATIENCE)


async def _task_group() -> str:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.sleep(0, number)) for number in range(3)]
    with pytest.raises(ExceptionGroup):
        await _failing_group()
    task = asyncio.current_task()
    assert task is not None
    return f"{[task.result() for task in tasks]} {task.cancelling()}"


async def _failing_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(_raise())
        await asyncio.Event().wait()


async def _raise() -> None:
    raise ValueError("of a child")


async def _empty_group() -> str:
    async with asyncio.TaskGroup(), anyio.create_task_group():
        pass
    return "nothing to wait for"


async def _gather() -> str:
    return str(await asyncio.gather(*(asyncio.sleep(0, number) for number in range(3))))


async def _move_on() -> str:
    with anyio.move_on_after(0.001) as scope:
        await anyio.sleep_forever()
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        await anyio.sleep_forever()
    with anyio.CancelScope(shield=True):
        await anyio.sleep(0)
    with pytest.raises(TimeoutError), anyio.fail_after(0.001):
        await anyio.sleep_forever()
    return f"{scope.cancelled_caught} {cancelled.cancelled_caught}"


async def _anyio_group() -> str:
    found: list[int] = []

    async def child(number: int) -> None:
        await anyio.sleep(0)
        found.append(number)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(child, number)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        group.cancel_scope.cancel()
    return str(sorted(found))


async def _thread() -> str:
    def inside() -> tuple[bool, str, str]:
        library = anyio.from_thread.run_sync(sniffio.current_async_library)
        return threading.get_ident() == here, VAR.get(), library

    here = threading.get_ident()
    VAR.set("seen in the thread")
    return str(await anyio.to_thread.run_sync(inside))


async def _executor() -> str:
    return str(await asyncio.to_thread(VAR.get))


async def _library() -> str:
    first = sniffio.current_async_library()
    info = anyio.get_current_task()
    task = asyncio.current_task()
    assert task is not None and info.id == id(task) and info.name == task.get_name()
    await asyncio.sleep(0)
    return f"{first} {sniffio.current_async_library()} {len(anyio.get_running_tasks())}"


async def _queue() -> str:
    queue: asyncio.Queue[int] = asyncio.Queue()
    asyncio.get_running_loop().call_soon(queue.put_nowait, 7)
    async with asyncio.Lock(), asyncio.Semaphore(1):
        return str(await queue.get())


async def _runs_in_callback() -> str:
    """A callback is in no task, even one that was scheduled by a first step."""
    loop = asyncio.get_running_loop()
    found = loop.create_future()
    loop.call_soon(lambda: found.set_result(asyncio.current_task()))
    return str(await found)


TOOLS = [
    _timeout, _wait_for, _task_group, _empty_group, _gather, _move_on, _anyio_group, _thread, _executor, _library,
    _queue, _runs_in_callback,
]  # fmt: skip


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__.strip("_"))
def test_tools_work(loop: str, kind: Any, tool: Act, late: bool, debug: bool) -> None:
    async def act() -> object:
        if late:
            await asyncio.sleep(0)
        return await tool()

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            return [await client.ask(), await client.ask()]

    _, found = same(loop, lambda _: kind(act), play, debug=debug)
    assert [answer.status for answer in found["played"]] == [200, 200]
    assert found["errors"] == []


# --- Cancellation from outside ---


@pytest.mark.parametrize("swallows", [False, True], ids=["", "swallows"])
@pytest.mark.parametrize("awaits", [0, 1, 3])
def test_cancelled_from_outside(loop: str, kind: Any, awaits: int, swallows: bool) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            for _ in range(awaits):
                await asyncio.sleep(0)
            note("waits")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                assert task is not None
                note((error.args, task.cancelling()))
                if not swallows:
                    raise
                task.uncancel()
            await asyncio.sleep(0)
            note("goes on")
            return "swallowed"

        return kind(act)

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: live.state.tasks)
            for _ in range(20):
                await asyncio.sleep(0.0001)
            [task] = live.state.tasks
            assert task.cancel("by the test") is True
            answer = await client.answer()
            await live.idle()
            return answer, task.cancelled(), task.exception()

    notes, found = same(loop, make, play)
    assert notes == ["waits", (("by the test",), 1), *(["goes on"] if swallows else [])]
    answer, cancelled, exception = found["played"]
    assert answer.status == (200 if swallows else 500)
    assert (cancelled, exception) == (False, None)


def test_cancels_itself(loop: str, kind: Any) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            task = asyncio.current_task()
            assert task is not None
            note(task.cancel("myself"))
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError as error:
                note(error.args)
                raise
            return "never"

        return kind(act)

    notes, found = same(loop, make)
    assert notes == [True, ("myself",)]
    assert found["played"].status == 500


# --- Exceptions ---


class Odd(BaseException):
    pass


EXCEPTIONS: list[BaseException] = [
    ValueError("a"), KeyError("b"), StopIteration("c"), StopAsyncIteration("d"), GeneratorExit("e"),
    asyncio.CancelledError("f"), KeyboardInterrupt("g"), SystemExit(3), Odd("h"), RecursionError("i"),
    asyncio.InvalidStateError("j"), ExceptionGroup("k", [ValueError("l")]), BaseExceptionGroup("m", [Odd("n")]),
    TimeoutError("o"), OSError(5, "p"), MemoryError("q"),
]  # fmt: skip


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("awaits", [0, 1])
def test_exceptions(loop: str, kind: Any, error: BaseException, awaits: int) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            note("called")
            for _ in range(awaits):
                await asyncio.sleep(0)
            raise type(error)(*error.args)

        return kind(act)

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            client.send(get())
            bytes_of_one = await client.rest()
        return bytes_of_one, await live.ask()

    notes, found = same(loop, make, play)
    assert notes == ["called", "called"]
    assert found["errors"] == []
    assert found["played"][0].startswith(b"HTTP/1.1 500 ")
    logged = [entry for entry in found["logs"] if entry[0] == "uvicorn.error"]
    assert len(logged) == 2
    assert logged[0][2] == "Exception in ASGI application\n"


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
def test_exceptions_within_a_response(loop: str, error: BaseException) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise type(error)(*error.args)

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            client.send(get())
            return await client.rest()

    _, found = same(loop, lambda _: app, play)
    assert found["played"].endswith(b"\r\n\r\nbegun")
    assert found["errors"] == []


# --- What else a loop may be told ---


class OwnTask(asyncio.Task[Any]):
    pass


@pytest.mark.parametrize("factory_class", [asyncio.Task, OwnTask])
@pytest.mark.parametrize("reset", [False, True])
def test_a_task_factory_is_honoured(loop: str, kind: Any, factory_class: Any, reset: bool) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            task: Any = asyncio.current_task()
            note((type(task), getattr(task, "get_name", lambda: "")() == "made", task in asyncio.all_tasks()))
            await asyncio.sleep(0)
            note(asyncio.current_task() is task)
            return "fine"

        return kind(act)

    async def play(live: Live) -> Any:
        running = asyncio.get_running_loop()

        def factory(running: Any, coroutine: Any, **keywords: Any) -> Any:
            assert set(keywords) <= {"context", "name"}
            return factory_class(coroutine, loop=running, **{**keywords, "name": "made"})

        async with live.connection() as client:
            answers = [await client.ask()]
            running.set_task_factory(factory)
            try:
                answers.append(await client.ask())
            finally:
                running.set_task_factory(None)
            answers.append(await client.ask())
        return answers

    notes, _ = same(loop, make, play, reset_contextvars=reset)
    plain = [(asyncio.Task, False, True), True]
    assert notes == [*plain, (factory_class, True, True), True, *plain]


def test_a_loop_with_a_create_task_of_its_own_is_asked(loop: str) -> None:
    base: Any = LOOPS[loop]
    made: list[Any] = []

    class Loop(base):  # type: ignore[misc]
        def create_task(self, coroutine: Any, **keywords: Any) -> Any:
            task = super().create_task(coroutine, **keywords)
            made.append(task)
            return task

    async def act() -> str:
        assert asyncio.current_task() in made
        return "fine"

    async def main() -> None:
        for protocol_class in (HTTPTOOLS, CANDIDATE):
            async with served(protocol_class, asgi(act)) as live:
                answer = await live.ask()
                assert live.failures == []
                assert answer.body == b"fine"

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())


def test_debug_is_switched_on_and_off(loop: str, kind: Any) -> None:
    async def act() -> str:
        assert asyncio.current_task() in asyncio.all_tasks()
        await asyncio.sleep(0)
        repr(asyncio.current_task())
        return "fine"

    async def play(live: Live) -> Any:
        running = asyncio.get_running_loop()
        answers = []
        async with live.connection() as client:
            for debug in (False, True, False, True):
                running.set_debug(debug)
                answers.append(await client.ask())
        return answers

    _, found = same(loop, lambda _: kind(act), play)
    assert [answer.body for answer in found["played"]] == [b"fine"] * 4


def test_bytes_that_come_from_inside_of_a_task(loop: str, kind: Any) -> None:
    """A task can't be entered while another one runs, so the request's begins in the next turn."""
    tasks: list[Any] = []

    async def act() -> str:
        tasks.append(asyncio.current_task())
        return "fine"

    async def play(live: Live) -> None:
        running = asyncio.get_running_loop()
        protocol = CANDIDATE(config=live.config, server_state=live.state, app_state={}, _loop=running)
        transport = Transport(running)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        mine = asyncio.current_task()
        for count in (1, 2):
            protocol.data_received(get())
            assert asyncio.current_task() is mine
            assert len(tasks) == count - 1
            await live.until(lambda count=count: len(tasks) == count)
            await live.idle()
            assert transport.written.count(b"HTTP/1.1 200 OK") == count
        running.call_soon(protocol.data_received, get())
        await live.until(lambda: len(tasks) == 3)
        await live.idle()
        assert mine not in tasks
        assert asyncio.current_task() is mine
        transport.close()

    observe(CANDIDATE, loop, kind(act), play)
    assert len(set(tasks)) == 3


def test_a_request_that_asks_the_server_itself(loop: str, kind: Any) -> None:
    """Requests begin while another one is suspended, down to the depth that the first one asks for."""
    lives: list[Live] = []
    tasks: list[Any] = []

    async def act() -> str:
        tasks.append(asyncio.current_task())
        depth = len(tasks)
        inner = (await lives[0].ask()).body.decode() if depth < 5 else "end"
        assert asyncio.current_task() is tasks[depth - 1]
        return f"{depth} {inner}"

    async def play(live: Live) -> Any:
        lives.append(live)
        return await live.ask()

    found = observe(CANDIDATE, loop, kind(act), play)
    assert found["played"].body == b"1 2 3 4 5 end"
    assert len(set(tasks)) == 5


@pytest.mark.parametrize("waits", [False, True])
def test_pipelined_requests(loop: str, kind: Any, waits: bool) -> None:
    count = 40
    tasks: list[Any] = []

    async def act() -> str:
        tasks.append(asyncio.current_task())
        assert tasks[-1] in asyncio.all_tasks()
        number = len(tasks)
        if waits:
            await asyncio.sleep(0)
        assert asyncio.current_task() is tasks[-1]
        return str(number)

    async def play(live: Live) -> Any:
        async with live.connection() as client:
            client.send(get() * count)
            return [(await client.answer()).body for _ in range(count)]

    found = observe(CANDIDATE, loop, kind(act), play)
    assert found["played"] == [str(number + 1).encode() for number in range(count)]
    assert found["errors"] == []
    assert len(set(tasks)) == count


# --- Threads ---


@pytest.fixture
def _hasty() -> Iterator[None]:
    """Threads take turns as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hasty")
def test_two_servers_in_two_threads(loop: str, kind: Any) -> None:
    """Their tasks are not mixed up, nor those that a third thread makes by itself."""
    rounds, connections = 60, 3
    together = threading.Barrier(2, timeout=PATIENCE)
    over = threading.Event()
    problems: list[str] = []
    names: list[str] = []
    started: list[int] = []

    async def act() -> str:
        mine = asyncio.current_task()
        assert mine is not None
        names.append(mine.get_name())
        for step in range(4):
            running = asyncio.get_running_loop()
            tasks = asyncio.all_tasks()
            assert asyncio.current_task() is mine
            assert mine in tasks
            assert all(task.get_loop() is running for task in tasks)
            if step:
                await asyncio.sleep(0)
        return mine.get_name()

    async def client(live: Live) -> None:
        async with live.connection() as wire:
            for _ in range(rounds):
                answer = await wire.ask()
                assert answer.status == 200, live.failures

    async def main() -> None:
        async with served(CANDIDATE, kind(act)) as live:
            await asyncio.to_thread(together.wait)
            async with asyncio.TaskGroup() as group:
                for _ in range(connections):
                    group.create_task(client(live))
            started.append(live.state.total_requests)
            await asyncio.to_thread(together.wait)

    async def bystander() -> None:
        running = asyncio.get_running_loop()
        while not over.is_set():
            task = running.create_task(asyncio.sleep(0))
            if task not in asyncio.all_tasks():
                problems.append("a task of nobody's concern is not listed")
            await task

    def guarded(function: Callable[[], object]) -> None:
        try:
            function()
        except BaseException as error:
            problems.append(repr(error))

    threads = [threading.Thread(target=guarded, args=[partial(run, loop, main)]) for _ in range(2)]
    third = threading.Thread(target=guarded, args=[partial(asyncio.run, bystander())])
    for thread in [third, *threads]:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
    over.set()
    third.join(PATIENCE)
    assert problems == []
    assert started == [rounds * connections] * 2
    assert len(names) == len(set(names)) == 2 * rounds * connections


# --- Nothing is left ---


@pytest.mark.parametrize("waits", [False, True])
def test_the_list_of_tasks_does_not_grow(loop: str, kind: Any, waits: bool) -> None:
    async def act() -> str:
        if waits:
            await asyncio.sleep(0)
        return "fine"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            sizes = set()
            for _ in range(5):
                for _ in range(100):
                    await client.ask()
                await live.idle()
                gc.collect()
                sizes.add((len(_all_tasks.data), len(_all_tasks._pending_removals)))
            assert len(sizes) == 1

    observe(CANDIDATE, loop, kind(act), play)
    assert "add" not in vars(_all_tasks)


def test_no_entry_outlives_the_server(loop: str, kind: Any) -> None:
    def entries() -> list[Any]:
        gc.collect()
        return [entry for entry in _all_tasks.data if not isinstance(entry, weakref.ref)]

    states: list[Any] = []

    async def act() -> str:
        await asyncio.sleep(0)
        return "fine"

    async def play(live: Live) -> None:
        assert (await live.ask()).body == b"fine"
        states.append(weakref.ref(live.state))

    before = entries()
    for _ in range(3):
        observe(CANDIDATE, loop, kind(act), play)
    assert [entry for entry in entries() if entry not in before] == []
    assert [state() for state in states] == [None] * 3


def test_tasks_are_collected(loop: str, kind: Any) -> None:
    """A request that ends leaves neither its task nor what its coroutine held."""
    references: list[Any] = []

    class Held:
        pass

    async def act() -> str:
        held = Held()
        references.append(weakref.ref(held))
        references.append(weakref.ref(asyncio.current_task()))  # type: ignore[arg-type]
        if len(references) % 4:
            await asyncio.sleep(0)
        return "fine"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            for _ in range(6):
                await client.ask()
            await live.idle()
            await asyncio.sleep(0)
            gc.collect()
            assert [found for reference in references if (found := reference())] == []

    observe(CANDIDATE, loop, kind(act), play)
    assert len(references) == 12
