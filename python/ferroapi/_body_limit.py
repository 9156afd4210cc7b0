"""Limits on the size of request bodies, on top of Starlette's middleware."""

from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.middleware import body_limit
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY, RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ._epoch import Tracked
from .exception_handlers import http_exception_handler

# The signals of Starlette's middleware have no public names. A version without them has nothing to recognise.
_too_large: type[Exception] | None = getattr(body_limit, "_RequestBodyTooLarge", None)
_response_sent: Any = getattr(body_limit, "_RequestBodyLimitResponseSent", ())
_body_limit_errors = tuple(cls for cls in (_too_large, _response_sent) if cls)


def validate_max_body_size(max_body_size: int | None) -> None:
    """Raise `ValueError` unless the limit is None or a number of bytes."""
    if max_body_size is None:
        return
    # True and False are integers, and no sizes.
    if isinstance(max_body_size, bool) or not isinstance(max_body_size, int) or max_body_size < 0:
        raise ValueError("max_body_size must be a non-negative integer or None")


def get_body_size_limit(*limits: int | None) -> int | None:
    """Return the first limit that is set."""
    return next((limit for limit in limits if limit is not None), None)


def _leaf(group: ExceptionGroup[Exception]) -> Exception:
    exc: Exception = group
    while isinstance(exc, ExceptionGroup):
        exc = exc.exceptions[0]
    return exc


def get_body_limit_error(exc: Exception) -> Exception | None:
    """Return the limiter's own error behind an exception, or None if anything else went wrong.

    Tasks that read the body and start the response side by side raise a group. It counts only if nothing but
    the limiter's errors is in it; the one that says a 413 was sent goes first, so that no second one starts.
    """
    if not isinstance(exc, ExceptionGroup):
        return exc if isinstance(exc, _body_limit_errors) else None
    if exc.split(_body_limit_errors)[1] is not None:
        return None
    return _leaf(cast("ExceptionGroup[Exception]", exc.subgroup(_response_sent) or exc))


def wrap_app_with_body_limit(app: ASGIApp, max_body_size: int | None) -> ASGIApp:
    """Put an application behind a limit in bytes; None leaves it as it is."""
    if max_body_size is None:
        return app
    return RequestBodyLimitMiddleware(_BodyLimitExceptionMiddleware(app), max_body_size=max_body_size)


class _BodyLimitExceptionMiddleware:
    """Takes the limiter's error out of an exception group, so that the limiter recognises it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except ExceptionGroup as group:
            error = get_body_limit_error(group) if scope["type"] == "http" else None
            if error is not None:
                raise error from group
            raise


class AppBodyLimitMiddleware(Tracked):
    """The body limit of a whole application.

    A mounted application counts bytes with its parent, and the parent would answer 413. But the error would
    pass the mounted application's own server error handling and become a 500, so it is answered here.

    Args:
        app: the ASGI application inside.
        max_body_size: bytes, or None.
    """

    def __init__(self, app: ASGIApp, max_body_size: int | None) -> None:
        self.app = wrap_app_with_body_limit(app, max_body_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if MAX_BODY_SIZE_SCOPE_KEY in scope:
            await self._serve_counted(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve_counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as exc:
            error = get_body_limit_error(exc)
            if started or not isinstance(error, HTTPException):
                raise
            response = await http_exception_handler(Request(scope, receive), error)
            await response(scope, receive, send)
