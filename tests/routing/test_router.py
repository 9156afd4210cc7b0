"""The router: what it adds to routes, live lists, refusals."""

import copy
from typing import Any

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from ferroapi import APIRouter, Depends, FastAPI
from ferroapi._epoch import TrackedList
from ferroapi.exceptions import FastAPIError
from ferroapi.routing import APIRoute
from ferroapi.testclient import TestClient


def endpoint() -> Response:
    return PlainTextResponse("ok")


def test_route_takes_from_the_router() -> None:
    outer, inner = Depends(lambda: None), Depends(lambda: None)
    router = APIRouter(
        prefix="/p",
        tags=["a"],
        dependencies=[outer],
        default_response_class=HTMLResponse,
        responses={404: {"description": "router"}, 410: {}},
        deprecated=True,
        max_body_size=10,
    )
    options: dict[str, Any] = {"tags": ["b"], "dependencies": [inner], "responses": {404: {}}}
    router.post("/x", **options)(endpoint)
    [route] = router.routes
    assert isinstance(route, APIRoute)
    assert (route.path, route.methods, route.tags) == ("/p/x", {"POST"}, ["a", "b"])
    assert route.dependencies == [outer, inner]
    assert route.response_class is HTMLResponse
    assert route.responses == {404: {}, 410: {}}
    assert (route.deprecated, route.max_body_size) == (True, 10)
    assert (router.tags, options["tags"]) == (["a"], ["b"])


def test_route_class_that_knows_no_form_limits() -> None:
    class OldRoute(APIRoute):
        def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
            assert "form_limits" not in options
            super().__init__(path, endpoint, **options)

    router = APIRouter(route_class=OldRoute)
    router.get("/x")(endpoint)
    assert type(router.routes[0]) is OldRoute


def test_overridden_links_of_the_chain() -> None:
    class Router(APIRouter):
        def add_api_route(self, path: str, endpoint: Any, **options: Any) -> None:
            seen.append((path, options["methods"], options["status_code"]))
            super().add_api_route(path, endpoint, **options)

    seen: list[Any] = []
    router = Router()
    router.delete("/x", status_code=204)(endpoint)
    router.api_route("/y", methods=["GET", "PUT"])(endpoint)
    assert seen == [("/x", ["DELETE"], 204), ("/y", ["GET", "PUT"], None)]


@pytest.mark.parametrize("name", ["routes", "_low_priority_routes"])
@pytest.mark.parametrize("value", [[], TrackedList()])
def test_route_lists_are_tracked(name: str, value: Any) -> None:
    router = APIRouter()
    assert type(getattr(router, name)) is TrackedList
    setattr(router, name, value)
    assert type(getattr(router, name)) is TrackedList
    assert (getattr(router, name) is value) == isinstance(value, TrackedList)
    assert type(getattr(copy.deepcopy(router), name)) is TrackedList


@pytest.mark.parametrize("kind", [tuple, type("Own", (list,), {})])
def test_sequences_of_another_kind_stay_what_they_are(kind: Any) -> None:
    router = APIRouter()
    value = kind()
    router.routes = value
    assert router.routes is value
    assert type(copy.deepcopy(router).routes) is kind


def test_refusals() -> None:
    router, other = APIRouter(), APIRouter()
    router.include_router(other)
    with pytest.raises(AssertionError, match="into itself"):
        router.include_router(router)
    with pytest.raises(AssertionError, match="already includes this router"):
        other.include_router(router)
    for prefix in ("x", "/x/"):
        with pytest.raises(AssertionError, match="path prefix must"):
            APIRouter(prefix=prefix)
        with pytest.raises(AssertionError, match="path prefix must"):
            router.include_router(APIRouter(), prefix=prefix)
    other.get("")(endpoint)
    with pytest.raises(FastAPIError, match=r"cannot be both empty \(path operation: endpoint\)"):
        APIRouter().include_router(other)
    with pytest.raises(ValueError, match="max_body_size must be"):
        APIRouter(max_body_size=True)
    with pytest.raises(TypeError, match=r"APIRouter\.get\(\) got an unexpected keyword argument 'no'"):
        router.get("/", no=1)  # type: ignore[call-arg]


def client(**options: Any) -> TestClient:
    app = FastAPI(openapi_url=None, **options)
    router = APIRouter()
    router.get("/x")(endpoint)
    router.get("/slash/")(endpoint)
    app.include_router(router, prefix="/p")
    app.get("/x")(endpoint)
    app.add_route("/plain", lambda request: PlainTextResponse("plain"))
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/p/x", 200),
        ("GET", "/x", 200),
        ("HEAD", "/x", 405),
        ("HEAD", "/plain", 200),
        ("POST", "/p/x", 405),
        ("GET", "/p/x/", 307),
        ("GET", "/p/slash", 307),
        ("GET", "/nothing", 404),
    ],
)
def test_answers(method: str, path: str, status: int) -> None:
    response = client().request(method, path)
    assert response.status_code == status
    if status == 405:
        assert response.headers["allow"] == "GET"


def test_redirect_slashes_off() -> None:
    assert client(redirect_slashes=False).get("/x/").status_code == 404


def test_routes_replaced_while_serving() -> None:
    serving = client()
    app: Any = serving.app
    assert serving.get("/x").status_code == 200
    app.router.routes = [route for route in app.router.routes if getattr(route, "path", None) != "/x"]
    assert serving.get("/x").status_code == 404
    app.router.routes.append(APIRoute("/x", endpoint))
    assert serving.get("/x").status_code == 200
