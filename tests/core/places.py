"""One request that passes every place where a path operation can wait, fail or be stopped."""

# mypy: ignore-errors
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Annotated, Any

import anyio
import anyio.from_thread
from pydantic import BaseModel, field_validator, model_serializer
from tests.differential.driver import Http, http_scope

# In the order in which a request that goes well passes them. Those with a mark run in worker threads.
AWAITS = (
    "receive",
    "coroutine dependency",
    "generator enter",
    "function enter",
    "endpoint",
    "function exit",
    "send start",
    "send body",
    "background",
    "generator exit",
)
THREADS = ("sync dependency", "sync enter", "sync endpoint", "sync exit", "sync background")
COMPUTED = ("validator", "serializer")
PLACES = AWAITS + THREADS + COMPUTED

variable: ContextVar[str] = ContextVar("variable", default="unset")


def shown(exc: BaseException) -> str:
    """Type and text; anyio's text of a cancellation names the task and the address of the scope."""
    text = str(exc)
    return f"{type(exc).__name__} {'by a scope' if text.startswith('Cancelled via') else text}"


Act = Callable[[str], Awaitable[None]]


class Request:
    """An application on `api`, and one request to it. `act(place)` is awaited at each place.

    Places in worker threads and those where nothing can be awaited call `act_sync(place)`.
    """

    def __init__(self, api: Any, log: Any, act: Act, act_sync: Callable[[str], None] | None = None) -> None:
        self.api, self.log = api, log
        self._act, self._act_sync = act, act_sync or (lambda place: None)
        self.app = self._build()
        self.scope = http_scope(Http(target="/place?q=1", method="POST"))
        # From this version on, streams are sent by the request's own task.
        self.scope["asgi"] = {"version": "3.0", "spec_version": "2.4"}
        self.scope["headers"].append((b"content-type", b"application/json"))
        self._incoming = [{"type": "http.request", "body": b'{"a": 1}', "more_body": False}]

    def serve(self, kind: str = "async") -> Any:
        """The coroutine that serves the request; `kind` chooses the path operation."""
        self.scope["path"] = f"/{kind}"
        return self.app(self.scope, self.receive, self.send)

    async def at(self, place: str) -> None:
        self.log(place)
        try:
            await self._act(place)
        except BaseException as exc:
            self.log(f"{place} saw", shown(exc))
            raise

    def at_sync(self, place: str) -> None:
        self.log(place)
        try:
            self._act_sync(place)
        except BaseException as exc:
            self.log(f"{place} saw", shown(exc))
            raise

    async def receive(self) -> Any:
        await self.at("receive")
        if not self._incoming:
            await anyio.sleep_forever()
        return self._incoming.pop(0)

    async def send(self, message: Any) -> None:
        await self.at("send start" if message["type"] == "http.response.start" else "send body")
        self.log("sent", message.get("status"), message.get("body"))

    def _generator(self, name: str):
        async def generator():
            await self.at(f"{name} enter")
            try:
                yield name
            except BaseException as exc:
                self.log(f"{name} sees", shown(exc))
                raise
            finally:
                await self.at(f"{name} exit")

        return generator

    def _sync_generator(self):
        def sync_generator():
            self.at_sync("sync enter")
            try:
                yield "sync"
            except BaseException as exc:
                self.log("sync sees", shown(exc))
                raise
            finally:
                self.at_sync("sync exit")

        return sync_generator

    def _build(self):
        api, request = self.api, self

        class Item(BaseModel):
            a: int

            @field_validator("a")
            @classmethod
            def validate(cls, value):
                request.at_sync("validator")
                return value

        class Out(BaseModel):
            a: int

            @model_serializer
            def serialize(self):
                request.at_sync("serializer")
                return {"a": self.a}

        async def coroutine_dependency():
            await request.at("coroutine dependency")

        def sync_dependency(_: Annotated[None, api.Depends(coroutine_dependency)]):
            request.at_sync("sync dependency")

        async def task():
            await request.at("background")

        def sync_task():
            request.at_sync("sync background")

        dependencies = [
            api.Depends(sync_dependency),
            api.Depends(self._generator("generator")),
            api.Depends(self._generator("function"), scope="function"),
            api.Depends(self._sync_generator()),
        ]
        app = api.FastAPI(dependencies=dependencies)

        @app.post("/async")
        async def endpoint(item: Item, background: api.BackgroundTasks) -> Out:
            background.add_task(task)
            background.add_task(sync_task)
            await request.at("endpoint")
            return Out(a=item.a)

        @app.post("/sync")
        def sync_endpoint(item: Item, background: api.BackgroundTasks) -> Out:
            background.add_task(sync_task)
            request.at_sync("sync endpoint")
            return Out(a=item.a)

        router = api.APIRouter()
        router.post("/endpoint")(endpoint)
        app.include_router(router, prefix="/included")

        @app.post("/streamed")
        async def streamed(item: Item):
            async def chunks():
                await request.at("endpoint")
                yield b"chunk"

            return api.responses.StreamingResponse(chunks())

        return app


def in_thread() -> bool:
    """Whether this is a worker thread."""
    return threading.current_thread() is not threading.main_thread()


def awaiting_from_thread(act: Act) -> Callable[[str], None]:
    """What a worker thread does to await `act(place)` in the event loop; nothing elsewhere."""

    def act_sync(place: str) -> None:
        if in_thread():
            anyio.from_thread.run(act, place)

    return act_sync
