"""Handlers of WebSocket operations."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from starlette._exception_handler import wrap_app_handling_exceptions
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from ..dependencies.models import Dependant
from ..exceptions import WebSocketRequestValidationError
from ..telemetry import _gate
from ._public import public
from .endpoint_context import endpoint_context


def websocket_session(func: Callable[[WebSocket], Awaitable[None]]) -> ASGIApp:
    """Return an ASGI application that runs `func` with the session, its exit stacks open."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        session = WebSocket(scope, receive=receive, send=send)

        async def within_stacks(scope: Scope, receive: Receive, send: Send) -> None:
            async with AsyncExitStack() as request_stack:
                scope["fastapi_inner_astack"] = request_stack
                async with AsyncExitStack() as function_stack:
                    scope["fastapi_function_astack"] = function_stack
                    await func(session)

        await wrap_app_handling_exceptions(within_stacks, session)(scope, receive, send)

    return app


def get_websocket_app(
    dependant: Dependant,
    dependency_overrides_provider: Any | None = None,
    embed_body_fields: bool = False,
) -> Callable[[WebSocket], Coroutine[Any, Any, Any]]:
    """Return the coroutine function that serves a session of one WebSocket operation."""

    async def app(websocket: WebSocket) -> None:
        telemetry = _telemetry_data()
        if telemetry is not None:
            telemetry.websocket = websocket
        stack = websocket.scope.get("fastapi_inner_astack")
        assert isinstance(stack, AsyncExitStack), "fastapi_inner_astack not found in request scope"
        with _gate.operation(name="dependencies", function=dependant.call):
            solved = await public().solve_dependencies(
                request=websocket,
                dependant=dependant,
                dependency_overrides_provider=dependency_overrides_provider,
                async_exit_stack=stack,
                embed_body_fields=embed_body_fields,
            )
            if telemetry is not None:
                telemetry.values = solved.values
                telemetry.errors = solved.errors
        if solved.errors:
            context = endpoint_context(dependant, websocket.scope, "WS")
            error = WebSocketRequestValidationError(solved.errors, endpoint_ctx=context)
            if _gate.loaded_api is not None:
                _gate.loaded_api._validation_failed(error)
            raise error
        assert dependant.call is not None, "dependant.call must be a function"
        with _gate.operation(name="endpoint", function=dependant.call):
            await dependant.call(**solved.values)

    return app


def _telemetry_data() -> Any:
    return None if _gate.loaded_api is None else _gate.loaded_api.get_telemetry_data()
