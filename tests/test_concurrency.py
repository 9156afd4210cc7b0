"""Context managers and limits of dependencies, on asyncio and on trio."""

import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import pytest

from ferroapi.concurrency import (
    _asynccontextmanager_with_shielded_exit,
    _contextmanager_with_concurrency_limit,
    _DependencyConcurrency,
    contextmanager_in_threadpool,
)

pytestmark = pytest.mark.anyio


class Recorder:
    def __init__(self, *, suppress: bool = False) -> None:
        self.suppress = suppress
        self.seen: list[Any] = []

    def __enter__(self) -> str:
        self.seen.append(threading.current_thread() is threading.main_thread())
        return "value"

    def __exit__(self, *exc: object) -> bool:
        self.seen += [threading.current_thread() is threading.main_thread(), exc[0]]
        return self.suppress


async def test_runs_in_threads() -> None:
    recorder = Recorder()
    async with contextmanager_in_threadpool(recorder) as value:
        assert value == "value"
    assert recorder.seen == [False, False, None]


async def test_exit_sees_errors_and_may_suppress_them() -> None:
    with pytest.raises(KeyError):
        async with contextmanager_in_threadpool(Recorder()):
            raise KeyError
    recorder = Recorder(suppress=True)
    async with contextmanager_in_threadpool(recorder):
        raise KeyError
    assert recorder.seen[-1] is KeyError


async def test_exit_needs_no_free_worker() -> None:
    limiter = anyio.to_thread.current_default_thread_limiter()
    before, limiter.total_tokens = limiter.total_tokens, 1
    try:
        async with contextmanager_in_threadpool(Recorder()):
            limiter.acquire_on_behalf_of_nowait("somebody")
        limiter.release_on_behalf_of("somebody")
    finally:
        limiter.total_tokens = before


async def test_exit_runs_under_cancellation() -> None:
    recorder = Recorder()
    with anyio.CancelScope() as scope:
        async with contextmanager_in_threadpool(recorder):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert recorder.seen[1] is False


async def test_shielded_exit_may_await_while_cancelled() -> None:
    done = []

    @asynccontextmanager
    async def dependency() -> Any:
        try:
            yield
        finally:
            await anyio.lowlevel.checkpoint()
            done.append(True)

    with anyio.CancelScope() as outer, anyio.CancelScope() as cleanup:
        async with _asynccontextmanager_with_shielded_exit(dependency(), cleanup):
            outer.cancel()
            await anyio.sleep_forever()
    assert done == [True]
    assert cleanup.shield is False
    assert outer.cancelled_caught


async def test_limit_holds_until_after_the_exit() -> None:
    limit = _DependencyConcurrency(1)
    semaphore = limit.get_semaphore()
    assert limit.get_semaphore() is semaphore

    @contextmanager
    def dependency() -> Iterator[int]:
        yield semaphore.value

    async with _contextmanager_with_concurrency_limit(
        contextmanager_in_threadpool(dependency()), semaphore
    ) as held:
        assert held == 0
    assert semaphore.value == 1


def test_each_event_loop_has_its_own_semaphore() -> None:
    limit = _DependencyConcurrency(1)

    async def get() -> object:
        return limit.get_semaphore()

    assert anyio.run(get) is not anyio.run(get)
