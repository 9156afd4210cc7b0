"""Generates the OpenAPI document of a set of routes.

Source: OpenAPI Specification 3.1.0 (https://spec.openapis.org/oas/v3.1.0).
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.routing import BaseRoute

from .. import _incidental, _namespace, routing
from .._compat import ModelField, get_definitions, get_flat_models_from_fields, get_model_name_map
from ..dependencies.utils import _get_flat_fields_from_params, get_flat_params
from ..encoders import jsonable_encoder
from ..exceptions import FastAPIDeprecationWarning
from ..types import ModelNameMap
from ..utils import deep_dict_update, generate_operation_id_for_path
from ._dependencies import (
    _get_openapi_dependency_data as _get_openapi_dependency_data,
)
from ._dependencies import (
    _get_openapi_security_definitions as _get_openapi_security_definitions,
)
from ._dependencies import _OpenAPIDependencyData as _OpenAPIDependencyData
from ._parameters import (
    _get_openapi_operation_parameters as _get_openapi_operation_parameters,
)
from ._parameters import distinct_parameters
from ._parameters import (
    get_openapi_operation_request_body as get_openapi_operation_request_body,
)
from ._responses import get_responses, response_class_of
from ._responses import status_code_ranges as status_code_ranges
from ._schemas import FieldMapping, SchemaArguments, Schemas
from .constants import METHODS_WITH_BODY, REF_PREFIX
from .models import OpenAPI

validation_error_definition = {
    "title": "ValidationError",
    "type": "object",
    "properties": {
        "loc": {
            "title": "Location",
            "type": "array",
            "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        },
        "msg": {"title": "Message", "type": "string"},
        "type": {"title": "Error Type", "type": "string"},
        "input": {"title": "Input"},
        "ctx": {"title": "Context", "type": "object"},
    },
    "required": ["loc", "msg", "type"],
}
"""Schema of one error in a 422 response."""

validation_error_response_definition = {
    "title": "HTTPValidationError",
    "type": "object",
    "properties": {
        "detail": {
            "title": "Detail",
            "type": "array",
            "items": {"$ref": REF_PREFIX + "ValidationError"},
        }
    },
}
"""Schema of the body of a 422 response."""


def generate_operation_id(*, route: "routing._APIRouteLike", method: str) -> str:
    """The operation ID of `route`. Deprecated: routes have a `unique_id`."""
    warnings.warn(
        message="fastapi.openapi.utils.generate_operation_id() was deprecated, "
        "it is not used internally, and will be removed soon",
        category=FastAPIDeprecationWarning,
        stacklevel=2,
    )
    if route.operation_id:
        return route.operation_id
    return generate_operation_id_for_path(name=route.name, path=route.path_format, method=method)


def generate_operation_summary(*, route: "routing._APIRouteLike", method: str) -> str:
    """The declared summary of `route`, else its name in words."""
    return route.summary or route.name.replace("_", " ").title()


def _warn_about_duplicate(operation_id: str, endpoint: Any) -> None:
    endpoint_name = getattr(endpoint, "__name__", "<unnamed_endpoint>")
    message = f"Duplicate Operation ID {operation_id} for function {endpoint_name}"
    file_name = getattr(endpoint, "__globals__", {}).get("__file__")
    if file_name:
        message += f" at {file_name}"
    warnings.warn(message, stacklevel=1)


def get_openapi_operation_metadata(
    *, route: "routing._APIRouteLike", method: str, operation_ids: set[str]
) -> dict[str, Any]:
    """The Operation Object of `route` as far as it is only words: tags, summary, ID and so on.

    Args:
        route: the path operation.
        method: the HTTP method it is described for.
        operation_ids: those used so far; gets this one added. A repetition is a warning.
    """
    operation: dict[str, Any] = {}
    if route.tags:
        operation["tags"] = route.tags
    operation["summary"] = generate_operation_summary(route=route, method=method)
    if route.description:
        operation["description"] = route.description
    operation_id = route.operation_id or route.unique_id
    if operation_id in operation_ids:
        _warn_about_duplicate(operation_id, route.endpoint)
    operation_ids.add(operation_id)
    operation["operationId"] = operation_id
    if route.deprecated:
        operation["deprecated"] = route.deprecated
    return operation


def _get_callbacks(
    callbacks: Iterable[BaseRoute], operation_ids: set[str], schemas: SchemaArguments
) -> dict[str, dict[str, Any]]:
    described = {}
    for callback in callbacks:
        if isinstance(callback, routing.APIRoute):
            route = cast("routing._APIRouteLike", callback)
            path, _, _ = get_openapi_path(route=route, operation_ids=operation_ids, **schemas)
            described[callback.name] = {callback.path: path}
    return described


def _add_validation_error(operation: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Describe the 422 response, unless the operation describes its own."""
    responses = operation["responses"]
    if any(code in responses for code in ("422", "4XX", "default")):
        return
    schema = {"$ref": REF_PREFIX + "HTTPValidationError"}
    responses["422"] = {
        "description": "Validation Error",
        "content": {"application/json": {"schema": schema}},
    }
    definitions.setdefault("ValidationError", validation_error_definition)
    definitions.setdefault("HTTPValidationError", validation_error_response_definition)


