"""What a body's model looks like, where Rust can read it as pydantic's `validate_json` does.

It is read there as long as the text is just what the schema accepts: no conversions, no errors, no keys but
those of the fields. Any other text is left to pydantic, whole.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

from .._core import ModelReader
from .plain import integer_bounds
from .unnested import Unnested, run

# A kind, and what belongs to it.
Layout: TypeAlias = tuple[str, Any]

_LONGEST = 2**63 - 1
_NEUTRAL = {"metadata", "ref", "serialization", "type"}
# What a scalar's schema may say besides, for Rust to know what it accepts.
_KNOWN: dict[str, set[str]] = {
    "bool": set(),
    "date": {"microseconds_precision"},
    "datetime": {"microseconds_precision"},
    "float": {"allow_inf_nan"},
    "int": {"ge", "gt", "le", "lt"},
    "none": set(),
    "str": {"max_length", "min_length"},
}
# What a JSON string has to escape.
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_SHARED = (bool, bytes, float, int, str, type(None))


def model_reader(schema: Mapping[str, Any], validate_json: Callable[..., Any]) -> Callable[..., Any]:
    """Return what stands for `validate_json`: Rust's reader, or itself if there is none for the schema.

    Args:
        schema: one that `json_reader` takes.
        validate_json: the method of its validator.
    """
    validator = getattr(validate_json, "__self__", None)
    # A plugin of pydantic's, if there is one, counts on being called.
    layout = run(_layout(schema, {})) if type(validator) is SchemaValidator else None
    return ModelReader(layout, validate_json, _utc()) if layout else validate_json


@cache
def _utc() -> Any:
    """Return the time zone that pydantic makes of `Z`."""
    return TypeAdapter(datetime).validate_json('"2000-01-01T00:00:00Z"').tzinfo


def _layout(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Unnested[Layout | None]:
    match schema["type"]:
        case "definitions":
            known = {part["ref"]: part for part in schema["definitions"]}
            inner = _layout(schema["schema"], {**definitions, **known})
        case "definition-ref":
            inner = _layout(definitions[schema["schema_ref"]], definitions)
        case "nullable":
            inner = _around("nullable", schema["schema"], definitions)
        case "list" if not schema.keys() & {"min_length", "max_length"}:
            inner = _around("list", schema.get("items_schema", {"type": "any"}), definitions)
        case "dict" if not schema.keys() & {"min_length", "max_length"}:
            inner = _around("dict", schema.get("values_schema", {"type": "any"}), definitions)
        case "model":
            inner = _model(schema, definitions)
        case "list" | "dict" | "default":
            return None
        case _:
            return _scalar(schema)
    layout: Layout | None = yield inner
    return layout


def _around(kind: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Unnested[Layout | None]:
    inner = yield _layout(schema, definitions)
    return (kind, inner) if inner else None


def _scalar(schema: Mapping[str, Any]) -> Layout:
    kind = schema["type"]
    if kind in _KNOWN and schema.keys() <= _KNOWN[kind] | _NEUTRAL:
        if kind == "str":
            return "str", (schema.get("min_length", 0), schema.get("max_length", _LONGEST))
        if kind != "int":
            return kind, None
        bounds = integer_bounds(schema)
        if bounds:
            return "int", bounds
    copy: Any = {**schema}
    return "other", SchemaValidator(copy).validate_json


def _model(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Unnested[Layout | None]:
    cls, config = schema["cls"], schema.get("config", {})
    by_alias = config.get("validate_by_alias", True) and not config.get("validate_by_name", False)
    if not by_alias or cls.__new__ is not object.__new__:
        return None
    fields = []
    for name, field in schema["schema"]["fields"].items():
        inner, missing = _missing(field["schema"])
        layout = yield _layout(inner, definitions)
        key = field.get("validation_alias", name)
        if layout is None or missing is None or _ESCAPED.search(key):
            return None
        fields.append((name, key, layout, missing))
    return "model", (cls, fields)


def _missing(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, Any] | None]:
    """Take the default off a field's schema: what is inside, and what stands for a member that is missing."""
    if schema["type"] != "default":
        return schema, ("refused", None)
    default = schema["default"]
    if type(default) in _SHARED:
        return schema["schema"], ("value", default)
    # Where nothing is copied, all instances share the default.
    copied = schema.get("copy_default", True) is not False
    empty = type(default) in (list, dict) and not default
    return schema["schema"], (type(default).__name__, None) if copied and empty else None
