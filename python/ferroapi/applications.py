"""The application class."""

import os
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from enum import Enum
from typing import Any, Literal, TypeVar, cast

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, ExceptionHandler, Lifespan, Receive, Scope, Send
from typing_extensions import deprecated

from . import _core, _incidental, routing
from ._body_limit import AppBodyLimitMiddleware
from ._compiled.stack import compiled_layer
from ._form_limits import _FormLimits
from ._package import PACKAGE
from ._routing.signatures import Options, app_add_api_route, app_api_route, path_operation
from ._routing.verbs import signed
from .datastructures import Default
from .exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
    websocket_request_validation_exception_handler,
)
from .exceptions import FastAPIDeprecationWarning, RequestValidationError, WebSocketRequestValidationError
from .middleware.asyncexitstack import AsyncExitStackMiddleware
from .openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from .openapi.utils import get_openapi
from .params import Depends
from .telemetry import TelemetryConfig
from .telemetry._asgi import ExceptionTelemetryMiddleware, NativeTelemetry, _legacy_otel
from .telemetry._gate import complete_config
from .types import DecoratedCallable
from .utils import generate_unique_id

AppType = TypeVar("AppType", bound="FastAPI")


class FastAPI(Starlette):
    """An ASGI application whose path operations are typed Python functions.

    ```python
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def read_item(item_id: int, q: str | None = None) -> dict[str, object]:
        return {"item_id": item_id, "q": q}
    ```

    Args:
        telemetry: what to trace, measure and log with OpenTelemetry, and through which providers.
        debug: answer unhandled errors with a traceback. Not for production.
        routes: routes to start with.
        title: title of the API in OpenAPI and on the documentation pages.
        summary: short summary in OpenAPI.
        description: long description (Markdown) in OpenAPI.
        version: version of the API itself.
        openapi_url: path of the OpenAPI document; `None` turns it and the documentation pages off.
        openapi_tags: tag objects of OpenAPI, in the order to show them.
        servers: server objects of OpenAPI.
        dependencies: run before every path operation.
        default_response_class: renders results that are not a `Response`.
        redirect_slashes: redirect (307) a path that matches only with or without a final slash.
        docs_url: path of the Swagger UI page; `None` for no page.
        redoc_url: path of the ReDoc page; `None` for no page.
        swagger_ui_oauth2_redirect_url: path that OAuth2 log-ins from Swagger UI return to.
        swagger_ui_init_oauth: OAuth2 configuration for Swagger UI.
        middleware: middleware to start with, outermost first.
        exception_handlers: handlers by exception class or status code; 500 or `Exception` handles what
            nothing else does.
        on_startup: functions to run when the server starts; `lifespan` is the newer way.
        on_shutdown: functions to run when the server stops; `lifespan` is the newer way.
        lifespan: asynchronous context manager of the application, open while the server runs.
        terms_of_service: URL, for OpenAPI.
        contact: contact object of OpenAPI.
        license_info: license object of OpenAPI.
        root_path: path prefix that a proxy strips before the application. Deprecated: tell the server.
        root_path_in_servers: list the root path among the OpenAPI servers.
        responses: further OpenAPI responses of every path operation.
        callbacks: OpenAPI callbacks of every path operation.
        webhooks: router whose operations are documented as webhooks.
        deprecated: mark every path operation as deprecated.
        include_in_schema: `False` hides every path operation from OpenAPI.
        swagger_ui_parameters: settings for Swagger UI.
        generate_unique_id_function: makes each `operationId` from its route.
        separate_input_output_schemas: two OpenAPI schemas for a model that reads and writes differently.
        openapi_external_docs: external documentation object of OpenAPI.
        strict_content_type: take a body for JSON only if its `Content-Type` says so.
        max_body_size: limit of a request body in bytes; `None` for no limit, 0 for empty bodies only.
        form_limits: limits on form parsing: `max_fields`, `max_files` (counts), `max_part_size` (bytes).

    Attributes:
        router: the `APIRouter` that holds the routes.
        state: free attributes, shared by all requests.
        dependency_overrides: what to call instead of a dependency; read anew for each request.
        exception_handlers: handlers by exception class or status code.
        user_middleware: middleware, outermost first.
        middleware_stack: the built ASGI stack; `None` until the first request, or to have it built again.
        webhooks: router whose operations are documented as OpenAPI webhooks, never served.
        openapi_schema: the OpenAPI document, once made.
        openapi_version: the version of OpenAPI the document declares.

    Most arguments are attributes of the same name too.

    Raises:
        AssertionError: `title` or `version` is empty though OpenAPI is on.
        ValueError: `max_body_size` is not a non-negative integer.
        pydantic.ValidationError: `form_limits` has other keys or values.
    """

    _package = PACKAGE

    def __init__(  # noqa: PYI019 - the type variable is a public name
        self: AppType,
        *,
        telemetry: TelemetryConfig | None = None,
        debug: bool = False,
        routes: list[BaseRoute] | None = None,
        title: str = "FastAPI",
        summary: str | None = None,
        description: str = "",
        version: str = "0.1.0",
        openapi_url: str | None = "/openapi.json",
        openapi_tags: list[dict[str, Any]] | None = None,
        servers: list[dict[str, str | Any]] | None = None,
        dependencies: Sequence[Depends] | None = None,
        default_response_class: type[Response] = Default(JSONResponse),
        redirect_slashes: bool = True,
        docs_url: str | None = "/docs",
        redoc_url: str | None = "/redoc",
        swagger_ui_oauth2_redirect_url: str | None = "/docs/oauth2-redirect",
        swagger_ui_init_oauth: dict[str, Any] | None = None,
        middleware: Sequence[Middleware] | None = None,
        exception_handlers: dict[
            int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]
        ]
        | None = None,
        on_startup: Sequence[Callable[[], Any]] | None = None,
        on_shutdown: Sequence[Callable[[], Any]] | None = None,
        lifespan: Lifespan[AppType] | None = None,
        terms_of_service: str | None = None,
        contact: dict[str, str | Any] | None = None,
        license_info: dict[str, str | Any] | None = None,
        root_path: str = "",
        root_path_in_servers: bool = True,
        responses: dict[int | str, dict[str, Any]] | None = None,
        callbacks: list[BaseRoute] | None = None,
        webhooks: routing.APIRouter | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        swagger_ui_parameters: dict[str, Any] | None = None,
        generate_unique_id_function: Callable[[routing.APIRoute], str] = Default(generate_unique_id),
        separate_input_output_schemas: bool = True,
        openapi_external_docs: dict[str, Any] | None = None,
        strict_content_type: bool = True,
        max_body_size: int | None = None,
        form_limits: _FormLimits | None = None,
    ) -> None:
        self.max_body_size = max_body_size
        self.debug = debug
        self.title = title
        self.summary = summary
        self.description = description
        self.version = version
        self.terms_of_service = terms_of_service
        self.contact = contact
        self.license_info = license_info
        self.openapi_url = openapi_url
        self.openapi_tags = openapi_tags
        self.root_path_in_servers = root_path_in_servers
        self.docs_url = docs_url
        self.redoc_url = redoc_url
        self.swagger_ui_oauth2_redirect_url = swagger_ui_oauth2_redirect_url
        self.swagger_ui_init_oauth = swagger_ui_init_oauth
        self.swagger_ui_parameters = swagger_ui_parameters
        self.servers = servers or []
        self.separate_input_output_schemas = separate_input_output_schemas
        self.openapi_external_docs = openapi_external_docs
        self.openapi_version: str = "3.1.0"
        self.openapi_schema: dict[str, Any] | None = None
        self._openapi_routes_version: int | None = None
        if self.openapi_url:
            assert self.title, "A title must be provided for OpenAPI, e.g.: 'My API'"
            assert self.version, "A version must be provided for OpenAPI, e.g.: '2.1.0'"
        self.webhooks: routing.APIRouter = webhooks or routing.APIRouter()
        if root_path:
            warnings.warn(
                "The `root_path` parameter is deprecated. Configure the server's root path instead, "
                "for example with `fastapi run --root-path /api/v1`.",
                category=FastAPIDeprecationWarning,
                stacklevel=2,
            )
        self.root_path = root_path
        self.state: State = State()
        self.dependency_overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
        self.router: routing.APIRouter = routing.APIRouter(
            routes=routes,
            redirect_slashes=redirect_slashes,
            dependency_overrides_provider=self,
            on_startup=on_startup,
            on_shutdown=on_shutdown,
            lifespan=lifespan,
            default_response_class=default_response_class,
            dependencies=dependencies,
            callbacks=callbacks,
            deprecated=deprecated,
            include_in_schema=include_in_schema,
            responses=responses,
            generate_unique_id_function=generate_unique_id_function,
            strict_content_type=strict_content_type,
            max_body_size=max_body_size,
            form_limits=form_limits,
        )
        self.exception_handlers: dict[Any, Callable[[Request, Any], Response | Awaitable[Response]]] = (
            {} if exception_handlers is None else dict(exception_handlers)
        )
        self.exception_handlers.setdefault(HTTPException, http_exception_handler)
        self.exception_handlers.setdefault(RequestValidationError, request_validation_exception_handler)
        # Starlette's type for handlers leaves out those of WebSockets.
        websocket_handler = cast("Any", websocket_request_validation_exception_handler)
        self.exception_handlers.setdefault(WebSocketRequestValidationError, websocket_handler)
        self._telemetry: TelemetryConfig = complete_config(telemetry)
        self._native_telemetry = NativeTelemetry(self._telemetry)
        self.user_middleware: list[Middleware] = list(middleware or [])
        self.middleware_stack: ASGIApp | None = None
        self.setup()

    def build_middleware_stack(self) -> ASGIApp:
        """Build the ASGI stack: server errors, user middleware, exception handlers, exit stack, router."""
        debug = self.debug
        server_error_handler: ExceptionHandler | None = None
        handlers: dict[Any, ExceptionHandler] = {}
        for key, handler in self.exception_handlers.items():
            if key in (500, Exception):
                server_error_handler = handler
            else:
                handlers[key] = handler
        stack = [
            Middleware(ServerErrorMiddleware, handler=server_error_handler, debug=debug),
            Middleware(ExceptionTelemetryMiddleware),
            Middleware(AppBodyLimitMiddleware, max_body_size=self.max_body_size),
            *self.user_middleware,
            Middleware(ExceptionMiddleware, handlers=handlers, debug=debug),
            Middleware(AsyncExitStackMiddleware),
        ]
        app: ASGIApp = self.router
        for cls, args, kwargs in reversed(stack):
            app = compiled_layer(cls(app, *args, **kwargs))
        return app

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made again when routes were added since the last call."""
        routes_version = self.router._get_routes_version()
        if not self.openapi_schema or self._openapi_routes_version != routes_version:
            self.openapi_schema = get_openapi(
                title=self.title,
                version=self.version,
                openapi_version=self.openapi_version,
                summary=self.summary,
                description=self.description,
                terms_of_service=self.terms_of_service,
                contact=self.contact,
                license_info=self.license_info,
                routes=self.routes,
                webhooks=self.webhooks.routes,
                tags=self.openapi_tags,
                servers=self.servers,
                separate_input_output_schemas=self.separate_input_output_schemas,
                external_docs=self.openapi_external_docs,
            )
            self._openapi_routes_version = routes_version
        return self.openapi_schema

    def setup(self) -> None:
        """Add the routes of the OpenAPI document and of the documentation pages that have a path."""
        if not self.openapi_url:
            return

        async def openapi(req: Request) -> JSONResponse:
            schema = self.openapi()
            root_path = _root_path(req)
            servers = schema.get("servers", [])
            if root_path and self.root_path_in_servers and root_path not in {s.get("url") for s in servers}:
                schema = {**schema, "servers": [{"url": root_path}, *servers]}
            return JSONResponse(schema)

        async def swagger_ui_html(req: Request) -> HTMLResponse:
            root_path = _root_path(req)
            redirect_url = self.swagger_ui_oauth2_redirect_url
            return get_swagger_ui_html(
                openapi_url=f"{root_path}{self.openapi_url}",
                title=f"{self.title} - Swagger UI",
                oauth2_redirect_url=root_path + redirect_url if redirect_url else redirect_url,
                init_oauth=self.swagger_ui_init_oauth,
                swagger_ui_parameters=self.swagger_ui_parameters,
            )

        async def swagger_ui_redirect(req: Request) -> HTMLResponse:
            return get_swagger_ui_oauth2_redirect_html()

        async def redoc_html(req: Request) -> HTMLResponse:
            openapi_url = f"{_root_path(req)}{self.openapi_url}"
            return get_redoc_html(openapi_url=openapi_url, title=f"{self.title} - ReDoc")

        self.add_route(self.openapi_url, openapi, include_in_schema=False)
        if self.docs_url:
            self.add_route(self.docs_url, swagger_ui_html, include_in_schema=False)
            if self.swagger_ui_oauth2_redirect_url:
                self.add_route(
                    self.swagger_ui_oauth2_redirect_url, swagger_ui_redirect, include_in_schema=False
                )
        if self.redoc_url:
            self.add_route(self.redoc_url, redoc_html, include_in_schema=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection: HTTP, WebSocket or lifespan."""
        if self.root_path:
            scope["root_path"] = self.root_path
        compiled = _core.open(self, scope, receive, send)
        if compiled is not None:
            await compiled
            return
        app = super().__call__
        if scope["type"] == "lifespan":
            from .telemetry._runtime import lifespan

            await lifespan(config=self._telemetry, app=app, scope=scope, receive=receive, send=send)
        elif (
            scope["type"] not in ("http", "websocket")
            or "fastapi.telemetry" in scope  # an application around this one traces the request
            or not self._native_telemetry.enabled()
        ):
            await app(scope, receive, send)
        else:
            stack = self.middleware_stack
            if stack is None:
                stack = self.middleware_stack = self.build_middleware_stack()
            scope["app"] = self
            await self._native_telemetry(
                app=app, scope=scope, receive=receive, send=send, legacy_otel=_legacy_otel(stack)
            )

    @signed(app_add_api_route)
    def add_api_route(self, path: str, options: Options) -> None:
        """Add a path operation."""
        self.router.add_api_route(path, **options)

    @signed(app_api_route)
    def api_route(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a path operation for any HTTP methods."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.router.add_api_route(path, func, **options)
            return func

        return decorator

    @signed(path_operation)
    def get(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a GET path operation."""
        return self.router.get(path, **options)

    @signed(path_operation)
    def put(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a PUT path operation."""
        return self.router.put(path, **options)

    @signed(path_operation)
    def post(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a POST path operation."""
        return self.router.post(path, **options)

    @signed(path_operation)
    def delete(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a DELETE path operation."""
        return self.router.delete(path, **options)

    @signed(path_operation)
    def options(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as an OPTIONS path operation."""
        return self.router.options(path, **options)

    @signed(path_operation)
    def head(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a HEAD path operation."""
        return self.router.head(path, **options)

    @signed(path_operation)
    def patch(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a PATCH path operation."""
        return self.router.patch(path, **options)

    @signed(path_operation)
    def trace(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a TRACE path operation."""
        return self.router.trace(path, **options)

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[Depends] | None = None,
    ) -> None:
        """Add a WebSocket endpoint. Arguments as in `websocket`."""
        self.router.add_api_websocket_route(path, endpoint, name=name, dependencies=dependencies)

    def websocket(
        self, path: str, name: str | None = None, *, dependencies: Sequence[Depends] | None = None
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: add it as a WebSocket endpoint.

        Args:
            path: URL path, as of a path operation.
            name: route name, for `url_path_for`; the function's name if left out.
            dependencies: run before the function, for their effects.
        """

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_api_websocket_route(path, func, name=name, dependencies=dependencies)
            return func

        return decorator

    def websocket_route(
        self, path: str, name: str | None = None
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function that takes the bare `WebSocket`: add it as a Starlette WebSocket route."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.router.add_websocket_route(path, func, name=name)
            return func

        return decorator

    def frontend(
        self,
        path: str,
        *,
        directory: str | os.PathLike[str],
        fallback: Literal["auto", "index.html", "404.html"] | None = "auto",
        check_dir: bool | Literal["auto"] = "auto",
    ) -> None:
        """Serve a built frontend below `path`, wherever no other route matches.

        Args:
            path: URL path below which the files are.
            directory: directory of the files.
            fallback: file to answer browser navigation with when there is no such file: `"auto"` takes
                `404.html` (with status 404) or else `index.html`, whichever exists; `None` for a plain 404.
            check_dir: require the directory to exist now; `"auto"`: not under the development server.

        Raises:
            RuntimeError: the directory is required and missing.
        """
        check_dir = routing._resolve_frontend_check_dir(directory=directory, check_dir=check_dir)
        self.router.frontend(path, directory=directory, fallback=fallback, check_dir=check_dir)

    def include_router(
        self,
        router: routing.APIRouter,
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[Depends] | None = None,
        responses: dict[int | str, dict[str, Any]] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        default_response_class: type[Response] = Default(JSONResponse),
        callbacks: list[BaseRoute] | None = None,
        generate_unique_id_function: Callable[[routing.APIRoute], str] = Default(generate_unique_id),
        max_body_size: int | None = None,
        form_limits: _FormLimits | None = None,
    ) -> None:
        """Include the routes of a router. Arguments and errors as of `APIRouter.include_router`."""
        self.router.include_router(
            router,
            prefix=prefix,
            tags=tags,
            dependencies=dependencies,
            responses=responses,
            deprecated=deprecated,
            include_in_schema=include_in_schema,
            default_response_class=default_response_class,
            callbacks=callbacks,
            generate_unique_id_function=generate_unique_id_function,
            max_body_size=max_body_size,
            form_limits=form_limits,
        )

    @deprecated(
        """
        on_event is deprecated, use lifespan event handlers instead.

        Read more about it in the
        [FastAPI docs for Lifespan Events](https://fastapi.tiangolo.com/advanced/events/).
        """
    )
    def on_event(self, event_type: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function: run it at `"startup"` or at `"shutdown"`."""
        return self.router.on_event(event_type)

    def middleware(self, middleware_type: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a coroutine function `(request, call_next) -> response`: put it around every request.

        Args:
            middleware_type: `"http"`, the only kind there is.
        """

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_middleware(BaseHTTPMiddleware, dispatch=func)
            return func

        return decorator

    def exception_handler(
        self, exc_class_or_status_code: int | type[Exception]
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function `(request, exc) -> response`: handle exceptions or a status code with it."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_exception_handler(exc_class_or_status_code, func)
            return func

        return decorator


def _root_path(request: Request) -> str:
    """The path prefix that the server or a parent application strips, without a final slash."""
    root_path: str = request.scope.get("root_path", "")
    return root_path.rstrip("/")


PACKAGE.compile_call(FastAPI)
_incidental.complete(__name__)
