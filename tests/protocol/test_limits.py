"""`RequestLimits` over real sockets, on both loops: when a request is given up, and that nothing else changes."""

import asyncio
import dataclasses
import math
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware

from ferroapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request
from ferroapi.limits import RequestLimits
from ferroapi.middleware.cors import CORSMiddleware
from ferroapi.middleware.gzip import GZipMiddleware
from ferroapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from .live import LOOPS, PATIENCE, Live, get, run, served
from .sides import CANDIDATE, HTTPTOOLS

SHORT = 0.02
"""A limit that is to be passed."""
SHORTLY = 3 * SHORT
"""How long to look whether something happens that must not, when that limit has passed."""
OVERDUE = (
    b"HTTP/1.1 504 Gateway Timeout\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nserver: uvicorn\r\n"
    b"content-length: 39\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    b'{"detail":"The request took too long."}'
)
UNAVAILABLE = OVERDUE.replace(b"504 Gateway Timeout", b"503 Service Unavailable")

Main = Callable[[Live], Awaitable[Any]]


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Site:
    """An application, what it noted, and the gates that keep it waiting."""

    def __init__(self) -> None:
        self.app = FastAPI(openapi_url=None)
        self.notes: list[Any] = []
        self.gate = asyncio.Event()
        self.thread_gate = threading.Event()

        @self.app.get("/quick")
        async def quick() -> str:
            return "quick"

    def get(self, limits: RequestLimits | None = None, path: str = "/", **options: Any) -> Any:
        """Register a path operation under these limits."""

        def register(endpoint: Any) -> Any:
            return self.app.get(path, **options)(limits(endpoint) if limits else endpoint)

        return register

    def open(self) -> None:
        self.gate.set()
        self.thread_gate.set()

    def waiting(self) -> Callable[[], Awaitable[None]]:
        """A function that waits at the gate; limits can't be set on a method."""

        async def endpoint() -> None:
            await self.wait()

        return endpoint

    async def wait(self) -> None:
        """Wait at the gate, and note how that ended."""
        self.notes.append("waits")
        try:
            await self.gate.wait()
        except BaseException as error:
            self.notes.append(type(error).__name__)
            raise
        self.notes.append("through")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.thread_gate.set()


def serve(
    loop: str,
    site: Site,
    play: Main,
    *,
    protocol_class: Any = CANDIDATE,
    app: Any = None,
    warm: bool = True,
) -> Live:
    """Serve while `play` plays; the gates are open afterwards, and nothing may reach the loop.

    Unless `warm` is False, the application has served a request before.
    """

    async def main() -> Live:
        async with served(protocol_class, app or site.app) as live:
            try:
                if warm:
                    await live.ask("/quick")
                    live.state.total_requests = 0
                    live.logs.clear()
                await play(live)
            finally:
                site.open()
        return live

    live = run(loop, main)
    assert isinstance(live, Live)
    assert live.errors == []
    return live


async def overdue(live: Live, path: str = "/", expected: bytes = OVERDUE) -> None:
    """The client gets this answer, and the connection is closed."""
    async with live.connection() as client:
        client.send(get(path))
        assert await client.rest() == expected


def is_quiet(live: Live) -> None:
    assert live.failures == []


# --- Arguments ---


@pytest.mark.parametrize("timeout", [0, 0.0, -1, -0.001, math.nan, -math.inf])
def test_a_timeout_is_above_zero(timeout: float) -> None:
    with pytest.raises(ValueError, match=r"^timeout is in seconds and above zero, not "):
        RequestLimits(timeout=timeout)


@pytest.mark.parametrize("status", [0, 200, 408, 500, 502, 505, "504", None])
def test_a_status_is_503_or_504(status: Any) -> None:
    with pytest.raises(ValueError, match=r"^timeout_status is 503 or 504, not "):
        RequestLimits(timeout=1, timeout_status=status)


