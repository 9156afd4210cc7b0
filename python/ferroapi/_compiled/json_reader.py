"""Reading JSON text straight into a model, where that comes to the same as parsing it first.

`validate_json` and `validate_python` of a schema differ in details: JSON mode is more lenient where JSON has
no type of its own, and code of the user's (validators, `__init__`, default factories) would run before the
dependencies. So only schemas are read that are made of the parts below; for any other the long way is taken.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .._compat import ModelField
from .model_reader import model_reader
from .schema_size import is_small

# A schema, the definitions around it, and what may stand there, if that is narrower than everything below
_Part: TypeAlias = tuple[Any, Mapping[str, Any], frozenset[str] | None]
_Parts: TypeAlias = list[Any] | None

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
    alike = is_small(schema) and _is_alike(schema)
    return model_reader(schema, reader) if alike else None


def _is_alike(schema: Any) -> bool:
    """Tell whether both modes give the same for every text that JSON mode takes."""
    # `null` would mean that there is no body.
    pending: list[_Part] = [(schema, {}, frozenset({"model", "list"}))]
    while pending:
        schema, definitions, kinds = pending.pop()
        if not isinstance(schema, Mapping):
            return False
        kind = schema.get("type")
        if kind == "definitions":
            known = {part.get("ref"): part for part in schema["definitions"]}
            pending.append((schema["schema"], {**definitions, **known}, kinds))
        elif kind == "definition-ref":
            # Recursive models are left to the long way.
            rest = {**definitions}
            pending.append((rest.pop(schema["schema_ref"], None), rest, kinds))
        else:
            rule = _RULES.get(str(kind)) if kinds is None or kind in kinds else None
            inner = rule(schema) if rule else None
            if inner is None:
                return False
            pending += [(part, definitions, None) for part in inner]
    return True


def _has_only(schema: Mapping[str, Any], *keys: str) -> bool:
    return set(schema) <= _NEUTRAL.union(keys)


# A rule gives the parts inside, which have to be alike, too; None where the schema is not.


def _scalar(schema: Mapping[str, Any]) -> _Parts:
    return [] if _has_only(schema, *_SCALAR_RULES) else None


def _nullable(schema: Mapping[str, Any]) -> _Parts:
    return [schema["schema"]] if _has_only(schema, "schema") else None


def _default(schema: Mapping[str, Any]) -> _Parts:
    return [schema["schema"]] if _has_only(schema, "schema", "default", "copy_default") else None


def _list(schema: Mapping[str, Any]) -> _Parts:
    plain = _has_only(schema, "items_schema", "min_length", "max_length")
    return [schema.get("items_schema", {"type": "any"})] if plain else None


def _dict(schema: Mapping[str, Any]) -> _Parts:
    plain = _has_only(schema, "keys_schema", "values_schema", "min_length", "max_length")
    keys = schema.get("keys_schema", {"type": "any"})
    return [schema.get("values_schema", {"type": "any"})] if plain and keys == {"type": "str"} else None


def _model(schema: Mapping[str, Any]) -> _Parts:
    plain = (
        _has_only(schema, "cls", "schema", "config", "custom_init", "root_model", "generic_origin")
        and not schema.get("custom_init")
        and not schema.get("root_model")
        and set(schema.get("config", {})) <= _MODEL_CONFIG
        and schema.get("config", {}).get("extra_fields_behavior") in (None, "ignore", "forbid")
    )
    inner = schema["schema"]
    if not plain or inner.get("type") != "model-fields":
        return None
    fields = inner["fields"].values()
    plain = _has_only(inner, "fields", "model_name", "computed_fields") and all(map(_is_plain_field, fields))
    return [field["schema"] for field in fields] if plain else None


def _is_plain_field(schema: Mapping[str, Any]) -> bool:
    names = ("validation_alias", "serialization_alias", "serialization_exclude")
    return _has_only(schema, "schema", "frozen", *names) and isinstance(
        schema.get("validation_alias", ""), str
    )


_RULES: dict[str, Callable[[Mapping[str, Any]], _Parts]] = {
    **dict.fromkeys(_SCALARS, _scalar),
    "nullable": _nullable,
    "default": _default,
    "list": _list,
    "dict": _dict,
    "model": _model,
}
