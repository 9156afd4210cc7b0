"""Starlette: no validation and no dependencies of its own, so parameters and models are done by hand."""

from collections.abc import Callable

from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ...cases import ORIGIN, ROWS, Order, Row

LIST = TypeAdapter(list[Row])


async def hello(request: Request) -> Response:
    return JSONResponse({"hello": "world"})


def hello_def(request: Request) -> Response:
    return JSONResponse({"hello": "world"})


async def read_item(request: Request) -> Response:
    query = request.query_params
    return JSONResponse(
        {
            "id": request.path_params["item_id"],
            "q": query.get("q"),
            "limit": int(query.get("limit", 10)),
            "tags": query.getlist("tags"),
            "token": request.headers.get("x-token"),
            "session": request.cookies.get("session"),
        }
    )


async def create_order(request: Request) -> Response:
    order = Order.model_validate_json(await request.body())
    return Response(order.model_dump_json(), media_type="application/json")


async def read_rows(request: Request) -> Response:
    return Response(LIST.dump_json(ROWS), media_type="application/json")


async def other(request: Request) -> Response:
    return JSONResponse(request.path_params["item_id"])


def thousand_routes() -> Starlette:
    others = [Route(f"/resource{index}/{{item_id}}", other) for index in range(1000)]
    return Starlette(routes=[*others, Route("/", hello)])


def behind_cors() -> Starlette:
    cors = Middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_methods=["*"])
    return Starlette(routes=[Route("/", hello)], middleware=[cors])


APPS: dict[str, Callable[[], Starlette]] = {
    "hello async": lambda: Starlette(routes=[Route("/", hello)]),
    "hello def": lambda: Starlette(routes=[Route("/", hello_def)]),
    "parameters": lambda: Starlette(routes=[Route("/items/{item_id:int}", read_item)]),
    "nested model in and out": lambda: Starlette(routes=[Route("/orders", create_order, methods=["POST"])]),
    "100 models out": lambda: Starlette(routes=[Route("/rows", read_rows)]),
    "404": lambda: Starlette(routes=[Route("/", hello)]),
    "hello behind 1,000 routes": thousand_routes,
    "hello behind CORS": behind_cors,
}
