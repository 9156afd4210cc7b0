"""How dependencies are called: in worker threads, under a limit, and those that go on after the response."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from types import TracebackType
from typing import Any

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.types import Scope
from starlette.websockets import WebSocket

from .._compiled.threads import run_by
from ..concurrency import (
    _asynccontextmanager_with_shielded_exit,
    _contextmanager_with_concurrency_limit,
    _DependencyConcurrency,
    asynccontextmanager,
    contextmanager_in_threadpool,
)
from .callables import _is_async_gen_callable
from .dependant import Dependant


def call_in_thread(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Awaitable[Any]:
    """Call a synchronous dependency in a worker thread."""
    return run_by(run_in_threadpool, call, args, kwargs)


async def call_limited(
    call: Callable[..., Any], values: dict[str, Any], concurrency: _DependencyConcurrency, threaded: bool
) -> Any:
    """Call a dependency when its concurrency limit lets it."""
    async with concurrency.get_semaphore():
        if threaded:
            return await call_in_thread(call, **values)
        return await call(**values)


async def _solve_generator(
    *, dependant: Dependant, stack: AsyncExitStack, sub_values: dict[str, Any], request: Request | WebSocket
) -> Any:
    """Run a dependency up to its `yield`; what comes after it runs when `stack` closes."""
    assert dependant.call
    return await _enter(dependant.call, sub_values, stack, request.scope, dependant.concurrency)


_unreplaced = _solve_generator


async def enter_generator(
    call: Callable[..., Any],
    values: dict[str, Any],
    stack: AsyncExitStack,
    scope: Scope,
    concurrency: _DependencyConcurrency | None,
) -> Any:
    """Run a dependency up to its `yield`, by the public function if that was replaced."""
    if _solve_generator is _unreplaced:
        return await _enter(call, values, stack, scope, concurrency)
    connection: Any = HTTPConnection(scope)
    dependant = Dependant(call=call, concurrency=concurrency)
    return await _solve_generator(dependant=dependant, stack=stack, sub_values=values, request=connection)


async def _enter(
    call: Callable[..., Any],
    values: dict[str, Any],
    stack: AsyncExitStack,
    scope: Scope,
    concurrency: _DependencyConcurrency | None,
) -> Any:
    if _is_async_gen_callable(call):
        manager: Any = asynccontextmanager(call)(**values)
        manager = _asynccontextmanager_with_shielded_exit(manager, _cleanup_scope(scope))
    else:
        manager = contextmanager_in_threadpool(contextmanager(call)(**values))
    if concurrency is not None:
        manager = _contextmanager_with_concurrency_limit(manager, concurrency.get_semaphore())
    return await stack.enter_async_context(manager)


def _cleanup_scope(scope: Scope) -> CancelScope:
    """The cancel scope that shields the code after `yield`: one for each request stack."""
    cleanup_scopes: dict[AsyncExitStack, CancelScope] = scope.setdefault("fastapi_async_cleanup_scopes", {})
    request_stack: AsyncExitStack = scope["fastapi_inner_astack"]
    known = cleanup_scopes.get(request_stack)
    if known is None:
        known = cleanup_scopes[request_stack] = request_stack.enter_context(CancelScope())
        request_stack.callback(cleanup_scopes.pop, request_stack)
    return known


async def end_generator(generator: Any) -> None:
    """End an async generator that yielded when it had to stop; raises what the standard library does."""
    await _Entered(_Yielding(generator)).__aexit__(None, None, None)


async def close_generators(
    generators: list[Any], cleanup_scope: CancelScope | None, error: BaseException
) -> None:
    """Throw `error` into async generators that wait at their `yield`, the last one first.

    Returns if one of them swallowed it, and raises what they made of it otherwise.
    """
    errors = [error]
    del error  # or it would be in a cycle with its traceback
    cleanup_scope = cleanup_scope or CancelScope()  # nothing to be shielded from
    async with AsyncExitStack() as stack:
        for generator in generators:
            manager = _asynccontextmanager_with_shielded_exit(_Entered(generator), cleanup_scope)
            await stack.enter_async_context(manager)
        raise errors.pop()


class _Entered(AbstractAsyncContextManager[None]):
    """The context manager of an async generator that has been run up to its `yield` already."""

    def __init__(self, generator: Any) -> None:
        self._manager = asynccontextmanager(lambda: generator)()

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._manager.__aexit__(exc_type, exc_value, traceback)


class _Yielding:
    """An async generator that has been run on to another `yield`."""

    def __init__(self, generator: Any) -> None:
        self.aclose = generator.aclose

    async def __anext__(self) -> None:
        pass
