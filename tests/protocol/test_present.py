"""The task of a request that nobody has asked for is not made; whoever asks, and however, gets the one that goes on."""

import asyncio
import sys
import threading
from asyncio import tasks as asyncio_tasks
from collections.abc import Callable
from typing import Any

import pytest

from ferroapi import FastAPI

from .live import LOOPS, run
from .test_outbox import connected, in_turn, served
from .test_tasks import KINDS, Note, same

Look = Callable[[], Any]

_current_tasks: dict[Any, Any] = asyncio_tasks._current_tasks  # type: ignore[attr-defined]


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    """Makes an application of what it does."""
    return KINDS[request.param]


def by_thread(look: Look) -> Any:
    """What another thread sees."""
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.append(look()))
    thread.start()
    thread.join()
    return seen[0]


def of_this_request(tasks: set[Any]) -> Any:
    """The one task whose coroutine is being run by nobody but the present request."""
    [task] = [task for task in tasks if task is asyncio.current_task()]
    return task


def from_a_thread() -> Any:
    running = asyncio.get_running_loop()
    return by_thread(lambda: asyncio.current_task(running))


def all_from_a_thread() -> Any:
    running = asyncio.get_running_loop()
    return of_this_request(by_thread(lambda: asyncio.all_tasks(running)))


def taken_out_and_put_back() -> Any:
    running = asyncio.get_running_loop()
    task = _current_tasks.pop(running)
    assert asyncio.current_task() is None
    _current_tasks[running] = task
    return task


LOOKS: dict[str, Look] = {
    "current": asyncio.current_task,
    "all": lambda: of_this_request(asyncio.all_tasks()),
    "item": lambda: _current_tasks[asyncio.get_running_loop()],
    "current, from a thread": from_a_thread,
    "all, from a thread": all_from_a_thread,
    "taken out": taken_out_and_put_back,
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("waits", [False, True])
def test_every_look_sees_one_task(loop: str, kind: Any, look: str, waits: bool) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            task = LOOKS[look]()
            note(type(task) is asyncio.Task)
            note(task is asyncio.current_task())
            note(task in asyncio.all_tasks())
            if waits:
                await asyncio.sleep(0)
            note(task is LOOKS[look]())
            note([len(asyncio.all_tasks() & {task}), task.done(), task.cancelling()])
            return "seen"

        return kind(act)

    notes, found = same(loop, make)
    assert notes == [True, True, True, True, [1, False, 0]]
    assert found["played"].body == b"seen" or b"seen" in found["played"].body


@pytest.mark.parametrize("takes_back", [False, True])
@pytest.mark.parametrize("waits", [0, 1, 2])
def test_a_task_that_cancels_itself(loop: str, kind: Any, waits: int, takes_back: bool) -> None:
    def make(note: Note) -> Any:
        async def act() -> str:
            task = asyncio.current_task()
            assert task is not None
            task.add_done_callback(lambda task: note(("done", task.cancelled())))
            note((task.cancel("why"), task.cancelling()))
            if takes_back:
                note(task.uncancel())
            for _ in range(waits):
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError as error:
                    note((error.args, task.cancelling()))
            return "done"

        return kind(act)

    notes, found = same(loop, make)
    assert notes[-1] == ("done", waits == 0)
    assert found["played"].status == 200


def test_no_task_is_made_for_a_request_that_nobody_looks_at(loop: str) -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def hello() -> str:
        return "hello"

    async def main() -> tuple[int, int]:
        connection = connected(served(app))
        # The first request finds out about the application.
        await in_turn(connection.receive)
        before = await number()
        for _ in range(10):
            await in_turn(connection.receive)
        assert connection.answers == 11
        return before, await number()

    async def number() -> int:
        return int(asyncio.create_task(asyncio.sleep(0)).get_name().removeprefix("Task-"))

    before, after = run(loop, main)
    assert after == before + 1


def test_a_thread_that_keeps_asking(loop: str) -> None:
    """It may come at any moment: between the step and its end, or while a task is made."""
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def hello() -> str:
        # Python code, in which threads take turns.
        return "".join(chr(ord("a") + number % 26) for number in range(50))

    async def main() -> tuple[int, list[BaseException]]:
        running = asyncio.get_running_loop()
        errors: list[BaseException] = []
        over = threading.Event()

        def keep_asking() -> None:
            try:
                while not over.is_set():
                    task = asyncio.current_task(running)
                    assert task is None or type(task) is asyncio.Task
                    assert all(type(task) is asyncio.Task for task in asyncio.all_tasks(running))
            except BaseException as error:
                errors.append(error)

        connection = connected(served(app))
        thread = threading.Thread(target=keep_asking)
        thread.start()
        for _ in range(300):
            await in_turn(connection.receive)
        over.set()
        thread.join()
        return connection.answers, errors

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        assert run(loop, main) == (300, [])
    finally:
        sys.setswitchinterval(interval)