def get_openapi_path(
    *,
    route: "routing._APIRouteLike",
    operation_ids: set[str],
    model_name_map: ModelNameMap,
    field_mapping: FieldMapping,
    separate_input_output_schemas: bool = True,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Describe `route` for each of its methods.

    Args:
        route: the path operation.
        operation_ids: those used so far; gets the route's added.
        model_name_map: the name of each model in the document.
        field_mapping: the schema of each field, per direction.
        separate_input_output_schemas: whether a model may have one schema for input and another
            for output.

    Returns:
        The Path Item Object, the security schemes, and the schemas it needs beyond the models'.
    """
    assert route.methods is not None, "Methods must be a list"
    response_class = response_class_of(route)
    path: dict[str, Any] = {}
    security_schemes: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    if not route.include_in_schema:
        return path, security_schemes, definitions
    arguments: SchemaArguments = {
        "model_name_map": model_name_map,
        "field_mapping": field_mapping,
        "separate_input_output_schemas": separate_input_output_schemas,
    }
    data = _get_openapi_dependency_data(route.dependant)
    can_fail_validation = route.body_field or any(
        _get_flat_fields_from_params([param])
        for params in (data.path_params, data.query_params, data.header_params, data.cookie_params)
        for param in params
    )
    for method in route.methods:
        operation = get_openapi_operation_metadata(route=route, method=method, operation_ids=operation_ids)
        schemes, requirements = _get_openapi_security_definitions(
            security_dependencies=data.security_dependencies
        )
        security_schemes.update(schemes)
        if requirements:
            operation["security"] = requirements
        parameters = _get_openapi_operation_parameters(dependency_data=data, **arguments)
        if parameters:
            operation["parameters"] = distinct_parameters(parameters)
        if method in METHODS_WITH_BODY:
            request_body = get_openapi_operation_request_body(body_field=route.body_field, **arguments)
            if request_body:
                operation["requestBody"] = request_body
        if route.callbacks:
            operation["callbacks"] = _get_callbacks(route.callbacks, operation_ids, arguments)
        operation["responses"] = get_responses(route, response_class, Schemas(**arguments))
        if can_fail_validation:
            _add_validation_error(operation, definitions)
        if route.openapi_extra:
            deep_dict_update(operation, route.openapi_extra)
        path[method.lower()] = operation
    return path, security_schemes, definitions


def _get_api_route_for_openapi(route_context: routing.RouteContext) -> "routing._APIRouteLike | None":
    """The context itself if it is that of a path operation: it has all of the route's attributes."""
    if isinstance(route_context.original_route, routing.APIRoute):
        return cast("routing._APIRouteLike", route_context)
    return None


def _api_routes(
    routes: Sequence["BaseRoute | routing.RouteContext"],
) -> Iterator["routing._APIRouteLike"]:
    for route_context in routing.iter_route_contexts(routes):
        api_route = _get_api_route_for_openapi(route_context)
        if api_route is not None:
            yield api_route


def get_fields_from_routes(
    routes: Sequence["BaseRoute | routing.RouteContext"],
) -> list[ModelField]:
    """All fields that the description of `routes` refers to.

    Those of callbacks come first, then bodies, responses, and parameters; the order decides
    which of several models gets the short name.
    """
    callbacks: list[ModelField] = []
    bodies: list[ModelField] = []
    responses: list[ModelField] = []
    parameters: list[ModelField] = []
    for route in _api_routes(routes):
        if not route.include_in_schema:
            continue
        if route.body_field:
            assert isinstance(route.body_field, ModelField), "A request body must be a Pydantic Field"
            bodies.append(route.body_field)
        if route.response_field:
            responses.append(route.response_field)
        responses.extend((route.response_fields or {}).values())
        if route.stream_item_field:
            responses.append(route.stream_item_field)
        if route.callbacks:
            callbacks.extend(get_fields_from_routes(route.callbacks))
        parameters.extend(get_flat_params(route.dependant))
    return callbacks + bodies + responses + parameters


def _info(**entries: Any) -> dict[str, Any]:
    """The Info Object, without what was not given."""
    return {key: value for key, value in entries.items() if value or key in ("title", "version")}


@dataclass
class _Document:
    """The parts of a document that grow route by route."""

    schemas: SchemaArguments
    definitions: dict[str, Any]
    security_schemes: dict[str, Any] = field(default_factory=dict)
    operation_ids: set[str] = field(default_factory=set)

    def describe(self, routes: Sequence["BaseRoute | routing.RouteContext"]) -> dict[str, dict[str, Any]]:
        """The Path Item Objects of `routes`, by path; routes with one path share an object."""
        paths: dict[str, dict[str, Any]] = {}
        for route in _api_routes(routes):
            result = get_openapi_path(route=route, operation_ids=self.operation_ids, **self.schemas)
            if result:
                path, security_schemes, definitions = result
                if path:
                    paths.setdefault(route.path_format, {}).update(path)
                self.security_schemes.update(security_schemes)
                self.definitions.update(definitions)
        return paths

    def components(self) -> dict[str, Any]:
        """The Components Object, its schemas sorted by name."""
        components: dict[str, Any] = {}
        if self.security_schemes:
            components["securitySchemes"] = self.security_schemes
        if self.definitions:
            components["schemas"] = dict(sorted(self.definitions.items()))
        return components


def get_openapi(
    *,
    title: str,
    version: str,
    openapi_version: str = "3.1.0",
    summary: str | None = None,
    description: str | None = None,
    routes: Sequence["BaseRoute | routing.RouteContext"],
    webhooks: Sequence["BaseRoute | routing.RouteContext"] | None = None,
    tags: list[dict[str, Any]] | None = None,
    servers: list[dict[str, str | Any]] | None = None,
    terms_of_service: str | None = None,
    contact: dict[str, str | Any] | None = None,
    license_info: dict[str, str | Any] | None = None,
    separate_input_output_schemas: bool = True,
    external_docs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The OpenAPI document of `routes`, ready to be written as JSON.

    Args:
        title: the title of the API.
        version: the version of the API.
        openapi_version: the version of the OpenAPI Specification to claim.
        summary: the API in a few words.
        description: the API in Markdown.
        routes: routes as in `app.routes`; those that are no path operations are left out.
        webhooks: routes that describe requests the API sends; their paths are names.
        tags: Tag Objects, in the order to show them.
        servers: Server Objects.
        terms_of_service: the URL of the terms of service.
        contact: a Contact Object.
        license_info: a License Object.
        separate_input_output_schemas: whether a model may have one schema for input and another
            for output.
        external_docs: an External Documentation Object.

    Raises:
        pydantic.ValidationError: the outcome is no OpenAPI document, for instance because of what
            was given as `openapi_extra`, `responses` or `servers`.
    """
    fields = get_fields_from_routes([*routes, *(webhooks or [])])
    model_name_map = get_model_name_map(get_flat_models_from_fields(fields, known_models=set()))
    field_mapping, definitions = get_definitions(
        fields=fields,
        model_name_map=model_name_map,
        separate_input_output_schemas=separate_input_output_schemas,
    )
    document = _Document(
        schemas={
            "model_name_map": model_name_map,
            "field_mapping": field_mapping,
            "separate_input_output_schemas": separate_input_output_schemas,
        },
        definitions=definitions,
    )
    output: dict[str, Any] = {
        "openapi": openapi_version,
        "info": _info(
            title=title,
            version=version,
            summary=summary,
            description=description,
            termsOfService=terms_of_service,
            contact=contact,
            license=license_info,
        ),
        "paths": document.describe(routes),
    }
    optional = {
        "servers": servers,
        "webhooks": document.describe(webhooks or []),
        "components": document.components(),
        "tags": tags,
        "externalDocs": external_docs,
    }
    output.update((key, value) for key, value in optional.items() if value)
    encoded: dict[str, Any] = jsonable_encoder(OpenAPI(**output), by_alias=True, exclude_none=True)
    return encoded


_incidental.complete(__name__)
_namespace.spread(
    __name__, *(f"openapi.{part}" for part in ("_dependencies", "_parameters", "_responses", "_schemas"))
)