def test_limits_are_a_value() -> None:
    limits = RequestLimits(timeout=2, timeout_status=503, cancel_on_disconnect=True)
    assert limits == RequestLimits(2, 503, True)
    assert RequestLimits() == RequestLimits(None, 504, False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.timeout = 3  # type: ignore[misc]
    app = FastAPI()

    def endpoint() -> None: ...

    assert limits(app) is app
    assert limits(endpoint) is endpoint


# --- The answer ---


@pytest.mark.parametrize(("status", "expected"), [(503, UNAVAILABLE), (504, OVERDUE)], ids=["503", "504"])
@pytest.mark.parametrize("place", ["application", "route"])
def test_the_answer(loop: str, site: Site, place: str, status: Any, expected: bytes) -> None:
    limits = RequestLimits(timeout=SHORT, timeout_status=status)
    site.get(limits if place == "route" else None)(site.waiting())
    if place == "application":
        limits(site.app)

    async def play(live: Live) -> None:
        await overdue(live, expected=expected)
        await live.idle()
        assert site.notes == ["waits", "CancelledError"]
        assert live.state.total_requests == 1
        assert (await live.ask("/quick")).status == 200

    live = serve(loop, site, play)
    is_quiet(live)
    assert [entry[3][1:] for entry in live.logs if entry[0] == "uvicorn.access"] == [
        ("GET", "/", "1.1", status),
        ("GET", "/quick", "1.1", 200),
    ]


def test_the_answer_to_head(loop: str, site: Site) -> None:
    site.app.head("/")(RequestLimits(timeout=SHORT)(site.waiting()))

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get(method="HEAD"))
            assert await client.rest() == OVERDUE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    is_quiet(serve(loop, site, play))


def test_a_body_that_does_not_come(loop: str, site: Site) -> None:
    @site.app.post("/")
    @RequestLimits(timeout=SHORT)
    async def endpoint(value: dict[str, int]) -> None:
        site.notes.append(value)

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            assert await client.rest() == OVERDUE

    is_quiet(serve(loop, site, play))
    assert site.notes == []


# --- Which limits ---


def test_a_route_takes_the_place_of_its_application(loop: str, site: Site) -> None:
    RequestLimits(timeout=SHORT, cancel_on_disconnect=True)(site.app)
    site.get(RequestLimits(), "/unlimited")(site.waiting())
    site.get(RequestLimits(timeout=PATIENCE), "/long")(site.waiting())
    site.get(RequestLimits(timeout=SHORT, timeout_status=503), "/other")(site.waiting())
    site.get(None, "/plain")(site.waiting())

    async def play(live: Live) -> None:
        await overdue(live, "/other", UNAVAILABLE)
        await overdue(live, "/plain")
        await live.idle()
        site.notes.clear()
        async with live.connection() as one, live.connection() as two, live.connection() as gone:
            one.send(get("/unlimited"))
            two.send(get("/long"))
            gone.send(get("/unlimited"))
            await live.until(lambda: len(site.notes) == 3)
            gone.leave()
            await asyncio.sleep(SHORTLY)
            assert site.notes == ["waits"] * 3
            site.gate.set()
            assert (await one.answer()).status == (await two.answer()).status == 200

    is_quiet(serve(loop, site, play))


def test_a_short_limit_in_an_application_with_a_long_one(loop: str, site: Site) -> None:
    RequestLimits(timeout=PATIENCE)(site.app)
    site.get(RequestLimits(timeout=SHORT))(site.waiting())
    is_quiet(serve(loop, site, overdue))


def test_limits_change_while_the_server_runs(loop: str, site: Site) -> None:
    site.get()(site.waiting())

    async def play(live: Live) -> None:
        assert (await live.ask("/quick")).status == 200
        RequestLimits(timeout=SHORT)(site.app)
        await overdue(live)
        RequestLimits(timeout=SHORT, timeout_status=503)(site.app)
        await overdue(live, expected=UNAVAILABLE)
        del site.app.__request_limits__  # type: ignore[attr-defined]
        async with live.connection() as client:
            client.send(get())
            await asyncio.sleep(SHORTLY)
            site.gate.set()
            assert (await client.answer()).status == 200

    is_quiet(serve(loop, site, play))


