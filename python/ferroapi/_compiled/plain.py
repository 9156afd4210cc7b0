"""Parameters of the plainest types, whose value can be told from the text without calling pydantic.

Most parameters are a `str`, an `int` with or without bounds, or a list of strings. Where a text is what
pydantic would return, or canonical decimal digits within the bounds, Rust makes the argument itself. Whatever
else arrives, and whatever another schema says, is validated by pydantic.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic_core import SchemaValidator

from .._compat import ModelField

Plain: TypeAlias = tuple[Literal["no", "text", "texts", "integer"], tuple[int, int]]

NOT_PLAIN: Plain = ("no", (0, 0))
# The integers of Rust that hold a bound.
_LOW, _HIGH = -(2**63), 2**63 - 1
_NEUTRAL = {"type", "metadata"}


def plain(field: ModelField) -> Plain:
    """Return what kind of plain type a field has, with the bounds of an integer.

    Args:
        field: a parameter that pydantic validates in the usual way.
    """
    adapter = field._type_adapter
    validator = getattr(adapter.validator.validate_python, "__self__", None)
    # A configuration may strip or convert; a plugin of pydantic's, if there is one, counts on being called.
    if field.config or type(validator) is not SchemaValidator:
        return NOT_PLAIN
    return _plain(adapter.core_schema)


def _plain(schema: Mapping[str, Any]) -> Plain:
    match schema["type"]:
        case "default" if _has_only(schema, "schema", "default", "default_factory", "validate_default"):
            return _plain(schema["schema"])
        case "nullable" if _has_only(schema, "schema"):
            return _plain(schema["schema"])
        case "str" if _has_only(schema):
            return "text", (0, 0)
        case "list" if _has_only(schema, "items_schema"):
            return ("texts", (0, 0)) if _plain(schema["items_schema"])[0] == "text" else NOT_PLAIN
        case "int" if _has_only(schema, "ge", "gt", "le", "lt"):
            bounds = integer_bounds(schema)
            return ("integer", bounds) if bounds else NOT_PLAIN
    return NOT_PLAIN


def integer_bounds(schema: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the least and the greatest integer that a schema takes; None if they can't be told."""
    bounds = {name: schema[name] for name in ("ge", "gt", "le", "lt") if name in schema}
    if any(type(bound) is not int for bound in bounds.values()):
        return None
    low = max(_LOW, bounds.get("ge", _LOW), bounds.get("gt", _LOW - 1) + 1)
    high = min(_HIGH, bounds.get("le", _HIGH), bounds.get("lt", _HIGH + 1) - 1)
    return (low, high) if low <= high else None


def _has_only(schema: Mapping[str, Any], *keys: str) -> bool:
    return schema.keys() <= _NEUTRAL.union(keys)
