"""Lifespans: the default one, those of generator functions, merged ones."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ferroapi import APIRouter

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def run(router: APIRouter) -> Any:
    async with router.lifespan_context(None) as state:
        return state


async def test_default_lifespan_calls_both_kinds_of_handlers() -> None:
    calls: list[str] = []

    async def stop() -> None:
        calls.append("stop")

    router = APIRouter(on_startup=[lambda: calls.append("start")], on_shutdown=[stop])
    router.add_event_handler("startup", lambda: calls.append("late"))
    assert await run(router) is None
    assert calls == ["start", "late", "stop"]


async def test_generator_functions_are_lifespans() -> None:
    def plain(app: Any) -> Iterator[dict[str, int]]:
        yield {"plain": 1}

    async def asynchronous(app: Any) -> AsyncIterator[dict[str, int]]:
        yield {"asynchronous": 1}

    assert await run(APIRouter(lifespan=plain)) == {"plain": 1}  # type: ignore[arg-type]
    assert await run(APIRouter(lifespan=asynchronous)) == {"asynchronous": 1}  # type: ignore[arg-type]


async def test_inclusion_merges_state_and_the_outer_router_wins() -> None:
    def lifespan(state: dict[str, int] | None) -> Any:
        @asynccontextmanager
        async def context(app: Any) -> AsyncIterator[dict[str, int] | None]:
            yield state

        return context

    outer = APIRouter(lifespan=lifespan({"a": 1, "b": 1}))
    outer.include_router(APIRouter(lifespan=lifespan({"b": 2, "c": 2})))
    assert await run(outer) == {"a": 1, "b": 1, "c": 2}
    nothing = APIRouter(lifespan=lifespan(None))
    nothing.include_router(APIRouter(lifespan=lifespan(None)))
    assert await run(nothing) is None


def test_on_event_is_deprecated() -> None:
    router = APIRouter()
    with pytest.warns(DeprecationWarning, match="on_event is deprecated, use lifespan"):
        router.on_event("shutdown")(print)
    assert router.on_shutdown == [print]
    with pytest.raises(AssertionError):
        router.add_event_handler("reload", print)