def test_routes_of_included_routers(loop: str, site: Site) -> None:
    router = APIRouter(prefix="/router")
    router.get("/")(RequestLimits(timeout=SHORT)(site.waiting()))
    site.app.include_router(router, prefix="/outer")

    async def play(live: Live) -> None:
        for _ in range(2):
            async with live.connection() as client:
                client.send(get("/outer/router/"))
                await live.until(lambda: site.notes)
                await asyncio.sleep(SHORTLY)
                site.gate.set()
                assert await client.head() == OVERDUE.partition(b"{")[0]
            await live.idle()
            site.gate.clear()
            site.notes.clear()

    is_quiet(serve(loop, site, play))


@pytest.mark.parametrize("place", ["application", "route"])
def test_a_mounted_application(loop: str, site: Site, place: str) -> None:
    limits = RequestLimits(timeout=SHORT)
    inner = FastAPI(openapi_url=None)
    inner.get("/")(limits(site.waiting()) if place == "route" else site.waiting())
    if place == "application":
        limits(inner)
    site.app.mount("/inner", inner)

    async def play(live: Live) -> None:
        assert (await live.ask("/inner/none")).status == 404
        await overdue(live, "/inner/")

    is_quiet(serve(loop, site, play))


@pytest.mark.parametrize("where", ["application", "route", "included", "nested", "mounted", "mounted route"])
def test_the_first_request_of_all(loop: str, site: Site, where: str) -> None:
    """Nothing has been asked of the application before; it has no middleware stack yet."""
    limits = RequestLimits(timeout=SHORT)
    endpoint = site.waiting()
    router = APIRouter(prefix="/router")
    inner = FastAPI(openapi_url=None)
    path = "/"
    match where:
        case "application":
            site.app.get("/")(endpoint)
            limits(site.app)
        case "route":
            site.app.get("/")(limits(endpoint))
        case "included" | "nested":
            router.get("/")(limits(endpoint))
            prefix = "/outer" if where == "nested" else ""
            site.app.include_router(router, prefix=prefix)
            path = f"{prefix}/router/"
        case _:
            inner.get("/")(limits(endpoint) if where == "mounted route" else endpoint)
            if where == "mounted":
                limits(inner)
            site.app.mount("/inner", inner)
            path = "/inner/"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get(path))
            await live.until(lambda: site.notes)
            await asyncio.sleep(SHORTLY)
            site.open()
            assert await client.head() == OVERDUE.partition(b"{")[0]

    is_quiet(serve(loop, site, play, warm=False))


def test_requests_of_one_connection_are_limited_one_by_one(loop: str, site: Site) -> None:
    RequestLimits(timeout=10 * SHORT)(site.app)
    site.get()(site.waiting())

    @site.get(path="/half")
    async def half() -> str:
        await asyncio.sleep(4 * SHORT)
        return "half"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            for _ in range(4):
                assert (await client.ask("/half")).body == b'"half"'
            client.send(get() + get("/quick"))
            assert await client.rest() == OVERDUE
        assert live.state.total_requests == 5

    is_quiet(serve(loop, site, play))


# --- Whatever its code does ---


