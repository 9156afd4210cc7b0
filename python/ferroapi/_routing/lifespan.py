"""The life of a router: its lifespan context, and the handlers for start-up and shutdown."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from starlette._utils import is_async_callable
from starlette.types import Lifespan
from typing_extensions import deprecated

from ..types import DecoratedCallable

if TYPE_CHECKING:
    from .router import APIRouter

_T = TypeVar("_T")

_ON_EVENT_DEPRECATED = """
        on_event is deprecated, use lifespan event handlers instead.

        Read more about it in the
        [FastAPI docs for Lifespan Events](https://fastapi.tiangolo.com/advanced/events/).
        """


class _AsyncLiftContextManager(AbstractAsyncContextManager[_T]):
    """An asynchronous face for a synchronous context manager."""

    def __init__(self, cm: AbstractContextManager[_T]) -> None:
        self._cm = cm

    async def __aenter__(self) -> _T:
        return self._cm.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self._cm.__exit__(exc_type, exc_value, traceback)


def _wrap_gen_lifespan_context(
    lifespan_context: Callable[[Any], Generator[Any, Any, Any]],
) -> Callable[[Any], AbstractAsyncContextManager[Any]]:
    manager = contextmanager(lifespan_context)

    @functools.wraps(manager)
    def lifted(app: Any) -> _AsyncLiftContextManager[Any]:
        return _AsyncLiftContextManager(manager(app))

    return lifted


def _merge_lifespan_context(original_context: Lifespan[Any], nested_context: Lifespan[Any]) -> Lifespan[Any]:
    """Run `nested_context` inside `original_context`; on a conflict in the state, the original wins."""

    @asynccontextmanager
    async def merged_lifespan(app: Any) -> AsyncIterator[Mapping[str, Any] | None]:
        async with original_context(app) as outer, nested_context(app) as inner:
            yield None if outer is None and inner is None else {**(inner or {}), **(outer or {})}

    return cast("Lifespan[Any]", merged_lifespan)


class _DefaultLifespan:
    """Runs the router's start-up and shutdown handlers; used when no lifespan was given."""

    def __init__(self, router: "APIRouter") -> None:
        self._router = router

    async def __aenter__(self) -> None:
        await self._router._startup()

    async def __aexit__(self, *exc_info: object) -> None:
        await self._router._shutdown()

    def __call__(self: _T, app: object) -> _T:  # noqa: PYI019 - the annotation is seen by introspection
        return self


def resolve_lifespan(router: "APIRouter", lifespan: Any | None) -> Lifespan[Any]:
    """Return the context factory for a `lifespan` argument, or a bare generator function."""
    resolved: Lifespan[Any]
    if lifespan is None:
        resolved = _DefaultLifespan(router)
    elif inspect.isasyncgenfunction(lifespan):
        resolved = asynccontextmanager(lifespan)
    elif inspect.isgeneratorfunction(lifespan):
        resolved = _wrap_gen_lifespan_context(lifespan)
    else:
        resolved = lifespan
    return resolved


class EventHandlers:
    """The start-up and shutdown handlers of a router."""

    on_startup: list[Callable[[], Any]]
    on_shutdown: list[Callable[[], Any]]

    async def _startup(self) -> None:
        await _call_all(self.on_startup)

    async def _shutdown(self) -> None:
        await _call_all(self.on_shutdown)

    def add_event_handler(self, event_type: str, func: Callable[[], Any]) -> None:
        """Add a function to call at `"startup"` or `"shutdown"`; it may be a coroutine function."""
        assert event_type in ("startup", "shutdown")
        (self.on_startup if event_type == "startup" else self.on_shutdown).append(func)

    @deprecated(_ON_EVENT_DEPRECATED)
    def on_event(self, event_type: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be called at `"startup"` or `"shutdown"`; prefer `lifespan`."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_event_handler(event_type, func)
            return func

        return decorator


async def _call_all(handlers: Sequence[Callable[[], Any]]) -> None:
    for handler in handlers:
        if is_async_callable(handler):
            await handler()
        else:
            handler()
