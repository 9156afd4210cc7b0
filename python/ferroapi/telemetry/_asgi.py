"""Native telemetry as the application sees it; OpenTelemetry is imported by the first traced request."""

import os
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from .. import _incidental
from .._epoch import Tracked
from ._config import TelemetryConfig
from ._gate import maybe_enabled

if TYPE_CHECKING:
    from ._recording import Instrumentation

_HTTP_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
_CONTRIB_MIDDLEWARE = ("opentelemetry.instrumentation.asgi", "OpenTelemetryMiddleware")


def _legacy_otel(stack: Any) -> bool:
    """Whether OpenTelemetry's contrib middleware is anywhere in a middleware stack.

    Only the stack that was built is evidence: the flag that contrib sets on the application is
    also there when its middleware did not get into the stack.
    """
    seen: set[int] = set()
    while stack is not None and id(stack) not in seen:
        seen.add(id(stack))
        cls = type(stack)
        if (cls.__module__, cls.__name__) == _CONTRIB_MIDDLEWARE:
            return True
        stack = getattr(stack, "app", None)
    return False


def _exception(*, scope: Scope, exc: BaseException) -> None:
    """Note that `exc` left the part of the application that handles `scope`, if it is traced."""
    if scope.get("fastapi.telemetry") is not None:
        from ._recording import record_exception

        record_exception(scope=scope, exc=exc)


class ExceptionTelemetryMiddleware(Tracked):
    """Sees each exception before an error handler turns it into a response.

    Args:
        app: the ASGI application to watch.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as exc:
            _exception(scope=scope, exc=exc)
            raise


def _known_methods() -> frozenset[str]:
    """The HTTP methods that telemetry calls by name.

    Source: OpenTelemetry's HTTP semantic conventions, `http.request.method`.
    """
    names = os.getenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "").strip()
    if not names:
        return _HTTP_METHODS
    return frozenset(stripped for name in names.split(",") if (stripped := name.strip()))


class NativeTelemetry:
    """Traces, measures and logs the requests of one application.

    Args:
        config: the application's settings, complete (`_config.complete_config`).
    """

    def __init__(self, config: TelemetryConfig) -> None:
        self.config = config
        self._known_methods = _known_methods()
        self._instrumentation: Instrumentation | None = None

    def enabled(self) -> bool:
        """Whether any wanted signal has a provider at this moment."""
        return maybe_enabled(self.config)

    async def __call__(
        self, *, app: ASGIApp, scope: Scope, receive: Receive, send: Send, legacy_otel: bool = False
    ) -> None:
        """Run `app`, recording what the configuration asks for.

        Args:
            app: the application to run, an ASGI callable.
            scope: an HTTP or WebSocket scope.
            receive: the server's receive channel.
            send: the server's send channel.
            legacy_otel: contrib's middleware already records this request.
        """
        if self._instrumentation is None:
            from ._recording import Instrumentation

            self._instrumentation = Instrumentation(config=self.config, known_methods=self._known_methods)
        await self._instrumentation.run(
            app=app, scope=scope, receive=receive, send=send, legacy_otel=legacy_otel
        )


_incidental.complete(__name__)
