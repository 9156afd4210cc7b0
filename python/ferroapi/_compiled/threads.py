"""Sync functions in worker threads: anyio's contract, with a quicker hand-over on asyncio.

`anyio.to_thread.run_sync` lets the event loop turn twice before it gives the function to a worker (its two
checkpoints), and twice after it is done (the future, then the task). Here it is none before and one after:
what a checkpoint is for, that other tasks run, happens while the task waits for the worker, and whether the
task is cancelled is asked without a turn. The rest is anyio's own and shared with it: the limiter, the pool
of workers, what a worker does, `anyio.from_thread`. A worker that anyio started may serve a call from here,
and the other way round, so that what is bound to a thread (an SQLite connection, say) finds the thread that
it finds with anyio alone.

That takes names that anyio does not promise. Where one is missing, on trio, and where somebody replaced a
function on the way, the call goes as it goes in the reference.

Sync functions that follow each other (dependencies, then the endpoint) are not handed over together, though
that would save round trips: between two of them the contract has the event loop do what no worker may do.
The task may be cancelled there, so that the second does not start; it gives its token to whoever waits
longer; the second gets a fresh copy of the task's context variables, without what the first one set but with
what was set in the task; and its arguments are validated, looked up in overrides or computed by async
dependencies there.
"""

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context, copy_context
from queue import SimpleQueue
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import starlette.concurrency
from anyio import CancelScope, CapacityLimiter, WouldBlock, to_thread

# A worker takes these from its queue, in this order.
_JOB = ("context", "func", "args", "future", "cancel_scope")


class _Anyio(NamedTuple):
    """The names of anyio's asyncio backend that it does not promise to keep."""

    backend: Any
    worker: Any
    present_backend: Callable[[], Any]
    set_library: Callable[[str | None], object]
    find_root_task: Callable[[], Any]
    task_states: Any
    run_vars: Any
    idle: Any
    workers: Any
    limiter: Any


def _private_names() -> _Anyio | None:
    """Return the names, or None if this release of anyio lacks one or means something else by it."""
    try:
        from anyio import lowlevel
        from anyio._backends import _asyncio
        from anyio._core import _eventloop

        if _asyncio.WorkerThread.run.__code__.co_varnames[2:7] != _JOB:
            return None
        return _Anyio(
            backend=_asyncio.AsyncIOBackend,
            worker=_asyncio.WorkerThread,
            present_backend=_eventloop.get_async_backend,
            set_library=_eventloop.set_current_async_library,
            find_root_task=_asyncio.find_root_task,
            task_states=_asyncio._task_states,
            run_vars=lowlevel._run_vars,
            idle=_asyncio._threadpool_idle_workers,
            workers=_asyncio._threadpool_workers,
            limiter=_asyncio._default_thread_limiter,
        )
    except (ImportError, AttributeError):
        return None


def _is_own(function: Any, module: ModuleType) -> bool:
    """Tell whether a function is the one its module was written with: it may be replaced before we come."""
    return isinstance(function, FunctionType) and function.__globals__ is vars(module)


_anyio = _private_names()
_starlettes = starlette.concurrency.run_in_threadpool
_run_sync = to_thread.run_sync
_starlettes_is_own = _is_own(_starlettes, starlette.concurrency)
_run_sync_is_own = _is_own(_run_sync, to_thread)


async def run_by(
    run_in_threadpool: Callable[..., Any],
    func: Callable[..., Any],
    args: Iterable[Any],
    kwargs: Mapping[str, Any],
) -> Any:
    """Call `func` in a worker thread.

    Args:
        run_in_threadpool: what the public name means at present; it is called unless it is Starlette's.
        func: the function.
        args: its arguments.
        kwargs: its keyword arguments.
    """
    if run_in_threadpool is not _starlettes or not _starlettes_is_own:
        return await run_in_threadpool(func, *args, **kwargs)
    call = functools.partial(func, *args, **kwargs)
    if _anyio is None or (task := _own_way(_anyio)) is None:
        return await run_in_threadpool(call)
    return await _hand_over(_anyio, task, call, None)


async def run_shielded(func: Callable[..., Any], *args: Any, limiter: CapacityLimiter) -> Any:
    """Call `func` in a worker thread even if the task is in a cancelled scope.

    Args:
        func: the function.
        args: its arguments.
        limiter: has the token for it.
    """
    if _anyio is not None and (task := _own_way(_anyio)) is not None and _scope(_anyio, task) is None:
        return await _hand_over(_anyio, task, functools.partial(func, *args), limiter)
    with CancelScope(shield=True):
        return await to_thread.run_sync(func, *args, limiter=limiter)


