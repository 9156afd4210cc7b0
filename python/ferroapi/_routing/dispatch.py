"""The parts of dispatching that stay in Python: copies of routers, redirect targets, frontends."""

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from .._core import Dispatcher
from .._package import PACKAGE
from .effective import _EffectiveRouteContext
from .included import _IncludedRouter
from .route import APIRoute
from .scope import (
    _FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY,
    _get_fastapi_scope,
    _update_scope,
    report_route,
)

if TYPE_CHECKING:
    from .serving import ServingRouter


def dispatcher_of(router: "ServingRouter") -> Dispatcher:
    """Return the compiled side of `router`; a copied router gets one of its own."""
    known = router.__dict__.get("_dispatcher")
    if known is None or known.router is not router:
        known = router.__dict__["_dispatcher"] = Dispatcher(PACKAGE, router)
    return known


def redirected_path(route: BaseRoute | _EffectiveRouteContext, redirect_scope: Scope) -> str | None:
    """Return the path format of the route behind a redirect, for telemetry."""
    target: BaseRoute | _EffectiveRouteContext | None = route
    while isinstance(target, _IncludedRouter):
        _, _, target, context = target._match(redirect_scope)
        if context is not None:
            target = context.starlette_route or context
    return getattr(target, "path_format", None)


async def handle_low_priority(router: "ServingRouter", scope: Scope, receive: Receive, send: Send) -> bool:
    """Answer with a route that is asked after all others; tell whether there was one."""
    match, child_scope, route, context = router._match_low_priority(scope)
    if match == Match.NONE or route is None:
        return False
    _update_scope(scope, child_scope)
    report_route(scope, getattr(context or route, "path_format", None))
    if context is None:
        await route.handle(scope, receive, send)
        return True
    _get_fastapi_scope(scope)[_FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY] = context
    if isinstance(context.original_route, APIRoute):
        scope["route"] = context.original_route
        await context.original_route.handle(scope, receive, send)
        return True
    assert context.app is not None
    await context.app(scope, receive, send)
    return True
