"""Streams: generator endpoints, JSON lines, server-sent events, clients that leave."""

# mypy: ignore-errors
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Annotated

import anyio
from pydantic import BaseModel

from ..driver import get, log, post_json
from ..registry import differential


class Item(BaseModel):
    n: int
    note: str | None = None


@differential(
    *(
        get(path)
        for path in [
            "/lines",
            "/sync-lines",
            "/untyped",
            "/untyped-sync",
            "/typed-dicts",
            "/empty",
            "/wrong-item",
            "/fails",
            "/fails-first",
            "/nan",
            "/status",
            "/excluded",
            "/headers",
            "/depends",
        ]
    ),
    get("/depends?n=x"),
    post_json("/echo", {"n": 3}),
    post_json("/echo", {"n": "x"}),
)
def json_lines(api):
    app = api.FastAPI()

    @app.get("/lines")
    async def lines() -> AsyncIterable[Item]:
        for n in range(3):
            yield Item(n=n)

    @app.get("/sync-lines")
    def sync_lines() -> Iterable[Item]:
        yield {"n": "1"}
        yield Item(n=2, note="é")

    @app.get("/untyped")
    async def untyped():
        yield {"a": 1}
        yield [Item(n=1)]
        yield None

    @app.get("/untyped-sync")
    def untyped_sync():
        yield "é"
        yield 1.0

    @app.get("/typed-dicts")
    async def typed_dicts() -> AsyncIterator[dict[str, int]]:
        yield {"a": "5"}

    @app.get("/empty")
    async def empty() -> AsyncIterator[Item]:
        if log is None:
            yield

    @app.get("/wrong-item")
    async def wrong_item() -> AsyncIterable[Item]:
        yield Item(n=1)
        yield {"n": "x"}

    @app.get("/fails")
    async def fails():
        yield 1
        raise ValueError("mid-stream")

    @app.get("/fails-first")
    def fails_first():
        raise api.HTTPException(403)
        yield 1

    @app.get("/nan")
    async def nan():
        yield {"x": [float("nan"), float("inf"), 1.5]}

    @app.get("/status", status_code=202)
    async def status():
        yield 1

    @app.get("/excluded", response_model_exclude_none=True, response_model_exclude={"n"})
    async def excluded() -> AsyncIterable[Item]:
        yield Item(n=1)
        yield Item(n=1, note="n")

    @app.get("/headers")
    async def response_headers(response: api.Response, tasks: api.BackgroundTasks):
        response.headers["x-a"] = "1"
        response.status_code = 203
        tasks.add_task(log, "background")
        log("generator starts")
        yield 1

    async def resource(n: int = 0):
        log("enter")
        yield n
        log("exit")

    @app.get("/depends")
    async def depends(n: Annotated[int, api.Depends(resource)]):
        log("streaming")
        yield n

    @app.post("/echo")
    async def echo(item: Item) -> AsyncIterable[Item]:
        for _ in range(item.n):
            yield item

    return app