def _slow_ways(site: Site) -> dict[str, Any]:
    async def swallows() -> str:
        for _ in range(3):
            try:
                await asyncio.sleep(PATIENCE)
            except asyncio.CancelledError:
                break
        await site.gate.wait()
        site.notes.append("end")
        return "late"

    def in_a_thread() -> str:
        site.thread_gate.wait(PATIENCE)
        site.notes.append("end")
        return "late"

    async def cleans() -> AsyncIterator[None]:
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await site.gate.wait()
            site.notes.append("end")

    async def with_dependency(value: Any = Depends(cleans)) -> None:
        await asyncio.sleep(PATIENCE)

    def cleans_in_a_thread() -> Iterator[None]:
        try:
            yield
        finally:
            site.thread_gate.wait(PATIENCE)
            site.notes.append("end")

    async def with_sync_dependency(value: Any = Depends(cleans_in_a_thread)) -> None:
        await asyncio.sleep(PATIENCE)

    async def behind_a_slow_dependency(value: Any = Depends(in_a_thread)) -> str:
        return "late"

    async def behind_a_swallowing_dependency(value: Any = Depends(swallows)) -> str:
        return "late"

    async def shielded() -> str:
        with anyio.CancelScope(shield=True):
            await asyncio.to_thread(site.thread_gate.wait, PATIENCE)
        await asyncio.shield(site.gate.wait())
        return "late"

    async def grouped() -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(swallows())
        return "late"

    async def anyio_grouped() -> str:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, in_a_thread)
        return "late"

    async def timed() -> str:
        async with asyncio.timeout(PATIENCE):
            return await swallows()

    async def refuses() -> str:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            await site.gate.wait()
            site.notes.append("end")
            raise HTTPException(418)

    ways = [
        swallows, in_a_thread, with_dependency, with_sync_dependency, behind_a_slow_dependency,
        behind_a_swallowing_dependency, grouped, anyio_grouped, timed, refuses,
    ]  # fmt: skip
    return {way.__name__: way for way in ways}


WAYS = list(_slow_ways(Site()))


@pytest.mark.parametrize("place", ["application", "route"])
@pytest.mark.parametrize("way", WAYS)
def test_answered_at_once(loop: str, site: Site, way: str, place: str) -> None:
    limits = RequestLimits(timeout=SHORT)
    site.get(limits if place == "route" else None)(_slow_ways(site)[way])
    if place == "application":
        limits(site.app)

    async def play(live: Live) -> None:
        await overdue(live)
        await asyncio.sleep(SHORT)
        assert "end" not in site.notes
        # Others are served meanwhile.
        assert (await live.ask("/quick")).status == 200
        site.open()
        # The task does not wait for a thread.
        await live.until(lambda: site.notes == ["end"])
        await live.idle()
        assert live.state.total_requests == 2

    is_quiet(serve(loop, site, play))


def test_dependencies_are_closed(loop: str, site: Site) -> None:
    async def outer() -> AsyncIterator[None]:
        try:
            yield
        except BaseException as error:
            site.notes.append(("outer", type(error).__name__))
            raise
        finally:
            site.notes.append("outer closed")

    def inner(value: Any = Depends(outer)) -> Iterator[None]:
        try:
            yield
        finally:
            site.notes.append("inner closed")

    @site.get(RequestLimits(timeout=SHORT))
    async def endpoint(value: Any = Depends(inner)) -> None:
        await site.wait()

    is_quiet(serve(loop, site, overdue))
    assert site.notes == [
        "waits",
        "CancelledError",
        "inner closed",
        ("outer", "CancelledError"),
        "outer closed",
    ]


def test_a_loop_that_was_blocked_beyond_the_limit(loop: str, site: Site) -> None:
    """The response is complete before the timer is heard."""

    @site.get(RequestLimits(timeout=SHORT))
    async def endpoint() -> str:
        await asyncio.sleep(0)
        time.sleep(2 * SHORT)
        return "complete"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            for _ in range(2):
                assert (await client.ask()).body == b'"complete"'

    is_quiet(serve(loop, site, play))


# --- A response that has begun ---


