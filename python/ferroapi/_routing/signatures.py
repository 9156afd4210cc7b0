"""The long path-operation signatures, each written once.

A function here is the *signature* of one or more public methods: called with the arguments of such a method,
it returns all of them by name, defaults filled in, in the order they are declared. The methods themselves
take their signature from here through `verbs.signed`; see there how.

============================  ====================================================================
function                      signature of
============================  ====================================================================
`path_operation`              `get put post delete options head patch trace`, of the router and of the app
`router_api_route`            `APIRouter.api_route`
`router_add_api_route`        `APIRouter.add_api_route`
`app_api_route`               `FastAPI.api_route`
`app_add_api_route`           `FastAPI.add_api_route`
`include_router`              `APIRouter.include_router`
============================  ====================================================================

They are not one function because they accept different names (`methods`, `endpoint`, `callbacks` …), and a
type checker refuses a name only if the list it sees does not have it.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from .._form_limits import _FormLimits
from ..datastructures import Default, DefaultPlaceholder
from ..params import Depends
from ..types import IncEx
from ..utils import generate_unique_id
from .route import APIRoute

if TYPE_CHECKING:
    from .router import APIRouter

Options: TypeAlias = dict[str, Any]
"""The arguments of one call, by name."""


def path_operation(
    self: Any,
    path: str,
    *,
    response_model: Any = Default(None),
    status_code: int | None = None,
    tags: list[str | Enum] | None = None,
    dependencies: Sequence[Depends] | None = None,
    summary: str | None = None,
    description: str | None = None,
    response_description: str = "Successful Response",
    responses: dict[int | str, dict[str, Any]] | None = None,
    deprecated: bool | None = None,
    operation_id: str | None = None,
    response_model_include: IncEx | None = None,
    response_model_exclude: IncEx | None = None,
    response_model_by_alias: bool = True,
    response_model_exclude_unset: bool = False,
    response_model_exclude_defaults: bool = False,
    response_model_exclude_none: bool = False,
    include_in_schema: bool = True,
    response_class: type[Response] = Default(JSONResponse),
    name: str | None = None,
    callbacks: list[BaseRoute] | None = None,
    openapi_extra: dict[str, Any] | None = None,
    generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
    max_body_size: int | None = None,
    form_limits: _FormLimits | None = None,
) -> Options:
    """Declare a path operation.

    Args:
        self: the router or the application.
        path: URL path, starting with a slash; `{name}` or `{name:convertor}` is a path parameter.
        response_model: type that the result is validated and filtered with, and that documents it; `None` for
            neither. Left out, the return annotation of the function is taken.
        status_code: HTTP status of a result that is not a `Response`.
        tags: group names in OpenAPI.
        dependencies: run before the function, for their effects; their results are dropped.
        summary: short title in OpenAPI; from the function's name if left out.
        description: long text (Markdown) in OpenAPI; from the function's docstring if left out.
        response_description: text of the default response in OpenAPI.
        responses: further responses for OpenAPI, by status code (`"default"` and `"4XX"` are codes too).
        deprecated: marks the operation as deprecated in OpenAPI.
        operation_id: OpenAPI `operationId`, unique in the API; generated if left out.
        response_model_include: fields to send, as Pydantic's `include`.
        response_model_exclude: fields not to send, as Pydantic's `exclude`.
        response_model_by_alias: send fields under their alias.
        response_model_exclude_unset: leave out fields that were never set.
        response_model_exclude_defaults: leave out fields that equal their default.
        response_model_exclude_none: leave out fields that are `None`.
        include_in_schema: show the operation in OpenAPI.
        response_class: class that renders a result that is not a `Response`.
        name: route name, for `url_path_for`; the function's name if left out.
        callbacks: routes documented as OpenAPI callbacks; never served.
        openapi_extra: merged into the OpenAPI operation object.
        generate_unique_id_function: makes the `operationId` from the route.
        max_body_size: limit of the request body in bytes, over the router's and the application's; 0 allows
            an empty body only.
        form_limits: limits on form parsing: `max_fields`, `max_files` (counts), `max_part_size` (bytes).
    """
    return locals()


def router_api_route(
    self: Any,
    path: str,
    *,
    response_model: Any = Default(None),
    status_code: int | None = None,
    tags: list[str | Enum] | None = None,
    dependencies: Sequence[Depends] | None = None,
    summary: str | None = None,
    description: str | None = None,
    response_description: str = "Successful Response",
    responses: dict[int | str, dict[str, Any]] | None = None,
    deprecated: bool | None = None,
    methods: list[str] | None = None,
    operation_id: str | None = None,
    response_model_include: IncEx | None = None,
    response_model_exclude: IncEx | None = None,
    response_model_by_alias: bool = True,
    response_model_exclude_unset: bool = False,
    response_model_exclude_defaults: bool = False,
    response_model_exclude_none: bool = False,
    include_in_schema: bool = True,
    response_class: type[Response] = Default(JSONResponse),
    name: str | None = None,
    callbacks: list[BaseRoute] | None = None,
    openapi_extra: dict[str, Any] | None = None,
    generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
    max_body_size: int | None = None,
    form_limits: _FormLimits | None = None,
) -> Options:
    """Declare a path operation for any HTTP methods.

    Arguments as in `get`, and more.

    Further arguments:
        methods: HTTP methods; `GET` if left out.
    """
    return locals()


def app_api_route(
    self: Any,
    path: str,
    *,
    response_model: Any = Default(None),
    status_code: int | None = None,
    tags: list[str | Enum] | None = None,
    dependencies: Sequence[Depends] | None = None,
    summary: str | None = None,
    description: str | None = None,
    response_description: str = "Successful Response",
    responses: dict[int | str, dict[str, Any]] | None = None,
    deprecated: bool | None = None,
    methods: list[str] | None = None,
    operation_id: str | None = None,
    response_model_include: IncEx | None = None,
    response_model_exclude: IncEx | None = None,
    response_model_by_alias: bool = True,
    response_model_exclude_unset: bool = False,
    response_model_exclude_defaults: bool = False,
    response_model_exclude_none: bool = False,
    include_in_schema: bool = True,
    response_class: type[Response] = Default(JSONResponse),
    name: str | None = None,
    openapi_extra: dict[str, Any] | None = None,
    generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
    max_body_size: int | None = None,
    form_limits: _FormLimits | None = None,
) -> Options:
    """Declare a path operation for any HTTP methods.

    Arguments as in `get` except `callbacks`, and more.

    Further arguments:
        methods: HTTP methods; `GET` if left out.
    """
    return locals()


def router_add_api_route(
    self: Any,
    path: str,
    endpoint: Callable[..., Any],
    *,
    response_model: Any = Default(None),
    status_code: int | None = None,
    tags: list[str | Enum] | None = None,
    dependencies: Sequence[Depends] | None = None,
    summary: str | None = None,
    description: str | None = None,
    response_description: str = "Successful Response",
    responses: dict[int | str, dict[str, Any]] | None = None,
    deprecated: bool | None = None,
    methods: set[str] | list[str] | None = None,
    operation_id: str | None = None,
    response_model_include: IncEx | None = None,
    response_model_exclude: IncEx | None = None,
    response_model_by_alias: bool = True,
    response_model_exclude_unset: bool = False,
    response_model_exclude_defaults: bool = False,
    response_model_exclude_none: bool = False,
    include_in_schema: bool = True,
    response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
    name: str | None = None,
    route_class_override: type[APIRoute] | None = None,
    callbacks: list[BaseRoute] | None = None,
    openapi_extra: dict[str, Any] | None = None,
    generate_unique_id_function: Callable[[APIRoute], str] | DefaultPlaceholder = Default(generate_unique_id),
    strict_content_type: bool | DefaultPlaceholder = Default(value=True),
    max_body_size: int | None = None,
    form_limits: _FormLimits | None = None,
) -> Options:
    """Declare a path operation for `endpoint`.

    Arguments as in `get`, and more.

    Further arguments:
        endpoint: the path operation function.
        methods: HTTP methods; `GET` if left out.
        route_class_override: `APIRoute` subclass to build, instead of the router's `route_class`.
        strict_content_type: refuse a JSON body that does not say so in `Content-Type`.
    """
    return locals()


def app_add_api_route(
    self: Any,
    path: str,
    endpoint: Callable[..., Any],
    *,
    response_model: Any = Default(None),
    status_code: int | None = None,
    tags: list[str | Enum] | None = None,
    dependencies: Sequence[Depends] | None = None,
    summary: str | None = None,
    description: str | None = None,
    response_description: str = "Successful Response",
    responses: dict[int | str, dict[str, Any]] | None = None,
    deprecated: bool | None = None,
    methods: list[str] | None = None,
    operation_id: str | None = None,
    response_model_include: IncEx | None = None,
    response_model_exclude: IncEx | None = None,
    response_model_by_alias: bool = True,
    response_model_exclude_unset: bool = False,
    response_model_exclude_defaults: bool = False,
    response_model_exclude_none: bool = False,
    include_in_schema: bool = True,
    response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
    name: str | None = None,
    openapi_extra: dict[str, Any] | None = None,
    generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
    max_body_size: int | None = None,
    form_limits: _FormLimits | None = None,
) -> Options:
    """Declare a path operation for `endpoint`.

    Arguments as in `get` except `callbacks`, and more.

    Further arguments:
        endpoint: the path operation function.
        methods: HTTP methods; `GET` if left out.
    """
    return locals()


def include_router(
    self: Any,
    router: "APIRouter",
    *,
    prefix: str = "",
    tags: list[str | Enum] | None = None,
    dependencies: Sequence[Depends] | None = None,
    default_response_class: type[Response] = Default(JSONResponse),
    responses: dict[int | str, dict[str, Any]] | None = None,
    callbacks: list[BaseRoute] | None = None,
    deprecated: bool | None = None,
    include_in_schema: bool = True,
    generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
    max_body_size: int | None = None,
    form_limits: _FormLimits | None = None,
) -> Options:
    """Include the routes of another router.

    Args:
        self: the router.
        router: the router; routes added to it later are served too.
        prefix: put before each path: empty, or a path with a slash at its start and none at its end.
        tags: put before the tags of each operation.
        dependencies: run before those of each operation.
        default_response_class: for operations and routers that name none.
        responses: further OpenAPI responses for each operation.
        callbacks: put before the OpenAPI callbacks of each operation.
        deprecated: marks each operation as deprecated.
        include_in_schema: `False` hides every operation from OpenAPI.
        generate_unique_id_function: for operations and routers that name none.
        max_body_size: limit of the request body in bytes, where neither the operation nor the router has one.
        form_limits: limits on form parsing where the router sets none: `max_fields`, `max_files` (counts),
            `max_part_size` (bytes).
    """
    return locals()
