"""Differences that generated applications showed first, each as small as it gets."""

# mypy: ignore-errors
from typing import Annotated

from starlette.background import BackgroundTask

from ..driver import get, log, request
from ..registry import differential


@differential(
    get("/gone", gone_after_sends=0),
    get("/gone", gone_after_sends=1),
    get("/number", gone_after_sends=0),
    get("/teapot", gone_after_sends=1),
)
def client_gone_during_an_error(api):
    """What `send` raises has the error that was being answered as its context."""
    app = api.FastAPI()

    @app.get("/number")
    async def number(n: int):
        pass

    @app.get("/teapot")
    async def teapot():
        raise api.HTTPException(418)

    return app


@differential(get("/before"), get("/1/2"), get("/after"), request("POST", "/before"), openapi=False)
def inclusion_that_can_not_be_built(api):
    """Only requests that come as far as the inclusion fail."""
    app, router = api.FastAPI(), api.APIRouter()

    @app.get("/before")
    def before():
        return "before"

    @router.get("/{item}")
    def item(item: str):
        return item

    app.include_router(router, prefix="/{item}")

    @app.get("/after")
    def after():
        return "after"

    return app


@differential(get("/?n=1"), get("/?n=x"), get("/"), get("/refused"))
def override_that_can_not_be_a_dependency(api):
    """It fails in its turn, after the dependencies before it."""
    app = api.FastAPI()

    def first():
        log("first in")
        yield
        log("first out")

    def second():
        log("second")

    def third():
        log("third")
        raise api.HTTPException(403)

    def refused(item: Annotated[str, api.Header()]):
        log("refused")

    @app.get("/", dependencies=[api.Depends(first), api.Depends(second)])
    async def endpoint(n: int):
        log("endpoint")

    @app.get("/{item}", dependencies=[api.Depends(third), api.Depends(second)])
    async def other(item: str):
        log("other")

    def unfit(item: Annotated[dict, api.Query()]):
        log("unfit")

    app.dependency_overrides[second] = unfit
    return app


@differential(get("/sub/fails"), get("/fails"))
def handler_of_an_error_after_the_start(api):
    """The outermost handler is asked although its response can't be sent, and is not."""
    app, sub = api.FastAPI(), api.FastAPI()

    @app.get("/fails")
    @sub.get("/fails")
    async def fails():
        raise KeyError("key")

    @app.exception_handler(Exception)
    async def handler(request, error):
        log("handler", type(error).__name__)
        return api.responses.JSONResponse("handled", 503, background=BackgroundTask(log, "background"))

    app.mount("/sub", sub)
    return app


def _removed(api, *, walked: bool):
    app, router = api.FastAPI(), api.APIRouter(prefix="/r")

    @app.get("/first")
    def first():
        return "first"

    @router.get("/gone")
    def gone():
        return "gone"

    app.include_router(router)

    @app.get("/remove")
    def remove():
        router.routes[-1:] = []

    if not walked:  # the request that removes it is answered by a route before the inclusion
        app.router.routes.insert(0, app.router.routes.pop())
    return app


@differential(get("/first"), get("/remove"), get("/r/gone"), get("/r/gone"), openapi=False)
def route_removed_after_it_was_looked_through(api):
    return _removed(api, walked=True)


@differential(get("/first"), get("/remove"), get("/r/gone"), get("/r/gone"), openapi=False)
def route_removed_before_it_was_looked_through(api):
    return _removed(api, walked=False)
