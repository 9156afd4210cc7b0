"""Ray Serve with `@serve.ingress`: the application is pickled into other processes, and serves there."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
import pytest
import ray
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from ray import serve
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


class Item(BaseModel):
    name: str
    price: float = 0


def application() -> FastAPI:
    app = FastAPI(title="served")
    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    router = APIRouter(prefix="/more")

    def token(x_token: Annotated[str, Header()]) -> str:
        return x_token.upper()

    @router.get("/token")
    async def read_token(token: Annotated[str, Depends(token)]) -> dict[str, str]:
        return {"token": token}

    @router.get("/missing")
    def missing() -> None:
        raise HTTPException(404, "nothing here", headers={"X-Why": "test"})

    app.include_router(router)

    @serve.deployment(num_replicas=1, ray_actor_options={"num_cpus": 0.1})
    @serve.ingress(app)
    class Service:
        def __init__(self, greeting: str) -> None:
            self.greeting = greeting
            self.asked = 0

        @app.get("/hello/{name}")
        async def hello(self, name: str, times: int = 1) -> dict[str, Any]:
            self.asked += 1
            return {"greeting": " ".join([self.greeting, name] * times), "asked": self.asked}

        @app.get("/sync")
        def sync(self) -> str:
            return self.greeting

        @app.post("/items", status_code=201)
        async def create(self, item: Item, request: Request) -> Item:
            return Item(name=f"{item.name} by {request.method}", price=item.price)

        @app.get("/stream")
        async def stream(self) -> StreamingResponse:
            async def numbers() -> AsyncIterator[str]:
                for number in range(5):
                    yield f"{number}\n"

            return StreamingResponse(numbers(), media_type="text/plain")

        @app.websocket("/echo")
        async def echo(self, socket: WebSocket) -> None:
            await socket.accept()
            while (text := await socket.receive_text()) != "end":
                await socket.send_json({"greeting": self.greeting, "text": text})
            await socket.close(4000)

    return Service.bind("hello")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(application(), route_prefix="/")
    yield f"127.0.0.1:{port}"
    serve.shutdown()
    ray.shutdown()


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
        yield client


def test_methods_of_the_deployment(client: httpx.Client) -> None:
    answers = [client.get("/hello/you", params={"times": times}) for times in (1, 2)]
    assert [answer.json() for answer in answers] == [
        {"greeting": "hello you", "asked": 1},
        {"greeting": "hello you hello you", "asked": 2},
    ]
    assert client.get("/sync").json() == "hello"


def test_validation(client: httpx.Client) -> None:
    answer = client.get("/hello/you", params={"times": "x"})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "times"])
    assert client.post("/items", json={"price": 1}).status_code == 422


def test_body_and_response_model(client: httpx.Client) -> None:
    answer = client.post("/items", json={"name": "thing", "price": 2})
    assert (answer.status_code, answer.json()) == (201, {"name": "thing by POST", "price": 2.0})


def test_routes_of_an_included_router(client: httpx.Client) -> None:
    assert client.get("/more/token", headers={"X-Token": "abc"}).json() == {"token": "ABC"}
    missing = client.get("/more/missing")
    assert (missing.status_code, missing.json(), missing.headers["x-why"]) == (
        404,
        {"detail": "nothing here"},
        "test",
    )
    assert client.get("/nowhere").json() == {"detail": "Not Found"}
    assert client.post("/sync").status_code == 405


def test_middleware(client: httpx.Client) -> None:
    answer = client.get("/sync", headers={"Origin": "http://other"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_stream(client: httpx.Client) -> None:
    with client.stream("GET", "/stream") as answer:
        assert list(answer.iter_lines()) == ["0", "1", "2", "3", "4"]


def test_websocket(address: str) -> None:
    with connect(f"ws://{address}/echo") as socket:
        socket.send("text")
        assert json.loads(socket.recv(timeout=30)) == {"greeting": "hello", "text": "text"}
        socket.send("end")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=30)
        assert socket.close_code == 4000


def test_documentation(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "served"
    assert sorted(document["paths"]) == [
        "/hello/{name}",
        "/items",
        "/more/missing",
        "/more/token",
        "/stream",
        "/sync",
    ]
    assert client.get("/docs").status_code == 200
