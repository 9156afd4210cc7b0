"""`APIWebSocketRoute`: one WebSocket operation."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette import routing
from starlette.routing import Match, compile_path, get_name
from starlette.types import Scope

from .. import params
from .._epoch import Tracked
from ._public import public
from .state import _build_dependant_with_parameterless_dependencies


class APIWebSocketRoute(Tracked, routing.WebSocketRoute):
    """One WebSocket operation, with parameters and dependencies as in a path operation."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        name: str | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        dependency_overrides_provider: Any | None = None,
    ) -> None:
        """Build a route.

        Args:
            path: whole path template.
            endpoint: coroutine function that serves one connection.
            name: route name, for `url_path_for`; the function's name if left out.
            dependencies: run before the function, for their effects.
            dependency_overrides_provider: object whose `dependency_overrides` replace dependencies.

        Raises:
            ValueError: the path names a parameter twice.
        """
        self.path = path
        self.endpoint = endpoint
        self.name = get_name(endpoint) if name is None else name
        self.dependencies = list(dependencies or [])
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.dependant, _, self._embed_body_fields = _build_dependant_with_parameterless_dependencies(
            path=self.path_format, call=self.endpoint, dependencies=self.dependencies
        )
        surface = public()
        self.app = surface.websocket_session(
            surface.get_websocket_app(
                dependant=self.dependant,
                dependency_overrides_provider=dependency_overrides_provider,
                embed_body_fields=self._embed_body_fields,
            )
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a connection by its path."""
        match, child_scope = super().matches(scope)
        if match != Match.NONE:
            child_scope["route"] = self
        return match, child_scope
