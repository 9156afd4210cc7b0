"""The collector is told of each reference once: by the object that owns it.

Told of one twice, it takes an object that is in use for garbage, and empties it. A debug build of CPython checks this in
each collection; here it is counted.
"""

# mypy: ignore-errors
import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from tests.both import ask, load, talk
from tests.protocol.live import get, run, served

from ferroapi import _core
from ferroapi.protocol import HTTPProtocol

HAVE_GC = 1 << 14
"""`Py_TPFLAGS_HAVE_GC`: instances refer to objects, and the collector visits them."""


def visited_too_often() -> dict[str, tuple[int, int]]:
    """Objects that containers report more often than there are references to them."""
    gc.collect()
    containers = gc.get_objects()
    reports: Counter[int] = Counter()
    referents: dict[int, Any] = {}
    for container in containers:
        if container is referents or container is reports:
            continue
        for referent in gc.get_referents(container):
            reports[id(referent)] += 1
            referents[id(referent)] = referent
    del container, referent
    held = {id(container) for container in containers}
    wrong = {}
    for key in list(referents):
        referent = referents.pop(key)
        # References of this function: the variable, the argument, and the list of all containers.
        references = sys.getrefcount(referent) - 2 - (key in held)
        if reports[key] > references:
            wrong[repr(referent)[:100]] = (reports[key], references)
    return wrong


class Allowed(list):
    """A list that the collector tells apart from others."""


class Item(BaseModel):
    name: str
    sizes: list[int] = []


def application(api: Any, gate: asyncio.Event) -> Any:
    """Every kind of step and of layer; what the endpoints keep stays."""
    app = api.FastAPI(
        middleware=[
            Middleware(
                CORSMiddleware, allow_origins=Allowed(["https://a.example"]), allow_origin_regex="x.*"
            ),
            Middleware(GZipMiddleware, minimum_size=1),
            Middleware(TrustedHostMiddleware, allowed_hosts=Allowed(["testserver", "example.org"])),
        ]
    )
    app.state.kept = []

    @app.middleware("http")
    async def behind(request, call_next):
        return await call_next(request)

    app.add_middleware(CORSMiddleware, allow_origins=Allowed(["https://b.example"]))

    async def dependency(request: api.Request, scopes: api.security.SecurityScopes):
        yield request

    @app.get("/kept")
    async def kept(request: api.Request, value: Annotated[Any, api.Security(dependency, scopes=["a"])]):
        app.state.kept += [request, request._send, request._receive, request.scope]
        return {"a": "b" * 100}

    @app.post("/items/{item_id:path}")
    async def item(
        item: Item, item_id: str, q: int = 5, h: Annotated[list[str], api.Header()] = ["x"]
    ) -> Item:
        return item

    @app.post("/form")
    def form(a: Annotated[int, api.Form()], response: api.Response):
        return a

    @app.get("/waits")
    async def waits(request: api.Request, value: Annotated[Any, api.Depends(dependency)]):
        app.state.kept += [request, request.scope, asyncio.current_task()]
        await gate.wait()
        return {}

    @app.websocket("/ws")
    async def ws(websocket: api.WebSocket, value: int = api.Depends(lambda: 5)):
        await websocket.accept()

    router = api.APIRouter(prefix="/in", dependencies=[api.Depends(dependency)])
    router.get("/{n:float}")(waits)
    app.include_router(router)
    app.mount("/sub", api.FastAPI())
    return app


async def ask_everything(app: Any) -> None:
    origin = (("origin", "https://a.example"),)
    for path in ("/kept", "/none", "/kept/", "/items/1", "/sub/docs", "/sub/none"):
        await ask(app, path, headers=origin)
    await ask(app, "/items/1?q=7", method="POST", body={"name": "a", "sizes": [1]})
    await ask(app, "/items/1?q=x", method="POST", body={"name": 1})
    await ask(
        app,
        "/form",
        method="POST",
        body=b"a=1",
        headers=(("content-type", "application/x-www-form-urlencoded"),),
    )
    assert await talk(app, "/ws") == ["websocket.accept"]


def classes() -> set[type]:
    """The extension's classes, private ones too, whose instances refer to objects."""
    made = {kind for kind in object.__subclasses__() if kind.__module__ == "ferroapi._core"}
    made |= {kind for kind in vars(_core).values() if isinstance(kind, type)}
    return {kind for kind in made if kind.__flags__ & HAVE_GC}


async def everything(check: Callable[[], Awaitable[None]], api: Any) -> None:
    """Have an instance of each class alive, in all states, and check."""
    gate = asyncio.Event()
    app = application(api, gate)
    await ask_everything(app)
    await check()
    app.dependency_overrides[lambda: 0] = lambda: 1
    await ask_everything(app)
    await check()

    waiting = asyncio.create_task(ask(app, "/waits"))
    unstarted = app({"type": "http"}, None, None)
    # The package's own one may be out of the collector's sight, as all that was loaded before the test.
    package = _core.Package("ferroapi")
    async with served(HTTPProtocol, app) as live, live.connection() as slow, live.connection() as done:
        slow.send(get("/waits") + get("/kept") + get("/in/1.5"))
        done.send(get("/kept", headers="Origin: https://a.example\r\nAccept-Encoding: gzip\r\n"))
        await done.answer()
        await live.until(lambda: any(isinstance(item, asyncio.Task) for item in app.state.kept))
        await check()
        gate.set()
        for _ in range(3):
            await slow.answer()
        await check()
    await waiting
    del package
    unstarted.close()
    await check()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_no_reference_is_visited_twice(loop: str) -> None:
    seen: set[type] = set()

    async def check() -> None:
        for kind in set(map(type, gc.get_objects())):
            seen.update(kind.__mro__)
        assert visited_too_often() == {}

    api = load("ferroapi")  # Not within the time that the loop has.
    run(loop, lambda: everything(check, api))
    assert {kind.__name__ for kind in classes()} - {kind.__name__ for kind in seen} == set()


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_list_of_the_users_stays_as_it_is(generation: int) -> None:
    """An application goes, with a `send` kept in its state; its list of origins belongs to an older object as well."""
    api = load("ferroapi")
    origins = ["https://a.example"]
    gc.collect()  # `origins` is old now.
    gc.freeze()

    def live_and_go() -> None:
        app = api.FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=origins)])

        @app.get("/")
        async def keep(request: api.Request):
            app.state.send = request._send

        asyncio.run(ask(app, "/", headers=(("origin", "https://a.example"),)))

    live_and_go()
    gc.unfreeze()
    gc.collect(generation)
    gc.collect()
    assert origins == ["https://a.example"]
