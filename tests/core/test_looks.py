"""What calls of an application, applications of routes, and failures of odd dependencies look like from outside."""

# mypy: ignore-errors
import asyncio
import inspect
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import pytest
from tests.both import Stories, ask, load
from tests.differential.driver import Http, http_scope
from tests.protocol.live import LOOPS, get, run, served
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ferroapi.protocol import HTTPProtocol

story = Stories()
test_looks = story.test()


@story.on("asyncio", "trio")
async def the_coroutine_of_a_call(api, log):
    app = api.FastAPI()
    gate = anyio.Event()
    seen = []

    async def dependency():
        seen.append(inspect.iscoroutine(call))
        await gate.wait()

    @app.get("/")
    async def endpoint(value: Any = api.Depends(dependency)):
        return {}

    async def send(message): ...

    call = app(http_scope(Http(target="/")), None, send)
    log(
        inspect.iscoroutine(call),
        asyncio.iscoroutine(call),
        inspect.isawaitable(call),
        inspect.isgenerator(call),
    )
    log(call.__name__, call.__qualname__, call.cr_running, call.cr_await)

    async def main():
        await call

    async with anyio.create_task_group() as group:
        group.start_soon(main)
        await anyio.wait_all_tasks_blocked()
        log(call.cr_running, call.cr_suspended, call.cr_await is not None, seen)
        gate.set()
    log(call.cr_running, call.cr_suspended, call.cr_await)


@story
async def a_task_of_a_call(api, log):
    app = api.FastAPI()

    async def send(message): ...

    task = asyncio.create_task(app(http_scope(Http(target="/none")), None, send), name="a task")
    log("FastAPI.__call__" in repr(task))
    await task
    log("FastAPI.__call__" in repr(task), task.get_stack())


@story
def the_application_of_a_route(api, log):
    app = api.FastAPI()
    app.get("/")(lambda: None)
    found = app.routes[-1].app
    log(found.__name__, found.__qualname__, inspect.signature(found), callable(found))

    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            return lambda request: None

    app.router.route_class = Route
    app.get("/own")(lambda: None)
    log(app.routes[-1].app.__name__, inspect.signature(app.routes[-1].app))


@story
async def dependencies_that_are_context_managers_already(api, log):
    """A common mistake, and what is said of it."""
    app = api.FastAPI()

    @asynccontextmanager
    async def asynchronous():
        log("entered")
        yield

    @contextmanager
    def threaded():
        log("entered")
        yield

    async def around():
        try:
            yield
        finally:
            log("left")

    for name, dependency in (("asynchronous", asynchronous), ("threaded", threaded)):
        for scope in ("function", "request"):
            app.get(
                f"/{name}/{scope}", dependencies=[api.Depends(around), api.Depends(dependency, scope=scope)]
            )(lambda: None)
            log(await ask(app, f"/{name}/{scope}"))


@pytest.mark.parametrize("loop", LOOPS)
def test_an_injected_response_without_a_status(loop: str) -> None:
    found = []
    for package, protocol in (("fastapi", HttpToolsProtocol), ("ferroapi", HTTPProtocol)):
        app = load(package).FastAPI()

        def endpoint(response):
            return response

        endpoint.__annotations__["response"] = load(package).Response
        app.get("/")(endpoint)

        async def main(app=app, protocol=protocol) -> Any:
            async with served(protocol, app) as live:
                async with live.connection() as client:
                    client.send(get(headers="Connection: close\r\n"))
                    answer = await client.rest()
                await live.idle()
                return answer, live.failures, live.errors

        found.append(run(loop, main))
    assert found[0] == found[1]
    assert found[0][1][0][-1] == (KeyError, "None")
