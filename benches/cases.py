"""The cases of the speed table: one small application and one request each.

`build(api)` gets the imported top module of either package, so both run the same source.
"""

# mypy: ignore-errors
import importlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import BaseModel

Send = Callable[[dict[str, Any]], Awaitable[None]]
BROWSER = (
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"*/*"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One line of the table; `goal` is how many times faster than the reference it has to be.

    `bare` is the same as a bare ASGI callable, where the reference's messages sent again would not do; with
    `plain` there is only that, and no framework takes part.
    """

    name: str
    build: Callable[[Any], Any]
    target: str = "/"
    method: str = "GET"
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status: int = 200
    goal: float | None = None
    bare: Callable[[Any, Any, Send], Awaitable[None]] | None = None
    plain: bool = False
    all_headers: list[tuple[bytes, bytes]] = field(init=False)

    def __post_init__(self) -> None:
        length = ((b"content-type", b"application/json"), (b"content-length", str(len(self.body)).encode()))
        object.__setattr__(self, "all_headers", [*BROWSER, *self.headers, *(length if self.body else ())])

    def scope(self) -> dict[str, Any]:
        """A fresh scope with the keys uvicorn's httptools protocol gives, in its order."""
        path, _, query = self.target.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "root_path": "",
            "headers": list(self.all_headers),
            "state": {},
            "method": self.method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
        }

    def receive(self) -> Callable[[], Awaitable[dict[str, Any]]]:
        """A `receive` that hands over the whole body each time it is asked."""
        body = self.body

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        return receive


class Address(BaseModel):
    street: str
    city: str
    code: int


class Line(BaseModel):
    sku: str
    quantity: int
    price: float
    tags: list[str] = []


class Order(BaseModel):
    id: int
    customer: str
    placed: datetime
    address: Address
    lines: list[Line]
    note: str | None = None


ORDER = {
    "id": 7,
    "customer": "Ada",
    "placed": "2024-05-06T07:08:09Z",
    "address": {"street": "12 Analytical Row", "city": "London", "code": 1815},
    "lines": [{"sku": f"A-{n}", "quantity": n, "price": n * 1.25, "tags": ["a", "b"]} for n in range(1, 6)],
}


class Row(BaseModel):
    id: int
    name: str
    price: float
    active: bool


class DatedRow(Row):
    """Writing its date costs pydantic as much as all the rest."""

    at: datetime


ROWS = [Row(id=n, name=f"row {n}", price=n / 4, active=n % 2 == 0) for n in range(100)]
DATED_ROWS = [DatedRow(**row.model_dump(), at=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)) for row in ROWS]


def hello_async(api):
    app = api.FastAPI()

    @app.get("/")
    async def hello():
        return {"hello": "world"}

    return app


def hello_def(api):
    app = api.FastAPI()

    @app.get("/")
    def hello():
        return {"hello": "world"}

    return app


def parameters(api):
    app = api.FastAPI()

    @app.get("/items/{item_id}")
    async def read(
        item_id: int,
        q: str | None = None,
        limit: Annotated[int, api.Query(ge=1, le=100)] = 10,
        tags: Annotated[list[str], api.Query()] = [],  # noqa: B006
        x_token: Annotated[str | None, api.Header()] = None,
        session: Annotated[str | None, api.Cookie()] = None,
    ):
        return {"id": item_id, "q": q, "limit": limit, "tags": tags, "token": x_token, "session": session}

    return app


def six_dependencies(api):
    app = api.FastAPI()

    async def settings():
        return {"debug": False}

    async def database(settings: Annotated[dict, api.Depends(settings)]):
        yield {"open": True}

    async def token(authorization: Annotated[str, api.Header()]):
        return authorization

    async def user(token: Annotated[str, api.Depends(token)], db: Annotated[dict, api.Depends(database)]):
        return {"name": token, "db": db}

    async def paging(skip: int = 0, limit: int = 10):
        return skip, limit

    async def permissions(
        user: Annotated[dict, api.Depends(user)], settings: Annotated[dict, api.Depends(settings)]
    ):
        return ["read"]

    @app.get("/")
    async def endpoint(
        user: Annotated[dict, api.Depends(user)],
        paging: Annotated[tuple, api.Depends(paging)],
        permissions: Annotated[list, api.Depends(permissions)],
        db: Annotated[dict, api.Depends(database)],
    ):
        return {"user": user["name"], "skip": paging[0], "permissions": permissions, "open": db["open"]}

    return app


def nested_model(api):
    app = api.FastAPI()

    @app.post("/orders")
    async def create(order: Order) -> Order:
        return order

    return app


def hundred_models(api):
    app = api.FastAPI()

    @app.get("/rows")
    async def read() -> list[Row]:
        return ROWS

    return app


