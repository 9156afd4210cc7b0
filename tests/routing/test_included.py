"""Inclusions: contexts, their order and cache, copies."""

import copy
import pickle
import threading
from typing import Any

import pytest
from starlette.routing import Host, Match, Mount, NoMatchFound, Route, WebSocketRoute

from ferroapi import APIRouter, Depends
from ferroapi._routing import included as included_module
from ferroapi.routing import (
    APIRoute,
    APIWebSocketRoute,
    RouteContext,
    _EffectiveRouteContext,
    _IncludedRouter,
    iter_route_contexts,
)


def endpoint() -> None: ...


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def inclusion(router: APIRouter, **options: Any) -> _IncludedRouter:
    parent = APIRouter(prefix="/parent", tags=["parent"])
    parent.include_router(router, **options)
    [route] = parent.routes
    assert isinstance(route, _IncludedRouter)
    return route


def http(path: str, method: str = "GET") -> dict[str, Any]:
    return {"type": "http", "path": path, "root_path": "", "method": method, "headers": []}


def test_context_combines_all_levels() -> None:
    first, second, third = (Depends(lambda: None) for _ in range(3))
    leaf = APIRouter(tags=["leaf"], dependencies=[second])
    leaf.get("/x", tags=["route"], dependencies=[third])(endpoint)
    middle = APIRouter(prefix="/middle")
    middle.include_router(leaf, prefix="/leaf", responses={404: {}}, deprecated=True)
    route = inclusion(middle, prefix="/p", dependencies=[first], include_in_schema=False)
    [context] = route.effective_route_contexts()
    assert context.path == "/parent/p/middle/leaf/x"
    assert context.tags == ["parent", "leaf", "route"]
    assert [dep.dependency for dep in context.dependencies] == [
        dep.dependency for dep in (first, second, third)
    ]
    assert context.dependant is not None
    assert len(context.dependant.dependencies) == 3
    assert context.responses == {404: {}}
    assert context.deprecated
    assert not context.include_in_schema
    assert context.original_route is leaf.routes[0]
    assert vars(context)["path"] == context.path


def test_every_kind_of_route_gets_the_prefix() -> None:
    router = APIRouter(
        routes=[
            APIRoute("/api", endpoint),
            APIWebSocketRoute("/ws", endpoint),
            Route("/route", asgi),
            WebSocketRoute("/socket", asgi),
            Mount("/mount", asgi),
            Host("example.org", asgi),
        ]
    )
    contexts = list(iter_route_contexts([inclusion(router)]))
    assert [context.path for context in contexts[:5]] == [
        "/parent/api",
        "/parent/ws",
        "/parent/route",
        "/parent/socket",
        "/parent/mount",
    ]
    host: Any = contexts[5].host
    assert host == "example.org"
    assert [context.original_route for context in contexts] == router.routes


def test_cache_follows_the_version_and_moves_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    bumps: list[int] = []
    monkeypatch.setattr(included_module, "bump_epoch", lambda: bumps.append(1))
    nested = APIRouter()
    router = APIRouter()
    router.include_router(nested)
    route = inclusion(router)
    bumps.clear()
    first = route.effective_candidates()
    assert route.effective_candidates() is first
    assert len(bumps) == 1
    nested.get("/new")(endpoint)
    assert route.effective_candidates() is not first
    assert len(bumps) == 2
    assert [context.path for context in route.effective_route_contexts()] == ["/parent/new"]


def test_routes_put_in_the_list_need_a_mark() -> None:
    router = APIRouter()
    route = inclusion(router)
    assert route.effective_candidates() == []
    router.routes.append(APIRoute("/late", endpoint))
    assert route.effective_candidates() == []
    router._mark_routes_changed()
    assert len(route.effective_candidates()) == 1


def test_one_thread_builds() -> None:
    router = APIRouter()
    router.get("/x")(endpoint)
    route = inclusion(router)
    results: list[Any] = []
    barrier = threading.Barrier(4)

    def build() -> None:
        barrier.wait()
        results.append(route.effective_candidates())

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(result) for result in results}) == 1


@pytest.mark.parametrize("served", [False, True])
def test_copies(served: bool) -> None:
    router = APIRouter()
    router.get("/x/{y}", name="x")(endpoint)
    route = inclusion(router, prefix="/p")
    if served:
        assert route.url_path_for("x", y="1") == "/parent/p/x/1"
    for copied in (copy.copy(route), copy.deepcopy(route)):
        assert copied.url_path_for("x", y="1") == "/parent/p/x/1"
        assert (copied.original_router is router) == (copied.include_context is route.include_context)
    inner = inclusion(APIRouter())
    assert pickle.loads(pickle.dumps(inner)).include_context.prefix == "/parent"


def test_match_prefers_full_and_restores_the_scope() -> None:
    router = APIRouter()
    router.post("/x")(endpoint)
    router.get("/x")(endpoint)
    route = inclusion(router)
    scope = http("/parent/x")
    match, child_scope, found, context = route._match(scope)
    assert (match, found) == (Match.FULL, router.routes[1])
    assert child_scope["route"] is router.routes[1]
    assert isinstance(context, _EffectiveRouteContext)
    assert scope["fastapi"] == {}
    assert route.matches(http("/parent/x", "PUT")) == (Match.PARTIAL, {})
    assert route.matches(http("/x")) == (Match.NONE, {})
    assert router.matches(http("/parent/x")) == (Match.NONE, {})


def test_route_context_stands_for_its_route() -> None:
    route = APIRoute("/x/{y}", endpoint, name="x", tags=["t"])
    context = RouteContext(route)
    assert (context.path, context.name, context.methods, context.endpoint) == (
        "/x/{y}",
        "x",
        {"GET"},
        endpoint,
    )
    assert context.tags == ["t"]
    assert copy.copy(context).original_route is route
    assert list(iter_route_contexts([context])) == [context]
    with pytest.raises(AttributeError):
        _ = context.no_such_thing


def test_url_path_for_nothing() -> None:
    with pytest.raises(NoMatchFound):
        inclusion(APIRouter()).url_path_for("x")
