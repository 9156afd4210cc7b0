"""What the compiled entry may skip of an application's middleware stack.

The stack is built and kept as Starlette's. As long as its outer and inner layers are the known classes with
their own methods, Rust does in one line what they do; the user's middleware between them is called as it is.
"""

from typing import Any

from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import _core
from .._body_limit import AppBodyLimitMiddleware
from .._compat import ModelField
from .._package import PACKAGE
from .._routing.dispatch import dispatcher_of
from .._routing.effective import _EffectiveRouteContext
from .._routing.included import _IncludedRouter
from .._routing.route import APIRoute
from .._routing.router import APIRouter
from .._routing.serving import ServingRouter
from ..middleware.asyncexitstack import AsyncExitStackMiddleware
from ..telemetry._asgi import ExceptionTelemetryMiddleware
from .layers import compile_layer, describe_layers
from .methods import Methods
from .specs import StackSpec

_APPLICATION = Methods(Starlette, "__call__")
_SERVER_ERRORS = Methods(ServerErrorMiddleware, "__call__", "error_response", "debug_response")
_EXCEPTIONS = Methods(ExceptionMiddleware, "__call__")
_EXIT_STACK = Methods(AsyncExitStackMiddleware, "__call__")
_ROUTER = Methods(ServingRouter, "__call__", "app")
_ROUTER_APP = ServingRouter.app
_OWN_LAYERS = (
    (ExceptionTelemetryMiddleware, Methods(ExceptionTelemetryMiddleware, "__call__")),
    (AppBodyLimitMiddleware, Methods(AppBodyLimitMiddleware, "__call__")),
)
# A change of one of these classes makes every compiled decision look again.
watched_classes = (
    Starlette,
    ServerErrorMiddleware,
    ExceptionMiddleware,
    AsyncExitStackMiddleware,
    ExceptionTelemetryMiddleware,
    AppBodyLimitMiddleware,
    Router,
    ServingRouter,
    APIRouter,
    Route,
    APIRoute,
    _IncludedRouter,
    _EffectiveRouteContext,
    ModelField,
    HTTPConnection,
    Request,
    Response,
    JSONResponse,
)


class CompiledExceptionMiddleware(ExceptionMiddleware):
    """The innermost layer: error handlers, exit stack and router, served by Rust where it may."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        pipeline = pipeline_of(self) if scope["type"] == "http" else None
        if pipeline is None:
            await super().__call__(scope, receive, send)
        else:
            await pipeline.serve_http(scope, receive, send)


# Tracing tools name middleware by its class.
CompiledExceptionMiddleware.__name__ = ExceptionMiddleware.__name__


def compiled_layer(layer: Any) -> Any:
    """Give a layer that Rust can stand for its compiled form; any other one is returned as it is.

    The stack is built of Starlette's own class, since instrumentation looks for that class among the
    application's middleware and patches it when it finds it.
    """
    if type(layer) is ExceptionMiddleware:
        layer.__class__ = CompiledExceptionMiddleware
    else:
        compile_layer(layer)
    return layer


def pipeline_of(middleware: Any) -> "_core.Pipeline | None":
    """Return the compiled form of the innermost layer, or None where something of it was replaced."""
    state = middleware.__dict__
    known = state.get("_pipeline")
    if known is not None and known.is_for(middleware):
        return known if known.native else None
    router = _plain_router(middleware)
    dispatcher = None if router is None else dispatcher_of(router)
    state["_pipeline"] = pipeline = _core.Pipeline(PACKAGE, middleware, dispatcher)
    return pipeline if pipeline.native else None


def _plain_router(middleware: Any) -> ServingRouter | None:
    """The router behind the layer, if everything in between and the router's entry are the package's own."""
    exit_stack = middleware.app
    if not (
        _EXCEPTIONS.are_unpatched(ExceptionMiddleware)
        and type(exit_stack) is AsyncExitStackMiddleware
        and _EXIT_STACK.are_those_of(exit_stack)
        and exit_stack.context_name == "fastapi_middleware_astack"
    ):
        return None
    router = exit_stack.app
    if not (isinstance(router, ServingRouter) and _ROUTER.are_those_of(router)):
        return None
    inner = router.middleware_stack
    plain = getattr(inner, "__self__", None) is router and getattr(inner, "__func__", None) is _ROUTER_APP
    return router if plain else None


def inside_of_stack(stack: Any) -> StackSpec | None:
    """Describe what is inside of the stack's own outer layers; None if the stack itself must be called."""
    if type(stack) is not ServerErrorMiddleware or not _SERVER_ERRORS.are_those_of(stack):
        return None
    if not _APPLICATION.are_unpatched(Starlette):
        return None
    layer: Any = stack.app
    for cls, methods in _OWN_LAYERS:
        if type(layer) is not cls or not methods.are_those_of(layer):
            break
        layer = layer.app
    return describe_layers(layer)


async def server_error(stack: Any, error: Exception, scope: Scope, receive: Receive, send: Any) -> None:
    """Answer an unhandled error as the stack's outermost layer does, and raise it for the server.

    `send` is a `_core.Sender`: when the response has started, the handler's own is not called.
    """
    fails = raising(error)
    del error

    async def app(scope: Scope, receive: Receive, send_to_layer: Send) -> None:
        if send.started:
            await send_to_layer({"type": "http.response.start"})
        await fails(scope, receive, send_to_layer)

    await ServerErrorMiddleware(app, stack.handler, stack.debug)(
        scope, receive, _discard if send.started else send
    )


def raising(error: Exception) -> ASGIApp:
    """Return an application that raises `error`.

    The exception's traceback refers to the frames it passes: one that kept the exception would make a cycle.
    """
    errors = [error]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise errors.pop()

    return app


async def _discard(message: Any) -> None:
    pass
