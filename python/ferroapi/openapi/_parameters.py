"""The `parameters` and the `requestBody` of an operation."""

from collections.abc import Iterator
from typing import Any, cast

from .._compat import ModelField, get_cached_model_fields
from ..datastructures import _Unset
from ..dependencies.utils import _get_param_aliases, _get_param_model
from ..encoders import jsonable_encoder
from ..params import Body, ParamTypes
from ..types import ModelNameMap
from ._dependencies import _OpenAPIDependencyData
from ._schemas import FieldMapping, Schemas


def _add_examples(target: dict[str, Any], field_info: Any) -> None:
    openapi_examples = getattr(field_info, "openapi_examples", None)
    example = getattr(field_info, "example", None)
    if openapi_examples:
        target["examples"] = jsonable_encoder(openapi_examples)
    elif example is not _Unset:
        target["example"] = jsonable_encoder(example)


def _converts_underscores(field: ModelField, parent: ModelField) -> bool:
    inherited = getattr(parent.field_info, "convert_underscores", True)
    return bool(getattr(field.field_info, "convert_underscores", inherited))


def _described_parameters(
    location: ParamTypes, parent: ModelField, schemas: Schemas
) -> Iterator[dict[str, Any]]:
    """The parameters of one declaration: itself, or each field of the model it declares."""
    model = _get_param_model(parent)
    optional_model = (
        model is not None
        and parent.field_info.annotation is not model
        and not parent.field_info.is_required()
    )
    for field in [parent] if model is None else get_cached_model_fields(model):
        info = field.field_info
        convert = location == ParamTypes.header and _converts_underscores(field, parent)
        alias, name = _get_param_aliases(field, convert_underscores=convert)[0]
        parameter: dict[str, Any] = {
            "name": name,
            "in": location.value,
            "required": info.is_required() and not optional_model,
            "schema": schemas.of(field, alias=alias),
        }
        if info.description:
            parameter["description"] = info.description
        _add_examples(parameter, info)
        if getattr(info, "deprecated", None):
            parameter["deprecated"] = True
        yield parameter


def _get_openapi_operation_parameters(
    *,
    dependency_data: _OpenAPIDependencyData,
    model_name_map: ModelNameMap,
    field_mapping: FieldMapping,
    separate_input_output_schemas: bool = True,
) -> list[dict[str, Any]]:
    """The Parameter Objects of an operation: path, query, header, then cookie parameters.

    Declarations with `include_in_schema=False` are left out.
    """
    schemas = Schemas(model_name_map, field_mapping, separate_input_output_schemas)
    groups = (
        (ParamTypes.path, dependency_data.path_params),
        (ParamTypes.query, dependency_data.query_params),
        (ParamTypes.header, dependency_data.header_params),
        (ParamTypes.cookie, dependency_data.cookie_params),
    )
    return [
        parameter
        for location, fields in groups
        for field in fields
        if getattr(field.field_info, "include_in_schema", True)
        for parameter in _described_parameters(location, field, schemas)
    ]


def distinct_parameters(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One parameter for each location and name: the last required one, else the last.

    Source: OpenAPI 3.1.0, section 4.8.10: the list must not include duplicates.
    """
    chosen: dict[tuple[str, str], dict[str, Any]] = {}
    for parameter in parameters:
        key = parameter["in"], parameter["name"]
        if parameter.get("required") or not chosen.get(key, {}).get("required"):
            chosen[key] = parameter
    return list(chosen.values())


def get_openapi_operation_request_body(
    *,
    body_field: ModelField | None,
    model_name_map: ModelNameMap,
    field_mapping: FieldMapping,
    separate_input_output_schemas: bool = True,
) -> dict[str, Any] | None:
    """The Request Body Object for `body_field`, or `None` for an operation without a body."""
    if not body_field:
        return None
    assert isinstance(body_field, ModelField)
    schemas = Schemas(model_name_map, field_mapping, separate_input_output_schemas)
    info = cast("Body", body_field.field_info)
    content: dict[str, Any] = {"schema": schemas.of(body_field)}
    _add_examples(content, info)
    request_body: dict[str, Any] = {"required": True} if body_field.field_info.is_required() else {}
    request_body["content"] = {info.media_type: content}
    return request_body
