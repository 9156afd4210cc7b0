"""FastStream's plugin for FastAPI on its broker in memory: its messages go through `solve_dependencies`."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Header, Path, Request
from fastapi.exceptions import RequestValidationError
from faststream.redis import RedisBroker, TestRedisBroker
from faststream.redis.fastapi import Context, RedisChannelMessage, RedisRouter
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel


class Order(BaseModel):
    number: int
    lines: list[str] = []


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def router() -> RedisRouter:
    return RedisRouter()


async def publish(router: RedisRouter, message: Any, channel: str = "in", **options: Any) -> Any:
    async with TestRedisBroker(router.broker) as broker:
        response = await broker.request(message, channel=channel, **options)
        return await response.decode()


@pytest.mark.anyio
async def test_a_single_value_is_the_first_parameter(router: RedisRouter) -> None:
    @router.subscriber("in")
    async def handle(number: int) -> int:
        return number + 1

    assert await publish(router, "41") == 42


@pytest.mark.anyio
async def test_fields_of_an_object_are_parameters(router: RedisRouter) -> None:
    @router.subscriber("in")
    async def handle(a: int, b: str = "nothing", c: float | None = None) -> dict[str, Any]:
        return {"a": a, "b": b, "c": c}

    assert await publish(router, {"a": "1", "c": 2.5}) == {"a": 1, "b": "nothing", "c": 2.5}


@pytest.mark.anyio
async def test_a_model_is_the_body(router: RedisRouter) -> None:
    @router.subscriber("in")
    async def handle(order: Order) -> Order:
        return order.model_copy(update={"lines": [*order.lines, "added"]})

    assert await publish(router, {"number": "7", "lines": ["a"]}) == {"number": 7, "lines": ["a", "added"]}


@pytest.mark.anyio
async def test_a_list_is_the_body(router: RedisRouter) -> None:
    @router.subscriber("in")
    async def handle(numbers: list[int]) -> int:
        return sum(numbers)

    assert await publish(router, [1, 2, 3]) == 6


@pytest.mark.anyio
async def test_an_invalid_message_raises_the_frameworks_error(router: RedisRouter) -> None:
    @router.subscriber("in")
    async def handle(a: int, b: int) -> None: ...

    with pytest.raises(RequestValidationError) as caught:
        await publish(router, {"a": "no"})
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [
        ("int_parsing", ("query", "a")),
        ("missing", ("query", "b")),
    ]


@pytest.mark.anyio
async def test_dependencies_nested_cached_and_closed(router: RedisRouter) -> None:
    events: list[str] = []

    async def resource() -> AsyncIterator[str]:
        events.append("open")
        yield "resource"
        events.append("close")

    def once(name: str, resource: Annotated[str, Depends(resource)]) -> str:
        events.append("once")
        return f"{resource} of {name}"

    def twice(once: Annotated[str, Depends(once)]) -> str:
        return once.upper()

    @router.subscriber("in")
    async def handle(
        name: str, one: Annotated[str, Depends(once)], two: Annotated[str, Depends(twice)]
    ) -> list[str]:
        events.append("handle")
        return [name, one, two]

    assert await publish(router, {"name": "x"}) == ["x", "resource of x", "RESOURCE OF X"]
    assert events == ["open", "once", "handle", "close"]


@pytest.mark.anyio
async def test_headers_path_context_and_message(router: RedisRouter) -> None:
    @router.subscriber(channel="logs.{level}")
    async def handle(
        text: str,
        message: RedisChannelMessage,
        broker: Annotated[RedisBroker, Context("broker")],
        level: Annotated[str, Path()],
        token: Annotated[str, Header(alias="token")],
    ) -> list[Any]:
        return [text, level, token, message.correlation_id, broker is router.broker]

    answer = await publish(router, {"text": "hello"}, "logs.info", headers={"token": "t"}, correlation_id="1")
    assert answer == ["hello", "info", "t", "1", True]


@pytest.mark.anyio
async def test_the_request_is_the_message(router: RedisRouter) -> None:
    @router.subscriber("in")
    async def handle(request: Request, a: int) -> list[Any]:
        return [type(request).__name__, dict(request.query_params), request.path_params, request.cookies]

    assert await publish(router, {"a": 1}) == ["StreamMessage", {"a": 1}, {"a": 1}, {}]


@pytest.mark.anyio
async def test_background_tasks_run_after_the_answer(router: RedisRouter) -> None:
    done: list[str] = []

    @router.subscriber("in")
    async def handle(name: str, tasks: BackgroundTasks) -> str:
        tasks.add_task(done.append, name)
        return f"{len(done)} done"

    assert await publish(router, "x") == "0 done"
    assert done == ["x"]


@pytest.mark.anyio
async def test_response_model_and_router_dependencies() -> None:
    seen: list[str] = []

    def note(secret: str) -> None:
        seen.append(secret)

    class Public(BaseModel):
        number: int

    router = RedisRouter(dependencies=[Depends(note)])

    @router.subscriber("in", response_model=Public, response_model_exclude_unset=True)
    async def handle(number: int, secret: str) -> dict[str, Any]:
        return {"number": number, "secret": secret}

    assert await publish(router, {"number": 1, "secret": "s"}) == {"number": 1}
    assert seen == ["s"]


@pytest.mark.anyio
async def test_overrides_of_the_application(router: RedisRouter) -> None:
    def source() -> str:
        return "real"

    @router.subscriber("in")
    async def handle(name: str, source: Annotated[str, Depends(source)]) -> list[str]:
        return [name, source]

    app = FastAPI()
    app.include_router(router)
    router.fastapi_config.dependency_overrides_provider = app
    app.dependency_overrides[source] = lambda name: f"overridden for {name}"
    assert await publish(router, {"name": "x"}) == ["x", "overridden for x"]
    app.dependency_overrides.clear()
    assert await publish(router, {"name": "x"}) == ["x", "real"]


@pytest.mark.anyio
async def test_a_sync_handler_and_its_answer_published(router: RedisRouter) -> None:
    answers: list[int] = []

    @router.subscriber("in")
    @router.publisher("out")
    def handle(number: int) -> int:
        return number * 2

    @router.subscriber("out")
    async def collect(number: int) -> None:
        answers.append(number)

    async with TestRedisBroker(router.broker) as broker:
        await broker.publish(21, channel="in")
    assert answers == [42]


@pytest.mark.anyio
async def test_http_beside_messages(router: RedisRouter) -> None:
    received: list[str] = []

    @router.subscriber("in")
    async def handle(name: str) -> None:
        received.append(name)

    def broker() -> RedisBroker:
        return router.broker

    @router.get("/send/{name}")
    async def send(
        name: str, broker: Annotated[RedisBroker, Depends(broker)], request: Request
    ) -> dict[str, Any]:
        await broker.publish(name, channel="in")
        return {"sent": name, "state": request.state.broker is broker}

    app = FastAPI(title="messages")
    app.include_router(router)
    async with TestRedisBroker(router.broker), app.router.lifespan_context(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with AsyncClient(transport=ASGITransport(with_state), base_url="http://test") as client:
            answer = await client.get("/send/x")
            assert (answer.status_code, answer.json()) == (200, {"sent": "x", "state": True})
            page = await client.get("/asyncapi")
            assert page.status_code == 200 and "messages" in page.text
            assert (await client.get("/asyncapi.json")).json()["info"]["title"] == "messages"
            assert "/send/{name}" in (await client.get("/openapi.json")).json()["paths"]
    assert received == ["x"]
