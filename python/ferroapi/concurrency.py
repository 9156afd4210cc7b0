"""Threads, context managers and limits for dependencies, on any event loop anyio knows."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextlib import asynccontextmanager as asynccontextmanager
from types import TracebackType
from typing import TypeVar
from weakref import WeakKeyDictionary

import anyio.to_thread  # noqa: F401  (others reach it through this module)
from anyio import CancelScope, CapacityLimiter, Semaphore
from anyio.lowlevel import RunVar, checkpoint_if_cancelled
from starlette.concurrency import iterate_in_threadpool as iterate_in_threadpool
from starlette.concurrency import run_in_threadpool as run_in_threadpool
from starlette.concurrency import run_until_first_complete as run_until_first_complete

from . import _namespace
from ._compiled.threads import run_by, run_shielded

_T = TypeVar("_T")

# One table per event loop. Weak keys let a semaphore go with the declaration it belongs to.
_dependency_semaphores: RunVar[WeakKeyDictionary["_DependencyConcurrency", Semaphore]] = RunVar(
    "fastapi_dependency_semaphores"
)


async def _exit_in_thread(
    cm: AbstractContextManager[object],
    exc_type: type[BaseException] | None,
    exc: BaseException | None,
    traceback: TracebackType | None,
    limiter: CapacityLimiter,
) -> bool:
    # What was entered is left, also while the request is being cancelled.
    return bool(await run_shielded(cm.__exit__, exc_type, exc, traceback, limiter=limiter))


@asynccontextmanager
async def contextmanager_in_threadpool(cm: AbstractContextManager[_T]) -> AsyncGenerator[_T, None]:
    """Run a synchronous context manager's `__enter__` and `__exit__` in worker threads.

    Args:
        cm: the context manager.
    """
    # All workers may be waiting for a resource (a pooled connection, say) that only this exit gives back,
    # so it must not queue for a worker: it has a limiter of its own.
    limiter = CapacityLimiter(1)
    value: _T = await run_by(run_in_threadpool, cm.__enter__, (), {})
    try:
        yield value
    except BaseException as exc:
        if not await _exit_in_thread(cm, type(exc), exc, exc.__traceback__, limiter):
            raise
    else:
        await _exit_in_thread(cm, None, None, None, limiter)


@asynccontextmanager
async def _asynccontextmanager_with_shielded_exit(
    cm: AbstractAsyncContextManager[_T], cleanup_scope: CancelScope
) -> AsyncGenerator[_T, None]:
    """Shield a dependency's exit from cancellation, by a scope that was entered before the dependency.

    A scope entered here would have to be left before the scopes the dependency itself opened.
    """
    was_shielded = cleanup_scope.shield
    try:
        async with cm as value:
            try:
                yield value
            finally:
                cleanup_scope.shield = True
    finally:
        cleanup_scope.shield = was_shielded
    # A task group inside may have swallowed the cancellation while the scope around it was shielded.
    await checkpoint_if_cancelled()


class _DependencyConcurrency:
    """The limit of one `Depends(max_concurrency=…)`, shared by every use of that object in an event loop."""

    def __init__(self, max_concurrency: int) -> None:
        self.max_concurrency = max_concurrency

    def get_semaphore(self) -> Semaphore:
        """Return the running event loop's semaphore, made at the first use."""
        semaphores = _dependency_semaphores.get(None)
        if semaphores is None:
            semaphores = WeakKeyDictionary()
            _dependency_semaphores.set(semaphores)
        semaphore = semaphores.get(self)
        if semaphore is None:
            semaphore = semaphores[self] = Semaphore(self.max_concurrency)
        return semaphore


@asynccontextmanager
async def _contextmanager_with_concurrency_limit(
    cm: AbstractAsyncContextManager[_T], semaphore: Semaphore
) -> AsyncGenerator[_T, None]:
    """Hold a semaphore from before a dependency is entered until after it is left.

    There is no cancel scope here on purpose: the dependency's own scopes would have to be left first.
    """
    async with semaphore, cm as value:
        yield value


_namespace.spread(__name__, compilers=("concurrency",))
