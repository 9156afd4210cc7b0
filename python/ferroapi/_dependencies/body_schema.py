"""JSON schema of a form body that is made of models: their fields are the fields of the form."""

from copy import deepcopy
from typing import Any, get_args

from pydantic import AliasChoices, BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from .._compat import ModelField, get_cached_model_fields
from .aliases import _get_param_aliases, get_validation_alias
from .form_models import _get_form_models

_Schema = dict[str, Any]


def _names(field: ModelField) -> list[str]:
    return [alias for alias, _ in _get_param_aliases(field)]


def _schema_name(field: ModelField) -> Any:
    """The property under which pydantic describes `field`."""
    validation_alias = field.field_info.validation_alias
    if isinstance(validation_alias, AliasChoices):
        return validation_alias.choices[0]
    return get_validation_alias(field)


def _get_form_model_schema(
    model: type[BaseModel], core_schema: CoreSchema, handler: GetJsonSchemaHandler
) -> _Schema:
    """The schema of `model` under the names a form may use, where pydantic knows only one or another name.

    The shared schema of the model is left alone.
    """
    schema = handler(core_schema)
    described = handler.resolve_ref_schema(schema)
    properties = described.get("properties", {})
    required = described.get("required", [])
    form_names: dict[str, list[str]] = {}
    for field in get_cached_model_fields(model):
        described_as, names = _schema_name(field), _names(field)
        if not isinstance(described_as, str) or described_as not in properties:
            continue
        if names[0] != described_as or (len(names) > 1 and described_as in required):
            form_names[described_as] = names
    if not form_names:
        return schema

    result = deepcopy(described)
    result["properties"] = {
        form_names.get(name, [name])[0]: item for name, item in result["properties"].items()
    }
    result["required"] = []
    for name in required:
        choices = form_names.get(name, [name])
        if len(choices) == 1:
            result["required"].append(choices[0])
        else:
            any_of = [{"required": [choice]} for choice in choices]
            result.setdefault("allOf", []).append({"anyOf": any_of})
    return result


def _absent_condition(models: list[type[BaseModel]]) -> _Schema:
    """The condition that a form holds nothing of `models`."""
    if any(model.model_config.get("extra") in ("allow", "forbid") for model in models):
        return {"maxProperties": 0}
    names = sorted(
        {name for model in models for field in get_cached_model_fields(model) for name in _names(field)}
    )
    return {"not": {"anyOf": [{"required": [name]} for name in names]}} if names else {}


def _model_conditions(param: ModelField, field_schema: _Schema) -> list[_Schema]:
    """What a form has to satisfy for a parameter that is a model or a union of models."""
    field_schema.pop("default", None)
    if type(None) not in get_args(param.field_info.annotation):
        return [field_schema]
    # A form cannot hold null: a nullable model is None when all its fields are absent
    field_schema["anyOf"] = [choice for choice in field_schema["anyOf"] if choice.get("type") != "null"]
    absent = _absent_condition(_get_form_models(param))
    if param.field_info.is_required():
        return [{"not": absent}, field_schema]
    return [{"anyOf": [absent, field_schema]}]


def _apply_form_body_schema(body_params: list[ModelField], schema: _Schema) -> None:
    """Turn the schema of the synthetic body model (`field_0`, `field_1`, ...) into that of one flat form."""
    parameter_schemas = schema.pop("properties")
    schema.pop("required", None)
    properties: _Schema = {}
    required: list[str] = []
    conditions: list[_Schema] = []
    for index, param in enumerate(body_params):
        field_schema = parameter_schemas[f"field_{index}"]
        if _get_form_models(param):
            conditions.extend(_model_conditions(param, field_schema))
            continue
        alias = _names(param)[0]
        if alias in properties:
            conditions.append({"properties": {alias: field_schema}})
        else:
            properties[alias] = field_schema
        if param.field_info.is_required() and alias not in required:
            required.append(alias)
    if properties:
        schema["properties"] = properties
    if required:
        schema["required"] = required
    schema["allOf"] = conditions