def _streams(site: Site) -> dict[str, Any]:
    async def waits() -> AsyncIterator[bytes]:
        yield b"begun"
        await site.wait()

    async def swallows() -> AsyncIterator[bytes]:
        yield b"begun"
        try:
            await site.gate.wait()
        except asyncio.CancelledError:
            site.notes.append("swallowed")
        yield b"more"

    async def ends() -> AsyncIterator[bytes]:
        yield b"begun"
        try:
            await site.gate.wait()
        except asyncio.CancelledError:
            site.notes.append("swallowed")

    def in_a_thread() -> Iterator[bytes]:
        yield b"begun"
        site.thread_gate.wait(PATIENCE)
        site.notes.append("end of the thread")

    return {stream.__name__: stream for stream in (waits, swallows, ends, in_a_thread)}


@pytest.mark.parametrize("length", [None, "10"])
@pytest.mark.parametrize("stream", list(_streams(Site())))
def test_a_response_that_has_begun(loop: str, site: Site, stream: str, length: str | None) -> None:
    headers = {"content-length": length} if length else {}
    expected = b"\r\n\r\nbegun" if length else b"\r\n\r\n5\r\nbegun\r\n"

    @site.get(RequestLimits(timeout=SHORT))
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(_streams(site)[stream](), headers=headers)

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            data = await client.rest()
            assert data.startswith(b"HTTP/1.1 200 OK\r\n")
            assert data.endswith(expected)
        site.thread_gate.set()

    is_quiet(serve(loop, site, play))


@pytest.mark.parametrize("ending", ["returns", "returns after a turn", "raises"])
def test_a_bare_stream_behind_middleware(loop: str, site: Site, ending: str) -> None:
    """A middleware that ends the response by itself, when it is cancelled."""

    class Middleware:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            try:
                await self.app(scope, receive, send)
            except asyncio.CancelledError:
                site.notes.append("caught")
                if ending == "raises":
                    raise
                if ending == "returns after a turn":
                    await asyncio.sleep(0)

    @site.get(RequestLimits(timeout=SHORT))
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(_streams(site)["waits"]())

    site.app.add_middleware(Middleware)

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            assert (await client.rest()).endswith(b"\r\n\r\n5\r\nbegun\r\n")

    is_quiet(serve(loop, site, play))
    assert site.notes == ["waits", "CancelledError", "caught"]


def test_a_stream_that_nobody_reads(loop: str, site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            site.notes.append("closed")

    @site.get(RequestLimits(timeout=SHORT))
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(endless())

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: live.state.tasks)
            await live.idle()
            assert len(await client.rest()) > 65536

    is_quiet(serve(loop, site, play))
    assert len(site.notes) <= 1


def test_a_stream_in_time(loop: str, site: Site) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"part"
            await asyncio.sleep(0)

    @site.get(RequestLimits(timeout=PATIENCE, cancel_on_disconnect=True))
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(stream())

    async def play(live: Live) -> None:
        async with live.connection() as client:
            for _ in range(3):
                assert (await client.ask()).body == b"partpartpart"

    is_quiet(serve(loop, site, play))


# --- A request in time ---


def test_no_timer_is_left(loop: str, site: Site) -> None:
    base: Any = LOOPS[loop]
    timers: list[tuple[float, Any]] = []

    class Loop(base):  # type: ignore[misc]
        def call_later(self, delay: float, callback: Any, *arguments: Any, **keywords: Any) -> Any:
            handle = super().call_later(delay, callback, *arguments, **keywords)
            timers.append((delay, handle))
            return handle

    RequestLimits(timeout=123.5)(site.app)

    @site.get(RequestLimits(timeout=234.5, cancel_on_disconnect=True), "/route")
    async def route() -> str:
        return "route"

    @site.get(path="/waits")
    async def waits() -> str:
        await asyncio.sleep(0.001)
        return "waits"

    @site.get(path="/raises")
    async def raises() -> str:
        raise ValueError("of the endpoint")

    async def main() -> None:
        async with served(CANDIDATE, site.app) as live:
            await live.ask()
            timers.clear()
            async with live.connection() as client:
                for path in ("/quick", "/route", "/waits", "/none", "/quick"):
                    answer = await client.ask(path)
                    assert answer.status == (404 if path == "/none" else 200)
                    assert (b"connection", b"close") not in answer.headers
                await client.ask("/raises")
                await live.idle()
            ours = [(delay, handle) for delay, handle in timers if delay in (123.5, 234.5)]
            assert [delay for delay, _ in ours] == [123.5, 123.5, 234.5, 123.5, 123.5, 123.5, 123.5]
            assert all(handle.cancelled() for _, handle in ours)
            assert len(live.failures) == 1

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())