def _own_way(anyio: _Anyio) -> asyncio.Task[Any] | None:
    """Return the task that runs, if it may hand over a call by itself."""
    if to_thread.run_sync is not _run_sync or not _run_sync_is_own:
        return None
    if anyio.present_backend() is not anyio.backend:
        return None
    task = asyncio.current_task()
    # A task that is to be cancelled at its next await must not get so far as to call.
    return None if getattr(task, "_must_cancel", True) else task


def _scope(anyio: _Anyio, task: asyncio.Task[Any]) -> Any:
    """Return the innermost cancel scope that a task is in, or None."""
    state = anyio.task_states.get(task)
    return None if state is None else state.cancel_scope


async def _hand_over(anyio: _Anyio, task: asyncio.Task[Any], call: Callable[[], Any], limiter: Any) -> Any:
    """Call in a worker thread, holding a token of `limiter` or else of the default one."""
    scope = _scope(anyio, task)
    if scope is not None:
        await anyio.backend.checkpoint_if_cancelled()
    loop = task.get_loop()
    pool = _pool(anyio, loop)
    if limiter is None:
        limiter = pool[anyio.limiter]
    try:
        limiter.acquire_on_behalf_of_nowait(task)
    except WouldBlock:
        await limiter.acquire_on_behalf_of(task)
    try:
        if scope is None:  # nobody to be shielded from
            return await _give(anyio, pool, loop, call, None)
        with CancelScope(shield=True):
            return await _give(anyio, pool, loop, call, scope)
    finally:
        limiter.release_on_behalf_of(task)


def _pool(anyio: _Anyio, loop: asyncio.AbstractEventLoop) -> Any:
    """Return the event loop's variables, with those of the thread pool among them."""
    try:
        variables = anyio.run_vars[loop]
        if anyio.idle in variables and anyio.limiter in variables:
            return variables
    except KeyError:
        pass
    anyio.backend.current_default_thread_limiter()  # makes it
    variables = anyio.run_vars[loop]
    if anyio.idle not in variables:
        anyio.idle.set(deque())
        anyio.workers.set(set())
    return variables


def _give(
    anyio: _Anyio, pool: Any, loop: asyncio.AbstractEventLoop, call: Callable[[], Any], scope: Any
) -> asyncio.Future[Any]:
    """Give a call to an idle or a new worker."""
    idle = pool[anyio.idle]
    worker = _idle_worker(idle) if idle else _new_worker(anyio, pool, idle)
    context = copy_context()
    context.run(anyio.set_library, None)
    future = _Answer(loop=loop)
    worker.queue.put_nowait((context, call, (), future, scope))
    return future


def _idle_worker(idle: deque[Any]) -> Any:
    """Take the worker that was busy last, and dismiss those that were idle for too long."""
    worker = idle.pop()
    if idle:
        limit = worker.loop.time() - worker.MAX_IDLE_TIME
        while idle and idle[0].idle_since <= limit:
            expired = idle.popleft()
            expired.root_task.remove_done_callback(expired.stop)
            expired.stop()
    return worker


def _new_worker(anyio: _Anyio, pool: Any, idle: deque[Any]) -> Any:
    root_task = anyio.find_root_task()
    workers = pool[anyio.workers]
    worker = anyio.worker(root_task, workers, idle)
    worker.queue = _Queue()
    worker.start()
    workers.add(worker)
    root_task.add_done_callback(worker.stop, context=Context())
    return worker


class _Queue(SimpleQueue[Any]):
    """The queue of a worker, in C; it never holds more than one call and the order to stop."""

    def task_done(self) -> None:
        """Do nothing: nobody joins this queue."""


class _Answer(asyncio.Future[Any]):
    """What a worker will return. The task that waits goes on at once, not at the loop's next turn."""

    _waiting: tuple[Callable[..., Any], Context] | None = None

    def add_done_callback(self, fn: Callable[..., Any], /, *, context: Context | None = None) -> None:
        """Note the task that waits; any further callback is an ordinary one."""
        if self._waiting is None and context is not None and not self.done():
            self._waiting = fn, context
        else:
            super().add_done_callback(fn, context=context)

    def set_result(self, result: Any, /) -> None:
        """Set the result and let the task go on."""
        super().set_result(result)
        self._wake()

    def set_exception(self, exception: Any, /) -> None:
        """Set the exception and let the task go on."""
        super().set_exception(exception)
        self._wake()

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel; the task sees it at the loop's next turn, as with any future."""
        if not super().cancel(msg):
            return False
        if self._waiting is not None:
            fn, context = self._waiting
            self._waiting = None
            self.get_loop().call_soon(fn, self, context=context)
        return True

    def _wake(self) -> None:
        if self._waiting is not None:
            fn, context = self._waiting
            self._waiting = None
            context.run(fn, self)
