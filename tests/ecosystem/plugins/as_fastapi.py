"""A pytest plugin for suites that build on Starlette alone: `Starlette(...)` makes an application of FastAPI's, and
`Router(...)` one of its routers, so that there is something of ours to test. Both sides run with it."""

from collections.abc import Sequence
from typing import Any

import fastapi
import starlette.applications
import starlette.routing


class Starlette(fastapi.FastAPI):
    """FastAPI's application with Starlette's arguments, in their order, and without routes of its own."""

    def __init__(
        self,
        debug: bool = False,
        routes: Sequence[Any] | None = None,
        middleware: Sequence[Any] | None = None,
        exception_handlers: Any = None,
        lifespan: Any = None,
        **others: Any,
    ) -> None:
        super().__init__(
            debug=debug,
            routes=_listed(routes),
            middleware=middleware,
            exception_handlers=exception_handlers,
            lifespan=lifespan,
            openapi_url=None,
            **others,
        )
        # Starlette's answers to its own errors, instead of FastAPI's.
        self.exception_handlers = dict(exception_handlers or {})


class Router(fastapi.APIRouter):
    """FastAPI's router with Starlette's arguments, in their order."""

    def __init__(
        self,
        routes: Sequence[Any] | None = None,
        redirect_slashes: bool = True,
        default: Any = None,
        lifespan: Any = None,
        *,
        middleware: Sequence[Any] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(
            routes=_listed(routes),
            redirect_slashes=redirect_slashes,
            default=default,
            lifespan=lifespan,
            **others,
        )
        for cls, arguments, options in reversed(middleware or ()):
            self.middleware_stack = cls(self.middleware_stack, *arguments, **options)


def _listed(routes: Sequence[Any] | None) -> list[Any] | None:
    return None if routes is None else list(routes)


starlette.applications.Starlette = Starlette  # type: ignore[misc]
starlette.routing.Router = Router  # type: ignore[misc]
