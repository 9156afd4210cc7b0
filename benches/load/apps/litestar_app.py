"""Litestar: all cases have an equal."""

# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
from typing import Annotated

from litestar import Litestar, get, post
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.params import Parameter

from ...cases import ORIGIN, ROWS, Order, Row


@get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@get("/", sync_to_thread=True)
def hello_def() -> dict[str, str]:
    return {"hello": "world"}


@get("/items/{item_id:int}")
async def read_item(
    item_id: int,
    tags: list[str],
    x_token: Annotated[str | None, Parameter(header="x-token")] = None,
    session: Annotated[str | None, Parameter(cookie="session")] = None,
    q: str | None = None,
    limit: Annotated[int, Parameter(ge=1, le=100)] = 10,
) -> dict[str, object]:
    return {"id": item_id, "q": q, "limit": limit, "tags": tags, "token": x_token, "session": session}


async def settings() -> dict:
    return {"debug": False}


async def database(settings: dict):
    yield {"open": True}


async def token(authorization: Annotated[str, Parameter(header="authorization")]) -> str:
    return authorization


async def user(token: str, db: dict) -> dict:
    return {"name": token, "db": db}


async def paging(skip: int = 0, limit: int = 10) -> tuple:
    return skip, limit


async def permissions(user: dict, settings: dict) -> list:
    return ["read"]


DEPENDENCIES = {
    "settings": Provide(settings),
    "db": Provide(database),
    "token": Provide(token),
    "user": Provide(user),
    "paging": Provide(paging),
    "permissions": Provide(permissions),
}


@get("/", dependencies=DEPENDENCIES)
async def endpoint(user: dict, paging: tuple, permissions: list, db: dict) -> dict[str, object]:
    return {"user": user["name"], "skip": paging[0], "permissions": permissions, "open": db["open"]}


@post("/orders", status_code=200)
async def create_order(data: Order) -> Order:
    return data


@get("/rows")
async def read_rows() -> list[Row]:
    return ROWS


async def other(item_id: str) -> str:
    return item_id


def thousand_routes() -> Litestar:
    others = [get(f"/resource{index}/{{item_id:str}}")(other) for index in range(1000)]
    return Litestar([*others, hello], openapi_config=None)


APPS = {
    "hello async": lambda: Litestar([hello]),
    "hello def": lambda: Litestar([hello_def]),
    "parameters": lambda: Litestar([read_item]),
    "six dependencies": lambda: Litestar([endpoint]),
    "nested model in and out": lambda: Litestar([create_order]),
    "100 models out": lambda: Litestar([read_rows]),
    "404": lambda: Litestar([hello]),
    "hello behind 1,000 routes": thousand_routes,
    "hello behind CORS": lambda: Litestar([hello], cors_config=CORSConfig(allow_origins=[ORIGIN])),
}
