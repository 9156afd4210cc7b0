"""An exit stack that lives as long as the request."""

from contextlib import AsyncExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from .._epoch import Tracked


class AsyncExitStackMiddleware(Tracked):
    """Put an `AsyncExitStack` in the scope, closed when the application returns or raises.

    It closes the files of a parsed form. Dependencies have stacks of their own.

    Args:
        app: the ASGI application inside.
        context_name: the scope's key of the stack.
    """

    def __init__(self, app: ASGIApp, context_name: str = "fastapi_middleware_astack") -> None:
        self.app = app
        self.context_name = context_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        async with AsyncExitStack() as stack:
            scope[self.context_name] = stack
            await self.app(scope, receive, send)