@pytest.mark.parametrize(
    "limits", [RequestLimits(timeout=PATIENCE), RequestLimits(cancel_on_disconnect=True)]
)
def test_a_request_in_time_is_untouched(loop: str, site: Site, limits: RequestLimits) -> None:

    @site.get(limits, "/limited")
    async def limited() -> str:
        return "quick"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            answers = [await client.ask(path) for path in ("/quick", "/limited", "/limited", "/quick")]
        assert answers == [answers[0]] * 4

    is_quiet(serve(loop, site, play))


def test_without_the_protocol_they_mean_nothing(loop: str, site: Site) -> None:
    limits = RequestLimits(timeout=SHORT, cancel_on_disconnect=True)
    limits(site.app)
    site.get(limits)(site.waiting())

    async def play(live: Live) -> None:
        async with live.connection() as client, live.connection() as gone:
            client.send(get())
            gone.send(get())
            await live.until(lambda: len(site.notes) == 2)
            gone.leave()
            await asyncio.sleep(SHORTLY)
            assert site.notes == ["waits", "waits"]
            site.gate.set()
            assert (await client.answer()).status == 200
        await live.idle()
        assert site.notes[2:] == ["through", "through"]

    is_quiet(serve(loop, site, play, protocol_class=HTTPTOOLS))


# --- A client that leaves ---


@pytest.mark.parametrize("place", ["application", "route"])
def test_cancelled_when_the_client_leaves(loop: str, site: Site, place: str) -> None:
    limits = RequestLimits(cancel_on_disconnect=True)
    site.get(limits if place == "route" else None)(site.waiting())
    if place == "application":
        limits(site.app)

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: site.notes)
            client.leave()
            await live.idle()
        assert site.notes == ["waits", "CancelledError"]
        assert live.state.total_requests == 0

    is_quiet(serve(loop, site, play))


@pytest.mark.parametrize("protocol_class", [HTTPTOOLS, CANDIDATE])
@pytest.mark.parametrize("limits", [None, RequestLimits(), RequestLimits(timeout=PATIENCE)])
def test_not_cancelled_unless_asked(
    loop: str, site: Site, protocol_class: Any, limits: RequestLimits | None
) -> None:
    site.get(limits)(site.waiting())

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: site.notes)
            client.leave()
            await live.until(lambda: not live.state.connections)
            await asyncio.sleep(SHORT)
            assert site.notes == ["waits"]
            site.gate.set()
            await live.idle()
        assert site.notes == ["waits", "through"]

    is_quiet(serve(loop, site, play, protocol_class=protocol_class))


@pytest.mark.parametrize("way", WAYS)
def test_a_client_leaves_whatever_the_code_does(loop: str, site: Site, way: str) -> None:
    site.get(RequestLimits(cancel_on_disconnect=True))(_slow_ways(site)[way])

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: live.state.tasks)
            await asyncio.sleep(SHORT)
            client.leave()
            await live.until(lambda: not live.state.connections)
            await asyncio.sleep(SHORT)
            assert "end" not in site.notes
            site.open()
            await live.until(lambda: site.notes == ["end"])
            await live.idle()

    is_quiet(serve(loop, site, play))


@pytest.mark.parametrize("stream", ["waits", "swallows", "ends"])
def test_a_client_leaves_a_stream(loop: str, site: Site, stream: str) -> None:
    @site.get(RequestLimits(cancel_on_disconnect=True))
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(_streams(site)[stream]())

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await client.head()
            client.leave()
            await live.idle()

    is_quiet(serve(loop, site, play))


