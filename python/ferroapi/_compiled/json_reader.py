"""Reading JSON text straight into a model, where that comes to the same as parsing it first.

`validate_json` and `validate_python` of a schema differ in details: JSON mode is more lenient where JSON has
no type of its own, and code of the user's (validators, `__init__`, default factories) would run before the
dependencies. So only schemas are read that are made of the parts below; for any other the long way is taken.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .._compat import ModelField
from .model_reader import model_reader
from .schema_size import is_small

_SCALARS = {"str", "int", "float", "bool", "none", "any", "date", "datetime"}
_NEUTRAL = {"type", "ref", "metadata", "serialization"}
_SCALAR_RULES = {
    "allow_inf_nan",
    "ge",
    "gt",
    "le",
    "lt",
    "max_length",
    "microseconds_precision",
    "min_length",
    "multiple_of",
    "pattern",
    "strip_whitespace",
    "to_lower",
    "to_upper",
}
_MODEL_CONFIG = {
    "extra_fields_behavior",
    "from_attributes",
    "title",
    "validate_by_alias",
    "validate_by_name",
}


def json_reader(field: ModelField) -> Callable[..., Any] | None:
    """Return what reads a body as its field's `validate_json` does; None where that may not be the same."""
    schema = field._type_adapter.core_schema
    reader: Callable[..., Any] = field._type_adapter.validator.validate_json
    alike = is_small(schema) and _is_alike(schema, {}, frozenset({"model", "list"}))
    return model_reader(schema, reader) if alike else None


def _is_alike(schema: Any, definitions: Mapping[str, Any], kinds: frozenset[str] | None = None) -> bool:
    """Tell whether both modes give the same for every text that JSON mode takes.

    `kinds` narrows what may stand at the top, where `null` means that there is no body.
    """
    if not isinstance(schema, Mapping):
        return False
    kind = schema.get("type")
    if kind == "definitions":
        known = {part.get("ref"): part for part in schema["definitions"]}
        inner = {**definitions, **known}
        return _is_alike(schema["schema"], inner, kinds)
    if kind == "definition-ref":
        # Recursive models are left to the long way.
        target = {**definitions}.pop(schema["schema_ref"], None)
        rest = {ref: part for ref, part in definitions.items() if ref != schema["schema_ref"]}
        return _is_alike(target, rest, kinds)
    if kinds is not None and kind not in kinds:
        return False
    rule = _RULES.get(str(kind))
    return rule is not None and rule(schema, definitions)


def _has_only(schema: Mapping[str, Any], *keys: str) -> bool:
    return set(schema) <= _NEUTRAL.union(keys)


def _scalar(schema: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
    return _has_only(schema, *_SCALAR_RULES)


def _nullable(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    return _has_only(schema, "schema") and _is_alike(schema["schema"], definitions)


def _default(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    return _has_only(schema, "schema", "default", "copy_default") and _is_alike(schema["schema"], definitions)


def _list(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    plain = _has_only(schema, "items_schema", "min_length", "max_length")
    return plain and ("items_schema" not in schema or _is_alike(schema["items_schema"], definitions))


def _dict(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    plain = _has_only(schema, "keys_schema", "values_schema", "min_length", "max_length")
    keys = schema.get("keys_schema", {"type": "any"})
    values = schema.get("values_schema", {"type": "any"})
    return plain and keys == {"type": "str"} and _is_alike(values, definitions)


def _model(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    return (
        _has_only(schema, "cls", "schema", "config", "custom_init", "root_model", "generic_origin")
        and not schema.get("custom_init")
        and not schema.get("root_model")
        and set(schema.get("config", {})) <= _MODEL_CONFIG
        and schema.get("config", {}).get("extra_fields_behavior") in (None, "ignore", "forbid")
        and _model_fields(schema["schema"], definitions)
    )


def _model_fields(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    return (
        schema.get("type") == "model-fields"
        and _has_only(schema, "fields", "model_name", "computed_fields")
        and all(_model_field(field, definitions) for field in schema["fields"].values())
    )


def _model_field(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    names = ("validation_alias", "serialization_alias", "serialization_exclude")
    return (
        _has_only(schema, "schema", "frozen", *names)
        and isinstance(schema.get("validation_alias", ""), str)
        and _is_alike(schema["schema"], definitions)
    )


_RULES: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], bool]] = {
    **dict.fromkeys(_SCALARS, _scalar),
    "nullable": _nullable,
    "default": _default,
    "list": _list,
    "dict": _dict,
    "model": _model,
}
