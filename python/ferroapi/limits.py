"""Limits that the native protocol (`ferroapi.protocol`) keeps for an application or for one path operation.

    @app.get("/report")
    @RequestLimits(timeout=5, cancel_on_disconnect=True)
    async def report(): ...

    RequestLimits(timeout=30)(app)

Without that protocol they mean nothing: other servers tell an application of neither. What is limited before
an application is asked (the time and the size of a head) is set for the whole server; see `docs/http.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

__all__ = ["RequestLimits"]

Target = TypeVar("Target")


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """When a request is given up: its task is cancelled, and dependencies are closed as for any cancellation.

    Called with an application, or with the function of a path operation (below the route's own decorator), it
    sets itself on that and returns it. A path operation's limits take the place of the application's. Behind
    `BaseHTTPMiddleware` only those of the application are known.

    Args:
        timeout: Seconds, from the moment the limits are found to a complete response. A request that takes
            longer is answered with `{"detail": "The request took too long."}`, at once and whatever its code
            does then; if its response has begun, the connection is closed. What runs in a worker thread runs
            on to its end.
        timeout_status: The status of that answer (RFC 9110, sections 15.6.4 and 15.6.5).
        cancel_on_disconnect: Whether the client's leaving cancels the request as well.

    Raises:
        ValueError: A timeout that is not above zero, or another status than 503 and 504.
    """

    timeout: float | None = None
    timeout_status: Literal[503, 504] = 504
    cancel_on_disconnect: bool = False

    def __post_init__(self) -> None:
        if self.timeout is not None and not self.timeout > 0:
            raise ValueError(f"timeout is in seconds and above zero, not {self.timeout!r}")
        if self.timeout_status not in (503, 504):
            raise ValueError(f"timeout_status is 503 or 504, not {self.timeout_status!r}")

    def __call__(self, target: Target) -> Target:
        """Set the limits on an application or on an endpoint; returns it."""
        settable: Any = target
        settable.__request_limits__ = self
        return target
