"""Robyn, which is a server too. It injects objects, not calls, so it has no equal of the six dependencies.

Its CORS support sets headers on every response without looking at the request; that is not the same case.
"""

# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
from http.cookies import SimpleCookie

from pydantic import TypeAdapter
from robyn import Headers, Request, Response, Robyn

from ...cases import ROWS, Order, Row

LIST = TypeAdapter(list[Row])
JSON = Headers({"content-type": "application/json"})
BYTES = Headers({"content-type": "application/octet-stream"})


async def hello():
    return {"hello": "world"}


def hello_def():
    return {"hello": "world"}


async def read_item(request: Request, item_id: int, q: str | None = None, limit: int = 10):
    cookie = SimpleCookie(request.headers.get("cookie") or "").get("session")
    return {
        "id": item_id,
        "q": q,
        "limit": limit,
        "tags": request.query_params.get_all("tags"),
        "token": request.headers.get("x-token"),
        "session": cookie.value if cookie else None,
    }


async def create_order(order: Order):
    return order


async def read_rows():
    return Response(status_code=200, headers=JSON, description=LIST.dump_json(ROWS))


async def echo(request: Request):
    return Response(status_code=200, headers=BYTES, description=request.body)


async def other(item_id: str):
    return item_id


def single(method, path, handler):
    app = Robyn(__file__)
    getattr(app, method)(path)(handler)
    return app


def thousand_routes():
    app = Robyn(__file__)
    for index in range(1000):
        app.get(f"/resource{index}/:item_id")(other)
    app.get("/")(hello)
    return app


APPS = {
    "hello async": lambda: single("get", "/", hello),
    "hello def": lambda: single("get", "/", hello_def),
    "parameters": lambda: single("get", "/items/:item_id", read_item),
    "nested model in and out": lambda: single("post", "/orders", create_order),
    "100 models out": lambda: single("get", "/rows", read_rows),
    "echo 1 KiB": lambda: single("post", "/echo", echo),
    "echo 64 KiB": lambda: single("post", "/echo", echo),
    "404": lambda: single("get", "/", hello),
    "hello behind 1,000 routes": thousand_routes,
}