def hundred_dated_models(api):
    app = api.FastAPI()

    @app.get("/rows")
    async def read() -> list[DatedRow]:
        return DATED_ROWS

    return app


def invalid(api):
    app = api.FastAPI()

    @app.get("/items/{item_id}")
    async def read(item_id: int, limit: int):
        return item_id

    return app


def thousand_routes(api):
    app = api.FastAPI(openapi_url=None)

    async def other(item_id: str):
        return item_id

    for index in range(1000):
        app.add_api_route(f"/resource{index}/{{item_id}}", other, name=f"r{index}")

    @app.get("/")
    async def hello():
        return {"hello": "world"}

    return app


def included_routers(api):
    app, outer, middle, inner = (
        api.FastAPI(),
        api.APIRouter(),
        api.APIRouter(prefix="/b"),
        api.APIRouter(prefix="/c"),
    )

    @inner.get("/{n}")
    async def leaf(n: int):
        return {"n": n}

    middle.include_router(inner)
    outer.include_router(middle, prefix="/a")
    app.include_router(outer, prefix="/api")
    return app


def behind_cors(build):
    def build_behind_cors(api):
        cors = importlib.import_module(f"{api.__name__}.middleware.cors")
        app = build(api)
        app.add_middleware(cors.CORSMiddleware, allow_origins=[ORIGIN], allow_methods=["*"])
        return app

    return build_behind_cors


ORIGIN = "https://shop.example"
FROM_ORIGIN = ((b"origin", ORIGIN.encode()),)
PARAMETERS = {
    "target": "/items/42?q=search&limit=20&tags=a&tags=b",
    "headers": ((b"x-token", b"secret"), (b"cookie", b"session=abc; theme=dark")),
}
NESTED = {"target": "/orders", "method": "POST", "body": json.dumps(ORDER).encode()}

CASES = (
    Case(name="hello async", build=hello_async, goal=22),
    Case(name="hello def", build=hello_def, goal=2.3),
    Case(name="parameters", build=parameters, goal=20, **PARAMETERS),
    Case(
        name="six dependencies",
        build=six_dependencies,
        target="/?skip=5",
        headers=((b"authorization", b"me"),),
        goal=20,
    ),
    Case(name="nested model in and out", build=nested_model, goal=7, **NESTED),
    Case(name="100 models out", build=hundred_models, target="/rows", goal=2.4),
    Case(name="100 models out, dated", build=hundred_dated_models, target="/rows"),
    Case(name="404", build=hello_async, target="/nowhere", status=404, goal=18),
    Case(name="422 with two errors", build=invalid, target="/items/x?limit=y", status=422, goal=8),
    Case(name="hello behind 1,000 routes", build=thousand_routes, goal=250),
    Case(name="three nested routers", build=included_routers, target="/api/a/b/c/7", goal=30),
    Case(name="hello behind CORS", build=behind_cors(hello_async), headers=FROM_ORIGIN, goal=8),
    Case(
        name="parameters behind CORS",
        build=behind_cors(parameters),
        goal=8,
        **{**PARAMETERS, "headers": (*PARAMETERS["headers"], *FROM_ORIGIN)},
    ),
    Case(
        name="nested model behind CORS",
        build=behind_cors(nested_model),
        goal=8,
        **{**NESTED, "headers": FROM_ORIGIN},
    ),
)


async def bare_echo(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """Send the body back."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/octet-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def echo(api):
    app = api.FastAPI()

    @app.post("/echo")
    async def send_back(request: api.Request):
        return api.Response(await request.body(), media_type="application/octet-stream")

    return app


CHUNKS = tuple(bytes([letter]) * 1024 for letter in b"abcdefgh")


async def bare_streamed(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """Send a body of unknown length in pieces."""
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for chunk in CHUNKS:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def text(size: int) -> bytes:
    """Return `size` bytes of ASCII."""
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


ECHO = {"build": echo, "bare": bare_echo, "target": "/echo", "method": "POST"}

# What costs a server, not an application: measured under one only.
SERVER_CASES = (
    Case(name="echo 1 KiB", body=text(1024), **ECHO),
    Case(name="echo 64 KiB", body=text(65536), **ECHO),
    Case(name="streamed 8 x 1 KiB", build=lambda api: bare_streamed, bare=bare_streamed, plain=True),
)
EVERY_CASE = (*CASES, *SERVER_CASES)


def named(name: str) -> Case:
    """Return the case called `name`."""
    return next(case for case in EVERY_CASE if case.name == name)


async def bare(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """The floor: an ASGI callable that answers hello and does nothing else."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"17"), (b"content-type", b"application/json")],
        }
    )
    await send({"type": "http.response.body", "body": b'{"hello":"world"}'})
