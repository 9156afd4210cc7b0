"""BlackSheep: its injected services are made without `await` and are not closed, so no six dependencies.

Nor has it a `def` endpoint in a thread: it runs one on the event loop.
"""

# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
from blacksheep import Application, Content, FromCookie, FromHeader, FromJSON, FromQuery, Response, json
from pydantic import TypeAdapter

from ...cases import ORIGIN, ROWS, Order, Row

LIST = TypeAdapter(list[Row])


class Token(FromHeader[str]):
    name = "x-token"


class Session(FromCookie[str]):
    name = "session"


async def hello():
    return json({"hello": "world"})


async def read_item(
    item_id: int,
    q: FromQuery[str | None],
    limit: FromQuery[int],
    tags: FromQuery[list[str]],
    token: Token,
    session: Session,
):
    if not 1 <= limit.value <= 100:
        return Response(400)
    return json(
        {
            "id": item_id,
            "q": q.value,
            "limit": limit.value,
            "tags": tags.value,
            "token": token.value,
            "session": session.value,
        }
    )


async def create_order(order: FromJSON[Order]):
    return Response(200, None, Content(b"application/json", order.value.model_dump_json().encode()))


async def read_rows():
    return Response(200, None, Content(b"application/json", LIST.dump_json(ROWS)))


async def other(item_id: str):
    return json(item_id)


def single(method, path, handler):
    app = Application()
    app.router.add(method, path, handler)
    return app


def thousand_routes():
    app = Application()
    for index in range(1000):
        app.router.add("GET", f"/resource{index}/{{item_id}}", other)
    app.router.add("GET", "/", hello)
    return app


def behind_cors():
    app = single("GET", "/", hello)
    app.use_cors(allow_methods="*", allow_origins=ORIGIN)
    return app


APPS = {
    "hello async": lambda: single("GET", "/", hello),
    "parameters": lambda: single("GET", "/items/{item_id}", read_item),
    "nested model in and out": lambda: single("POST", "/orders", create_order),
    "100 models out": lambda: single("GET", "/rows", read_rows),
    "404": lambda: single("GET", "/", hello),
    "hello behind 1,000 routes": thousand_routes,
    "hello behind CORS": behind_cors,
}
