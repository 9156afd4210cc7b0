"""An exception in flight survives whatever the dropping of an object runs."""

# mypy: ignore-errors
import asyncio
import gc
import sys
import warnings
import weakref
from typing import Any

import pytest
from tests.both import Stories, load
from tests.protocol.live import LOOPS, get, run, served

from ferroapi.protocol import HTTPProtocol

story = Stories()
test_stories = story.test()

SCOPE = {"type": "http", "path": "/", "method": "GET", "headers": [], "query_string": b"", "root_path": ""}


def application(api: Any, log: Any) -> Any:
    """An endpoint that waits, with clean-up of every kind around and in it."""
    app = api.FastAPI()

    class Finalized:
        def __del__(self):
            with_error("del", lambda: {}["key"])

    def with_error(name, fail):
        try:
            fail()
        except Exception as exc:
            log(name, type(exc).__name__)

    async def dependency():
        try:
            yield
        finally:
            with_error("dependency", lambda: 1 // 0)

    @app.get("/")
    async def endpoint(value: Any = api.Depends(dependency)):
        kept = Finalized()
        observed = weakref.ref(kept, lambda _: with_error("weak", lambda: [][0]))
        try:
            await asyncio.sleep(0)
        finally:
            with_error("endpoint", lambda: int("x"))
            del kept
            log("observed", observed())

    return app


def started(app: Any) -> Any:
    async def receive(): ...

    async def send(message): ...

    coroutine = app(dict(SCOPE), receive, send)
    coroutine.send(None)
    return coroutine


def unstarted(app: Any) -> Any:
    return app(dict(SCOPE), None, None)


def raising_key(value: Any) -> Any:
    raise KeyError("key")


def fails(value: Any, other: Any = None) -> None:
    raise LookupError("in a function")


# What drops its operand while its own exception is in flight.
OPERATIONS = {
    "int": lambda make: int(make()),
    "len": lambda make: len(make()),
    "add": lambda make: make() + 1,
    "index": lambda make: [1][make()],
    "subscript": lambda make: make()[0],
    "attribute": lambda make: make().nothing,
    "not callable": lambda make: make()(),
    "argument": lambda make: fails(make()),
    "evaluated before": lambda make: fails(make(), 1 // 0),
    "list": lambda make: [make(), *None],
    "sum": lambda make: sum([make()]),
    "sorted": lambda make: sorted([make()], key=raising_key),
    "send": lambda make: make().send(1),
    "throw": lambda make: make().throw(ValueError("thrown")),
}


@story.vary("name", OPERATIONS)
async def exceptions_survive_a_dropped_call(api, log, name):
    app = application(api, log)
    for make in (unstarted, started):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                OPERATIONS[name](lambda make=make: make(app))
            except Exception as exc:
                log(
                    make.__name__,
                    type(exc).__name__,
                    str(exc).replace("ferroapi._core.Coroutine", "coroutine"),
                )
                log(type(exc.__context__).__name__)
            gc.collect()
        log(*(str(warning.message) for warning in caught))


@story.vary("action", ["always", "error"])
async def a_warning_of_an_unawaited_call_leaves_it_alone(api, log, action):
    app = application(api, log)
    unraisable = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda found: unraisable.append(repr(found.exc_value))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter(action)
            try:
                int(unstarted(app))
            except Exception as exc:
                log(type(exc).__name__)
            gc.collect()
    finally:
        sys.unraisablehook = hook
    log(len(caught), unraisable)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("action", ["always", "error"])
def test_receive_and_send_of_the_protocol(loop: str, action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of the two is awaited, and both are dropped by what raises."""
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: found.append(str(unraisable.exc_value)))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter(action)
            for call in (receive, lambda: send({"type": "http.response.start", "status": 200})):
                with pytest.raises(TypeError, match="int"):
                    int(call())
        found.extend(str(warning.message) for warning in caught)
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    async def main() -> None:
        async with served(HTTPProtocol, app) as live, live.connection() as client:
            client.send(get())
            assert b"204" in await client.head()

    run(loop, main)
    assert sorted(found) == ["coroutine 'receive' was never awaited", "coroutine 'send' was never awaited"]


def test_the_end_of_a_server_leaves_it_alone() -> None:
    """What the connections of one server share ends with the last of them, here while an exception is raised."""
    app = load("ferroapi").FastAPI()

    async def main() -> Any:
        async with served(HTTPProtocol, app) as live:
            await live.ask()
            return live

    live = run("asyncio", main)
    state = [live.state, live.config]
    del live

    def fail(argument: Any) -> None:
        raise LookupError("in flight")

    with pytest.raises(LookupError, match="in flight"):
        fail(state.clear())
    with pytest.raises(TypeError):
        int(state)