@differential(
    *(
        get(path)
        for path in [
            "/models",
            "/sync",
            "/events",
            "/mixed",
            "/raw",
            "/strings",
            "/empty",
            "/headers",
            "/depends",
            "/multiline",
            "/none",
        ]
    ),
    *(get(path, backends=("asyncio",)) for path in ("/wrong", "/fails", "/bad-event", "/numbers")),
    post_json("/posted", {"n": 2}),
    get("/endless", gone_after_sends=3, backends=("asyncio",), label="client leaves an endless stream"),
)
def server_sent_events(api):
    app = api.FastAPI()
    events = {"response_class": api.sse.EventSourceResponse}
    event = api.sse.ServerSentEvent

    @app.get("/models", **events)
    async def models() -> AsyncIterable[Item]:
        yield Item(n=1)
        yield {"n": 2}

    @app.get("/sync", **events)
    def sync() -> Iterable[Item]:
        yield Item(n=1)
        yield Item(n=2, note="é")

    @app.get("/events", **events)
    async def all_fields() -> AsyncIterable[event]:
        yield event(data={"a": 1}, event="update", id="7", retry=1000, comment="hello")
        yield event(comment="only a comment")
        yield event(data=Item(n=1))

    @app.get("/mixed", **events)
    async def mixed():
        yield {"plain": True}
        yield event(data="text", id="1")
        yield [1, 2]

    @app.get("/raw", **events)
    async def raw():
        yield event(raw_data="line one\nline two\r\nthree\rfour")

    @app.get("/strings", **events)
    async def strings() -> AsyncIterable[str]:
        yield "a\nb"

    @app.get("/empty", **events)
    async def empty():
        if log is None:
            yield

    @app.get("/wrong", **events)
    async def wrong() -> AsyncIterable[Item]:
        yield Item(n=1)
        yield {"n": "x"}

    @app.get("/fails", **events)
    async def fails():
        yield 1
        raise ValueError("mid-stream")

    @app.get("/headers", status_code=201, **events)
    async def response_headers(response: api.Response):
        response.headers["x-a"] = "1"
        response.headers["cache-control"] = "private"
        yield 1

    async def resource():
        log("enter")
        yield 5
        log("exit")

    @app.get("/depends", **events)
    async def depends(n: Annotated[int, api.Depends(resource)]):
        yield n

    @app.get("/multiline", **events)
    async def multiline():
        yield event(data="a\nb", comment="c\nd", event="")

    @app.get("/bad-event", **events)
    async def bad_event():
        yield event(data=1)
        yield event(data=1, event="a\nb")

    @app.get("/none", **events)
    async def none():
        yield None
        yield event(data=None)

    @app.get("/numbers", **events)
    def numbers():
        yield 1.5
        yield float("nan")

    @app.post("/posted", **events)
    async def posted(item: Item) -> AsyncIterable[Item]:
        for _ in range(item.n):
            yield item

    @app.get("/endless", **events)
    async def endless():
        while True:
            yield "tick"
            await anyio.sleep(0)

    return app


NEW_SPEC = {"asgi": {"version": "3.0", "spec_version": "2.4"}}


@differential(
    get("/bytes"),
    get("/sync-bytes"),
    get("/class"),
    get("/class-sync"),
    get("/fails"),
    get("/sync-fails"),
    get("/empty"),
    get("/wrong-type"),
    get("/bytes", gone_after_sends=2, backends=("asyncio",), label="client leaves"),
    get("/bytes", gone_after_sends=2, scope=NEW_SPEC, label="client leaves, send raises"),
    get("/bytes", scope=NEW_SPEC, label="spec 2.4"),
    get("/endless", gone_after_sends=4, backends=("asyncio",)),
    get("/json", gone_after_sends=0, label="client left before the answer"),
    get("/json", gone_after_sends=1, label="client left in the answer"),
    get("/disconnected"),
    get("/disconnected", gone_after_sends=0, label="is_disconnected after leaving"),
    get("/background-after"),
)
def raw_streams(api):
    app = api.FastAPI()
    streaming = api.responses.StreamingResponse

    @app.get("/bytes")
    async def as_bytes():
        async def body():
            try:
                for n in range(4):
                    yield f"{n}\n".encode()
                    await anyio.sleep(0)
            finally:
                log("body closed")

        return streaming(body(), media_type="text/plain")

    @app.get("/sync-bytes")
    def sync_bytes():
        return streaming((str(n) for n in range(3)), headers={"x-a": "1"})

    @app.get("/class", response_class=streaming)
    async def by_class() -> AsyncIterable[str]:
        yield "a"
        yield b"b"

    @app.get("/class-sync", response_class=streaming)
    def by_class_sync(response: api.Response):
        response.headers["x-late"] = "no"
        yield "a"

    @app.get("/fails", response_class=streaming)
    async def fails():
        yield "a"
        raise ValueError("mid-stream")

    @app.get("/sync-fails", response_class=streaming)
    def sync_fails():
        yield "a"
        raise api.HTTPException(400, "too late")

    @app.get("/empty", response_class=streaming)
    async def empty():
        if log is None:
            yield

    @app.get("/wrong-type", response_class=streaming)
    async def wrong_type():
        yield {"not": "text"}

    @app.get("/endless")
    async def endless():
        async def body():
            while True:
                yield b"x"
                await anyio.sleep(0)

        return streaming(body())

    @app.get("/json")
    async def as_json(tasks: api.BackgroundTasks):
        tasks.add_task(log, "background")
        return {"a": 1}

    @app.get("/disconnected")
    async def disconnected(request: api.Request):
        return await request.is_disconnected()

    @app.get("/background-after")
    async def background_after(tasks: api.BackgroundTasks):
        tasks.add_task(log, "after the stream")
        return streaming(iter(["a"]), background=tasks)

    return app