def test_a_client_leaves_before_the_time_is_over(loop: str, site: Site) -> None:
    site.get(RequestLimits(timeout=2 * SHORT, cancel_on_disconnect=True))(_slow_ways(site)["swallows"])

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: live.state.tasks)
            client.leave()
            await live.until(lambda: not live.state.connections)
            await asyncio.sleep(SHORTLY)
            site.open()

    is_quiet(serve(loop, site, play))
    assert site.notes == ["end"]


def test_the_time_is_over_after_the_client_left(loop: str, site: Site) -> None:
    """Nobody is there to be answered, but the handler is ended all the same."""
    site.get(RequestLimits(timeout=2 * SHORT))(site.waiting())

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: site.notes)
            client.leave()
            await live.idle()
        assert site.notes == ["waits", "CancelledError"]

    is_quiet(serve(loop, site, play))


def test_a_client_that_left_before_the_limits_were_found(loop: str, site: Site) -> None:
    """A route's limits are known when it is matched, which may be after the client has left."""

    class Middleware:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            site.notes.append("middleware")
            while lives[0].state.connections:
                await asyncio.sleep(0.001)
            await self.app(scope, receive, send)

    lives: list[Live] = []
    site.get(RequestLimits(cancel_on_disconnect=True))(site.waiting())
    site.app.add_middleware(Middleware)

    async def play(live: Live) -> None:
        lives.append(live)
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: site.notes)
            client.leave()
            await live.until(lambda: "waits" in site.notes or not live.state.tasks)
            await asyncio.sleep(SHORTLY)
            assert live.state.tasks == set()

    is_quiet(serve(loop, site, play))
    assert "through" not in site.notes


# --- What is logged ---


@pytest.mark.parametrize("why", ["time", "client"])
@pytest.mark.parametrize("late", [False, True])
def test_another_exception_is_logged(loop: str, site: Site, why: str, late: bool) -> None:
    limits = RequestLimits(timeout=SHORT) if why == "time" else RequestLimits(cancel_on_disconnect=True)

    @site.get(limits)
    async def endpoint() -> None:
        try:
            await site.wait()
        finally:
            if late:
                await asyncio.sleep(SHORT)
            raise ValueError("while it was given up")

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            if why == "time":
                assert await client.rest() == OVERDUE
            else:
                await live.until(lambda: site.notes)
                client.leave()
            await live.idle()

    live = serve(loop, site, play)
    message = "Exception in ASGI application\n"
    assert live.failures == [("uvicorn.error", 40, message, (), (ValueError, "while it was given up"))]


# --- Behind middleware ---


