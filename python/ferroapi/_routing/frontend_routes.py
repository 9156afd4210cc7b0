"""Routes of frontends: each one, and the group of them that a router asks after all its other routes."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Literal, TypeAlias

from starlette._utils import get_route_path
from starlette.datastructures import URLPath
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from .. import params
from .._epoch import Tracked
from ..dependencies.models import Dependant
from ..dependencies.utils import SolvedDependency
from ..exceptions import RequestValidationError
from ._public import public
from .frontend_files import _FrontendStaticFiles
from .frontend_paths import _frontend_path_specificity, _join_frontend_paths, _normalize_frontend_path
from .scope import (
    _FASTAPI_FRONTEND_PATH_KEY,
    _FASTAPI_FRONTEND_SPECIFICITY_KEY,
    _FASTAPI_SCOPE_KEY,
    _SCOPE_MISSING,
    _get_scope_effective_route_context,
    _update_scope,
    report_route,
)
from .state import _build_dependant_with_parameterless_dependencies, _frontend_dependency_endpoint

_Fallback: TypeAlias = Literal["auto", "index.html", "404.html"] | None


class _FrontendRoute(BaseRoute):
    """The files of one directory, served below one path."""

    def __init__(
        self,
        path: str,
        *,
        directory: str | os.PathLike[str],
        fallback: _Fallback = "auto",
        check_dir: bool,
    ) -> None:
        if fallback not in {"auto", "index.html", "404.html", None}:
            raise AssertionError("fallback must be 'auto', 'index.html', '404.html', or None")
        self.path = _normalize_frontend_path(path)
        self.methods = {"GET", "HEAD"}
        self.app = _FrontendStaticFiles(directory=directory, fallback=fallback, check_dir=check_dir)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request below the route's path."""
        return self.matches_with_path(scope, self.path)

    def matches_with_path(self, scope: Scope, path: str) -> tuple[Match, Scope]:
        """Match a request below `path`, the route's path with the prefixes of inclusions."""
        if scope["type"] != "http":
            return Match.NONE, {}
        frontend_path = self._get_frontend_path(path, get_route_path(scope))
        if frontend_path is None:
            return Match.NONE, {}
        found = {
            _FASTAPI_FRONTEND_PATH_KEY: frontend_path,
            _FASTAPI_FRONTEND_SPECIFICITY_KEY: _frontend_path_specificity(path),
        }
        match = Match.FULL if scope["method"] in self.methods else Match.PARTIAL
        return match, {_FASTAPI_SCOPE_KEY: found}

    def _get_frontend_path(self, path: str, route_path: str) -> str | None:
        if path == "/":
            return route_path.lstrip("/")
        if route_path == path:
            return ""
        prefix = path + "/"
        return route_path[len(prefix) :] if route_path.startswith(prefix) else None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or what stands in for it."""
        response = await self.app.get_response_for_scope(scope)
        await response(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """A frontend has no name: always raises `NoMatchFound`."""
        raise NoMatchFound(name, path_params)


class _FrontendRouteGroup(Tracked, BaseRoute):
    """All frontends of one router, behind its dependencies; the longest path that matches answers."""

    def __init__(
        self,
        *,
        dependencies: Sequence[params.Depends] | None = None,
        dependency_overrides_provider: Any | None = None,
    ) -> None:
        self.routes: list[_FrontendRoute] = []
        self.dependencies = list(dependencies or [])
        self.dependency_overrides_provider = dependency_overrides_provider
        self.dependant, _, self._embed_body_fields = _build_dependant_with_parameterless_dependencies(
            path="", call=_frontend_dependency_endpoint, dependencies=self.dependencies
        )

    def add_frontend_route(
        self, path: str, *, directory: str | os.PathLike[str], fallback: _Fallback = "auto", check_dir: bool
    ) -> None:
        """Add one frontend.

        Raises:
            AssertionError: the path or the fallback is not valid.
            RuntimeError: with `check_dir`, the directory or the fallback file is not there.
        """
        self.routes.append(_FrontendRoute(path, directory=directory, fallback=fallback, check_dir=check_dir))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request with the paths as they were added."""
        return self.matches_with_prefix(scope, "")

    def matches_with_prefix(self, scope: Scope, prefix: str) -> tuple[Match, Scope]:
        """Match a request with `prefix` before each path."""
        match, child_scope, _ = self._match(scope, prefix=prefix)
        return match, child_scope

    def _match(self, scope: Scope, *, prefix: str) -> tuple[Match, Scope, _FrontendRoute | None]:
        best: dict[Match, tuple[int, Scope, _FrontendRoute]] = {}
        for route in self.routes:
            path = _join_frontend_paths(prefix, route.path)
            match, child_scope = route.matches_with_path(scope, path)
            specificity = _frontend_path_specificity(path)
            if match not in best or specificity > best[match][0]:
                best[match] = specificity, child_scope, route
        for match in (Match.FULL, Match.PARTIAL):
            if match in best:
                _, child_scope, route = best[match]
                return match, child_scope, route
        return Match.NONE, {}, None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Solve the dependencies, then answer with the file.

        Raises:
            HTTPException: 404 if no frontend matches.
            RequestValidationError: a dependency's parameters are not valid.
        """
        context = _get_scope_effective_route_context(scope)
        included = context is not None and getattr(context, "original_route", None) is self
        source: Any = context if included else self
        prefix = context.frontend_prefix if context is not None and included else ""
        match, child_scope, route = self._match(scope, prefix=prefix)
        if route is None:
            raise HTTPException(status_code=404)
        _update_scope(scope, child_scope)
        report_route(scope, _join_frontend_paths(prefix, route.path).rstrip("/") + "/{path}")
        if match != Match.FULL or not source.dependant or not source.dependant.dependencies:
            await route.handle(scope, receive, send)
            return
        async with self._solve_dependencies(
            scope,
            receive,
            send,
            dependant=source.dependant,
            dependency_overrides_provider=source.dependency_overrides_provider,
            embed_body_fields=source._embed_body_fields,
        ) as solved:
            response = await route.app.get_response_for_scope(scope)
            if response.background is None:
                response.background = solved.background_tasks
            response.headers.raw.extend(solved.response.headers.raw)
            await response(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """A frontend has no name: always raises `NoMatchFound`."""
        raise NoMatchFound(name, path_params)

    @asynccontextmanager
    async def _solve_dependencies(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        dependant: Dependant,
        dependency_overrides_provider: Any | None,
        embed_body_fields: bool,
    ) -> AsyncIterator[SolvedDependency]:
        """Solve the dependencies with exit stacks of their own, which are left when the response was sent."""
        request = Request(scope, receive, send)
        with _kept(scope, "fastapi_inner_astack", "fastapi_function_astack"):
            async with AsyncExitStack() as request_stack:
                scope["fastapi_inner_astack"] = request_stack
                async with AsyncExitStack() as function_stack:
                    scope["fastapi_function_astack"] = function_stack
                    solved = await public().solve_dependencies(
                        request=request,
                        dependant=dependant,
                        dependency_overrides_provider=dependency_overrides_provider,
                        async_exit_stack=request_stack,
                        embed_body_fields=embed_body_fields,
                    )
                    if solved.errors:
                        raise RequestValidationError(solved.errors)
                    yield solved


@contextmanager
def _kept(scope: Scope, *names: str) -> Iterator[None]:
    """Put back the scope's values for `names` at the end."""
    previous = {name: scope.get(name, _SCOPE_MISSING) for name in names}
    try:
        yield
    finally:
        for name, value in previous.items():
            if value is _SCOPE_MISSING:
                scope.pop(name, None)
            else:
                scope[name] = value
