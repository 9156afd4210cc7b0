"""Declarations for type checkers: the lines that end in `# refused` must be errors, and no others."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, assert_type

import uvicorn
from uvicorn.server import ServerState

from ferroapi import APIRouter, Depends, FastAPI
from ferroapi.protocol import HTTPProtocol
from ferroapi.responses import HTMLResponse
from ferroapi.routing import APIRoute
from ferroapi.types import DecoratedCallable

app = FastAPI(title="x", dependencies=[Depends(lambda: 1)])
router = APIRouter(prefix="/x")


@app.get("/a", response_model=int, status_code=201, tags=["t"], dependencies=[Depends(lambda: 1)])
def read(a: int) -> str:
    return str(a)


@router.post(
    path="/b", response_class=HTMLResponse, responses={404: {"description": "no"}}, callbacks=router.routes
)
async def write(a: int) -> str:
    return str(a)


assert_type(read(1), str)
read("1")  # refused

app.include_router(router, prefix="/p", default_response_class=HTMLResponse)
app.include_router("router")  # refused
app.include_router(router, prefx="/p")  # refused

app.get("/a", wrong=1)  # refused
app.get("/a", status_code="x")  # refused
app.get()  # refused
app.get(1)  # refused
app.get("/a", "/b")  # refused
app.get("/a", methods=["GET"])  # refused
app.put("/a", response_model_exclude_unset="yes")  # refused
router.delete("/a", wrong=1)  # refused
router.patch("/a", max_body_size="1")  # refused
router.trace("/a", form_limits={"max_fields": 3})
router.trace("/a", form_limits={"max_field": 3})  # refused
router.head("/a", generate_unique_id_function=lambda route: route.name)
router.head("/a", generate_unique_id_function=lambda route: route.nope)  # refused

app.api_route("/a", methods=["GET", "POST"])
app.api_route("/a", callbacks=[])  # refused
app.api_route("/a", methods="GET")  # refused
router.api_route("/a", callbacks=[])
app.add_api_route("/a", read, methods=["GET"])
app.add_api_route(path="/a", endpoint=read, response_class=HTMLResponse)
app.add_api_route("/a")  # refused
app.add_api_route("/a", 1)  # refused
app.add_api_route("/a", read, route_class_override=APIRoute)  # refused
router.add_api_route("/a", read, methods={"GET"}, route_class_override=APIRoute, strict_content_type=False)
router.add_api_route("/a", read, nope=1)  # refused


class Router(APIRouter):
    def get(
        self, path: str, *, response_model: Any = None, **options: Any
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        return super().get(path, response_model=response_model, **options)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().add_api_route(path, endpoint, **options)


class App(FastAPI):
    def api_route(self, path: str, **options: Any) -> Callable[[DecoratedCallable], DecoratedCallable]:
        return super().api_route(path, **options)

    def post(self, path: int) -> int:  # refused
        return path


class Lively(FastAPI):
    pool: int = 0


@asynccontextmanager
async def lifespan(app: Lively) -> AsyncIterator[None]:
    app.pool = 1
    yield


Lively(lifespan=lifespan)
FastAPI(titel="x")  # refused

uvicorn.run(app, http=HTTPProtocol, loop="uvloop")
uvicorn.run("main:app", http="ferroapi.protocol:HTTPProtocol", workers=2)
uvicorn.Config(app, http=HTTPProtocol, loop="uvloop", workers=2)
uvicorn.Config(app, http=HTTPProtocol()).load()  # refused
HTTPProtocol(uvicorn.Config(app), ServerState(), {}, None).data_received(b"")
HTTPProtocol(uvicorn.Config(app))  # refused


class Protocol(HTTPProtocol):  # refused
    pass
