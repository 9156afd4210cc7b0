"""The application: `app` puts the parts together."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ferroapi import FastAPI, Request, Response
from ferroapi.responses import JSONResponse

from .database import create_tables
from .routers import items, live, orders, users
from .routers.orders import OutOfStockError


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the tables before the first request."""
    create_tables()
    yield


app = FastAPI(title="Shop", version="1.0.0", description=__doc__ or "", lifespan=lifespan)
for area in (users, items, orders, live):
    app.include_router(area.router)


@app.middleware("http")
async def add_process_time(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Say in a header how many seconds the answer took."""
    started = time.perf_counter()
    response = await call_next(request)
    response.headers["X-Process-Time"] = f"{time.perf_counter() - started:.6f}"
    return response


@app.exception_handler(OutOfStockError)
async def out_of_stock(request: Request, exc: OutOfStockError) -> JSONResponse:
    """Answer 409 with what is left."""
    return JSONResponse({"detail": str(exc), "item_id": exc.item_id, "left": exc.left}, status_code=409)


@app.get("/", tags=["shop"])
async def read_root() -> dict[str, str]:
    """Where to go from here."""
    return {"name": app.title, "docs": "/docs"}
