"""What a path operation knows: derived from its options for a route, and again for each inclusion."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, IntEnum
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, compile_path, get_name

from .. import params
from .._body_limit import validate_max_body_size
from .._compat import ModelField, lenient_issubclass
from ..datastructures import Default, DefaultPlaceholder
from ..dependencies.models import Dependant, _is_async_gen_callable, _is_gen_callable
from ..dependencies.utils import (
    _get_body_field,
    _get_flat_body_params,
    _should_embed_body_fields,
    get_dependant,
    get_parameterless_sub_dependant,
    get_stream_item_type,
    get_typed_return_annotation,
)
from ..sse import EventSourceResponse, ServerSentEvent
from ..types import IncEx
from ..utils import create_model_field, generate_unique_id, is_body_allowed_for_status_code


class _APIRouteLike:
    """The attributes that an `APIRoute` and the context of its inclusion have in common."""

    path: str
    endpoint: Callable[..., Any]
    stream_item_type: Any | None
    response_model: Any
    summary: str | None
    response_description: str
    deprecated: bool | None
    operation_id: str | None
    response_model_include: IncEx | None
    response_model_exclude: IncEx | None
    response_model_by_alias: bool
    response_model_exclude_unset: bool
    response_model_exclude_defaults: bool
    response_model_exclude_none: bool
    include_in_schema: bool
    response_class: type[Response] | DefaultPlaceholder
    dependency_overrides_provider: Any | None
    callbacks: list[BaseRoute] | None
    openapi_extra: dict[str, Any] | None
    generate_unique_id_function: Callable[[Any], str] | DefaultPlaceholder
    strict_content_type: bool | DefaultPlaceholder
    max_body_size: int | None
    tags: list[str | Enum]
    responses: dict[int | str, dict[str, Any]]
    name: str
    path_regex: Any
    path_format: str
    param_convertors: dict[str, Any]
    methods: set[str]
    unique_id: str
    status_code: int | None
    response_field: ModelField | None
    stream_item_field: ModelField | None
    dependencies: list[params.Depends]
    description: str
    response_fields: dict[int | str, ModelField]
    dependant: Dependant
    _embed_body_fields: bool
    body_field: ModelField | None
    is_sse_stream: bool
    is_json_stream: bool


# Options that are stored as they were given; the others go through one of the steps below.
_PLAIN_OPTIONS = (
    "stream_item_type",
    "summary",
    "response_description",
    "deprecated",
    "operation_id",
    "response_model_include",
    "response_model_exclude",
    "response_model_by_alias",
    "response_model_exclude_unset",
    "response_model_exclude_defaults",
    "response_model_exclude_none",
    "include_in_schema",
    "response_class",
    "dependency_overrides_provider",
    "callbacks",
    "openapi_extra",
    "generate_unique_id_function",
    "strict_content_type",
    "max_body_size",
)
ROUTE_OPTIONS = (
    *_PLAIN_OPTIONS,
    "response_model",
    "status_code",
    "tags",
    "dependencies",
    "description",
    "responses",
    "name",
    "methods",
)
_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(ROUTE_OPTIONS),
    "response_model": Default(None),
    "response_description": "Successful Response",
    "response_model_by_alias": True,
    "response_model_exclude_unset": False,
    "response_model_exclude_defaults": False,
    "response_model_exclude_none": False,
    "include_in_schema": True,
    "response_class": Default(JSONResponse),
    "generate_unique_id_function": Default(generate_unique_id),
    "strict_content_type": Default(value=True),
}


def _frontend_dependency_endpoint() -> None:
    """Stand in for the endpoint where only dependencies are solved, in front of static files."""


def _build_dependant_with_parameterless_dependencies(
    *, path: str, call: Callable[..., Any], dependencies: Sequence[params.Depends]
) -> tuple[Dependant, list[ModelField], bool]:
    """Return the dependant of `call`, its flat body parameters, and whether these are embedded by name.

    `dependencies`, whose values nobody receives, run before those of the signature and in the order given.
    """
    dependant = get_dependant(path=path, call=call, scope="function")
    for depends in reversed(dependencies):
        dependant.dependencies.insert(0, get_parameterless_sub_dependant(depends=depends, path=path))
    body_params = _get_flat_body_params(dependant)
    return dependant, body_params, _should_embed_body_fields(body_params)


def _populate_api_route_state(
    route: _APIRouteLike, path: str, endpoint: Callable[..., Any], **given: Any
) -> None:
    """Set every attribute of `_APIRouteLike` on `route`.

    Args:
        route: the `APIRoute` or effective context to fill.
        path: path template with its prefix, such as `/items/{item_id:int}`.
        endpoint: the path operation function.
        given: values for `ROUTE_OPTIONS`; those of `APIRoute` for what is left out.

    Raises:
        TypeError: there is no such option.
        ValueError: `max_body_size` is not a size, or the path names a parameter twice.
        AssertionError: an option contradicts another one or the endpoint.
        FastAPIError: a response type is no valid field.
    """
    options = {**_DEFAULTS, **given}
    if len(options) > len(_DEFAULTS):
        raise TypeError(f"there is no option {next(name for name in given if name not in _DEFAULTS)!r}")
    route.path = path
    route.endpoint = endpoint
    for name in _PLAIN_OPTIONS:
        setattr(route, name, options[name])
    validate_max_body_size(route.max_body_size)
    route.tags = options["tags"] or []
    route.responses = options["responses"] or {}
    _set_identity(route, options)
    status_code = options["status_code"]
    route.status_code = int(status_code) if isinstance(status_code, IntEnum) else status_code
    route.dependencies = list(options["dependencies"] or [])
    description = options["description"] or inspect.cleandoc(endpoint.__doc__ or "")
    # What follows a form feed in a docstring is not meant for the API's documentation.
    route.description = description.split("\f")[0].strip()
    route.response_fields = _additional_response_fields(route)
    assert callable(endpoint), "An endpoint must be a callable"
    _set_dependant(route)
    is_generator = _is_async_gen_callable(route.dependant.call) or _is_gen_callable(route.dependant.call)
    streams_by_default = isinstance(route.response_class, DefaultPlaceholder)
    route.is_sse_stream = is_generator and lenient_issubclass(route.response_class, EventSourceResponse)
    route.is_json_stream = is_generator and streams_by_default
    route.response_model = _resolve_response_model(route, options["response_model"], is_generator)
    _set_response_fields(route)


def _set_identity(route: _APIRouteLike, options: Mapping[str, Any]) -> None:
    name = options["name"]
    route.name = get_name(route.endpoint) if name is None else name
    route.path_regex, route.path_format, route.param_convertors = compile_path(route.path)
    methods = options["methods"]
    route.methods = {method.upper() for method in (["GET"] if methods is None else methods)}
    generate: Any = route.generate_unique_id_function
    if isinstance(generate, DefaultPlaceholder):
        generate = generate.value
    route.unique_id = route.operation_id or generate(route)


def _additional_response_fields(route: _APIRouteLike) -> dict[int | str, ModelField]:
    fields = {}
    for status_code, response in route.responses.items():
        assert isinstance(response, dict), "An additional response must be a dict"
        model = response.get("model")
        if model:
            _assert_body_allowed(status_code)
            fields[status_code] = _output_field(f"Response_{status_code}_{route.unique_id}", model)
    return fields


def _set_dependant(route: _APIRouteLike) -> None:
    route.dependant, body_params, route._embed_body_fields = _build_dependant_with_parameterless_dependencies(
        path=route.path_format, call=route.endpoint, dependencies=route.dependencies
    )
    route.body_field = _get_body_field(
        body_params=body_params, name=route.unique_id, embed_body_fields=route._embed_body_fields
    )


def _resolve_response_model(route: _APIRouteLike, response_model: Any, is_generator: bool) -> Any:
    """Return the response model, taken from the return annotation if none was given.

    The item type of a generator's annotation goes to `route.stream_item_type` instead.
    """
    if not isinstance(response_model, DefaultPlaceholder):
        return response_model
    annotation = get_typed_return_annotation(route.endpoint)
    if lenient_issubclass(annotation, Response):
        return None
    stream_item = get_stream_item_type(annotation) if is_generator else None
    if stream_item is None:
        return annotation
    if (route.is_json_stream or route.is_sse_stream) and not lenient_issubclass(stream_item, ServerSentEvent):
        route.stream_item_type = stream_item
    return None


def _set_response_fields(route: _APIRouteLike) -> None:
    route.response_field = None
    if route.response_model:
        _assert_body_allowed(route.status_code)
        route.response_field = _output_field("Response_" + route.unique_id, route.response_model)
    route.stream_item_field = None
    if route.stream_item_type:
        route.stream_item_field = _output_field("StreamItem_" + route.unique_id, route.stream_item_type)


def _assert_body_allowed(status_code: int | str | None) -> None:
    assert is_body_allowed_for_status_code(status_code), (
        f"Status code {status_code} must not have a response body"
    )


def _output_field(name: str, type_: Any) -> ModelField:
    return create_model_field(name=name, type_=type_, mode="serialization")