class _Plain:
    """A middleware of the user's."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def marked(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-marked", b"yes")]
            await send(message)

        await asyncio.sleep(0)
        await self.app(scope, receive, marked)


MIDDLEWARE: dict[str, Any] = {
    "plain": [(_Plain, {})],
    "cors": [(CORSMiddleware, {"allow_origins": ["*"]})],
    "gzip": [(GZipMiddleware, {})],
    "all": [(_Plain, {}), (CORSMiddleware, {"allow_origins": ["*"]}), (GZipMiddleware, {}), (_Plain, {})],
}


@pytest.mark.parametrize("place", ["application", "route", "both"])
@pytest.mark.parametrize("stack", MIDDLEWARE)
def test_behind_middleware(loop: str, site: Site, stack: str, place: str) -> None:
    for middleware, options in MIDDLEWARE[stack]:
        site.app.add_middleware(middleware, **options)
    limits = RequestLimits(timeout=SHORT, cancel_on_disconnect=True)
    site.get(limits if place != "application" else None)(site.waiting())
    if place != "route":
        limits(site.app)

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get(headers="Origin: http://example.org\r\n"))
            assert await client.rest() == OVERDUE
        await live.idle()
        async with live.connection() as client:
            client.send(get(headers="Origin: http://example.org\r\n"))
            await live.until(lambda: site.notes.count("waits") == 2)
            client.leave()
            await live.idle()
        assert site.notes == ["waits", "CancelledError"] * 2
        answer = await live.ask("/quick", headers="Origin: http://example.org\r\n")
        names = {name for name, _ in answer.headers}
        assert (b"access-control-allow-origin" in names) is (stack in ("cors", "all"))
        assert (b"x-marked" in names) is (stack in ("plain", "all"))

    is_quiet(serve(loop, site, play))


def test_behind_base_http_middleware(loop: str, site: Site) -> None:
    """Only the application's limits are known there."""

    async def dispatch(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    site.app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    site.get(RequestLimits(timeout=SHORT))(site.waiting())

    async def play(live: Live) -> None:
        async with live.connection() as client:
            client.send(get())
            await live.until(lambda: site.notes)
            await asyncio.sleep(SHORTLY)
            assert site.notes == ["waits"]
            site.gate.set()
            assert (await client.answer()).status == 200
        site.gate.clear()
        RequestLimits(timeout=SHORT)(site.app)
        await overdue(live)
        await live.idle()
        assert site.notes[-1] == "CancelledError"

    is_quiet(serve(loop, site, play))


@pytest.mark.parametrize("limited", ["application", "route"])
def test_around_the_application(loop: str, site: Site, limited: str) -> None:
    """A bare callable around the application, which is called by ASGI then."""
    limits = RequestLimits(timeout=SHORT)
    site.get(limits if limited == "route" else None)(site.waiting())
    if limited == "application":
        limits(site.app)

    is_quiet(serve(loop, site, overdue, app=_Plain(site.app)))


# --- After the response ---


@pytest.mark.parametrize("kind", ["tasks", "task", "stream", "sync"])
def test_background_tasks_are_not_cut_off(loop: str, site: Site, kind: str) -> None:
    def in_a_thread() -> None:
        site.thread_gate.wait(PATIENCE)
        site.notes.append("through")

    async def stream() -> AsyncIterator[bytes]:
        yield b"a"

    @site.get(RequestLimits(timeout=SHORT, cancel_on_disconnect=True))
    async def endpoint(tasks: BackgroundTasks) -> Any:
        match kind:
            case "tasks":
                tasks.add_task(site.wait)
                return "answer"
            case "sync":
                return JSONResponse("answer", background=BackgroundTask(in_a_thread))
            case "task":
                return PlainTextResponse("answer", background=BackgroundTask(site.wait))
            case _:
                return StreamingResponse(stream(), background=BackgroundTask(site.wait))

    async def play(live: Live) -> None:
        async with live.connection() as client:
            assert (await client.ask()).status == 200
            await asyncio.sleep(SHORTLY)
            assert (await client.ask("/quick")).status == 200
        await live.until(lambda: not live.state.connections)
        await asyncio.sleep(SHORT)
        assert len(live.state.tasks) == 1
        site.open()
        await live.idle()
        assert site.notes[-1] == "through"

    is_quiet(serve(loop, site, play))


def test_clean_up_after_the_response_is_not_cut_off(loop: str, site: Site) -> None:
    async def dependency() -> AsyncIterator[None]:
        yield
        await site.wait()

    @site.get(RequestLimits(timeout=SHORT, cancel_on_disconnect=True))
    async def endpoint(value: Any = Depends(dependency)) -> str:
        return "answer"

    async def play(live: Live) -> None:
        async with live.connection() as client:
            assert (await client.ask()).body == b'"answer"'
            await asyncio.sleep(SHORTLY)
        await live.until(lambda: not live.state.connections)
        site.open()
        await live.idle()
        assert site.notes == ["waits", "through"]

    is_quiet(serve(loop, site, play))
