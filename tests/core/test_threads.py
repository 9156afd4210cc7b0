"""The quick hand-over to worker threads, from within; `tests/test_threads.py` compares it with the reference."""

# mypy: ignore-errors
import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections import deque
from typing import Any

import anyio
import pytest
from anyio import to_thread
from tests.both import replaced
from tests.test_threads import ASYNCIO, LOOPS, NATIVE, all_workers, idle_workers, settle, until

import ferroapi.routing  # noqa: F401  (where replaced functions are looked up)
from ferroapi._compiled import threads
from ferroapi._compiled.leaves import run_in_threadpool


def worker_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "AnyIO worker thread"]


@pytest.mark.parametrize("run", ASYNCIO)
def test_hands_over_itself(run: Any) -> None:
    made: list[Any] = []

    class Answer(threads._Answer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(self)

    with replaced((threads, "_Answer", Answer)):

        async def main_task() -> None:
            assert await run_in_threadpool(divmod, 7, 2) == (3, 1)

        run(main_task)
    assert len(made) == 1, "this release of anyio is not known"


@pytest.mark.parametrize("run", ASYNCIO)
def test_task_to_be_cancelled_gives_nothing_to_a_worker(run: Any) -> None:
    """The worker would most often see in time that the call is cancelled, but not always."""

    async def cancelled() -> None:
        asyncio.current_task().cancel()
        await run_in_threadpool(pytest.fail)

    async def main_task() -> None:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(cancelled())

    with replaced((threads, "_hand_over", pytest.fail)):
        run(main_task)


@pytest.mark.parametrize("run", NATIVE)
def test_no_thread_outlives_its_loop(run: Any) -> None:
    async def several() -> None:
        await asyncio.gather(*(run_in_threadpool(time.sleep, 0) for _ in range(3)))

    before = len(worker_threads())
    for _ in range(200):
        run(several)
    deadline = time.monotonic() + 5
    while len(worker_threads()) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(worker_threads()) <= before
    gc.collect()
    assert not [found for found in gc.get_objects() if type(found) is threads._Answer]


def test_nothing_keeps_the_interpreter_alive() -> None:
    program = (
        "import asyncio, ferroapi.routing\n"
        "from ferroapi._compiled.leaves import run_in_threadpool\n"
        "async def main():\n"
        "    return await asyncio.gather(*(run_in_threadpool(str, i) for i in range(3)))\n"
        "print(asyncio.run(main()))\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, text=True)
    assert (found.stdout, found.stderr) == ("['0', '1', '2']\n", "")


async def test_nothing_of_a_call_is_kept() -> None:
    class Thing:
        alive = 0

        def __init__(self) -> None:
            Thing.alive += 1

        def __del__(self) -> None:
            Thing.alive -= 1

    def make(given: Any) -> Any:
        return Thing()

    for _ in range(3):
        await run_in_threadpool(make, Thing())
    await run_in_threadpool(str)
    await settle()
    assert Thing.alive == 0


def test_idle_workers_end() -> None:
    async def main_task() -> None:
        await asyncio.gather(*(run_in_threadpool(time.sleep, 0.05) for _ in range(4)))
        workers = idle_workers()
        assert len(workers) == len(all_workers()) == 4
        for worker in workers[:3]:
            worker.idle_since -= worker.MAX_IDLE_TIME
        await run_in_threadpool(str)
        for worker in workers[:3]:
            worker.join(5)
        assert [worker.is_alive() for worker in workers] == [False, False, False, True]
        assert all_workers() == workers[3:]

    asyncio.run(main_task())


def test_pool_is_anyios() -> None:
    async def main_task() -> None:
        first = await to_thread.run_sync(threading.get_ident)
        assert await run_in_threadpool(threading.get_ident) == first
        (worker,) = idle_workers()
        worker.stop()  # anyio's; now one of ours
        second = await run_in_threadpool(threading.get_ident)
        assert second == idle_workers()[0].ident
        assert await to_thread.run_sync(threading.get_ident) == second
        for error in (StopIteration(1), KeyError(2)):

            def fail(error: BaseException = error) -> None:
                raise error

            with pytest.raises((RuntimeError, KeyError)):
                await to_thread.run_sync(fail)

    asyncio.run(main_task())


def test_stopped_event_loop_is_no_error() -> None:
    """A worker that is done after its loop was closed ends quietly."""
    started, release = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        release.wait(10)

    async def main_task() -> None:
        task = asyncio.create_task(run_in_threadpool(wait))
        await until(started)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main_task())
    left = worker_threads()
    release.set()
    for thread in left:
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize("change", ["gone", "queue"])
def test_other_releases_of_anyio(change: str) -> None:
    from anyio._backends import _asyncio

    class Changed(_asyncio.WorkerThread):
        def run(self, func: Any = None, context: Any = None) -> None:
            pass

    with pytest.MonkeyPatch.context() as patch:
        if change == "gone":
            patch.delattr(_asyncio, "find_root_task")
        else:
            patch.setattr(_asyncio, "WorkerThread", Changed)
        assert threads._private_names() is None
    assert threads._private_names() is not None


@pytest.mark.parametrize("run", LOOPS)
def test_anyio_does_it_alone(run: Any) -> None:
    async def main_task() -> None:
        assert await run_in_threadpool(lambda **given: given, func=1) == {"func": 1}
        limiter = anyio.CapacityLimiter(1)
        assert await threads.run_shielded(divmod, 7, 2, limiter=limiter) == (3, 1)

    with replaced((threads, "_anyio", None)):
        run(main_task)
    run(main_task)


def test_functions_replaced_before_us_are_noticed() -> None:
    async def run_sync() -> None:
        pass

    assert threads._is_own(to_thread.run_sync, to_thread)
    assert not threads._is_own(run_sync, to_thread)
    assert not threads._is_own(None, to_thread)
    assert threads._starlettes_is_own
    assert threads._run_sync_is_own


async def _await(future: Any) -> Any:
    return await future


def test_answer_wakes_its_task_at_once() -> None:
    async def main_task() -> None:
        answer = threads._Answer(loop=asyncio.get_running_loop())
        task = asyncio.create_task(_await(answer))
        second = asyncio.create_task(_await(answer))
        called: deque[Any] = deque()
        await asyncio.sleep(0)
        answer.add_done_callback(called.append)

        def arrive() -> None:
            answer.set_result(1)
            called.append((task.done(), second.done()))

        asyncio.get_running_loop().call_soon(arrive)
        assert [await second, await task, *called] == [1, 1, (True, False), answer]
        assert await answer == 1

    asyncio.run(main_task())


def test_answer_is_a_future_in_all_else() -> None:
    async def main_task() -> None:
        loop = asyncio.get_running_loop()
        answer = threads._Answer(loop=loop)
        task = asyncio.create_task(_await(answer))
        await asyncio.sleep(0)
        assert answer.cancel("why")
        assert not task.done()
        with pytest.raises(asyncio.CancelledError, match="why"):
            await task
        assert not answer.cancel()
        failed = threads._Answer(loop=loop)
        failed.set_exception(KeyError(1))
        with pytest.raises(KeyError):
            await failed
        with pytest.raises(asyncio.InvalidStateError):
            failed.set_result(1)

    asyncio.run(main_task())
