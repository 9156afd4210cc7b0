"""What a response model looks like, where Rust can write it as pydantic's `to_json` does.

A schema that is made of the parts below says all there is about the JSON text, as long as the values are what
it expects, exactly; Rust looks at each value, and leaves the response to pydantic if one is not. For other
schemas pydantic writes all responses.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import GetSetDescriptorType
from typing import Any, TypeAlias
from uuid import UUID

from pydantic_core import SchemaSerializer

from .._compat import ModelField
from .._core import ModelWriter
from .schema_size import is_small
from .unnested import Unnested, run

# A kind, and what belongs to it.
Shape: TypeAlias = tuple[str, Any]

_FLAGS = ("by_alias", "exclude_none", "exclude_unset")
_SCALARS = {"any", "bool", "date", "datetime", "float", "int", "none", "str"}
# Scalars that are written as `str` makes a text of them.
_PRINTED = {"decimal": Decimal, "uuid": UUID}
# Schemas that stand around another, and let its values through.
_WRAPPERS = {"default", "function-after", "function-before", "function-wrap"}
# Kinds that no value of another kind is taken for: it does not matter how pydantic finds the right choice.
_CERTAIN = {"bool", "datetime", "enum", "float", "int", "model", "none", "printed", "str"}
# What a model's configuration may say: nothing about how it is written, but for the aliases, of which the
# path operation decides.
_CONFIG = {
    "allow_inf_nan",
    "extra_fields_behavior",
    "from_attributes",
    "frozen",
    "loc_by_alias",
    "serialize_by_alias",
    "str_max_length",
    "str_min_length",
    "str_strip_whitespace",
    "str_to_lower",
    "str_to_upper",
    "strict",
    "title",
    "validate_by_alias",
    "validate_by_name",
    "validate_default",
}
_MODEL = {
    "cls",
    "config",
    "custom_init",
    "generic_origin",
    "metadata",
    "post_init",
    "ref",
    "root_model",
    "schema",
    "type",
}
_MODEL_FIELDS = {"computed_fields", "fields", "metadata", "model_name", "type"}
_MODEL_FIELD = {"frozen", "metadata", "schema", "serialization_alias", "type", "validation_alias"}


def model_writer(field: ModelField, flags: Mapping[str, Any]) -> ModelWriter | None:
    """Return what writes the values of a response model; None where pydantic has to.

    Args:
        field: the response model.
        flags: the arguments of `to_json`.
    """
    by_alias, *others = (flags.get(name, False) for name in _FLAGS)
    understood = flags.keys() <= set(_FLAGS) and all(type(flag) is bool for flag in (by_alias, *others))
    adapter = field._type_adapter
    if field.config or not understood or type(adapter.serializer) is not SchemaSerializer:
        return None
    if not is_small(adapter.core_schema):
        return None
    shape = run(_Shapes(by_alias=by_alias).of(adapter.core_schema, {}))
    # Of a mere number or string there is nothing to be gained.
    if shape is None or shape[0] in _SCALARS:
        return None
    exclude_none, exclude_unset = others
    return ModelWriter(shape, exclude_none=exclude_none, exclude_unset=exclude_unset)


class _Shapes:
    """Tells shapes from schemas; None for what has none."""

    def __init__(self, *, by_alias: bool) -> None:
        self._by_alias = by_alias

    def of(self, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Unnested[Shape | None]:
        """Return the shape of the values of a schema."""
        kind = schema["type"]
        if "serialization" in schema:
            return None
        match kind:
            case _ if kind in _WRAPPERS:
                inner = self.of(schema["schema"], definitions)
            case "definitions":
                known = {part["ref"]: part for part in schema["definitions"]}
                inner = self.of(schema["schema"], {**definitions, **known})
            case "definition-ref":
                # Recursive models are left to pydantic.
                rest = {**definitions}
                target = rest.pop(schema["schema_ref"], None)
                if not target:
                    return None
                inner = self.of(target, rest)
            case "union":
                inner = self._union(schema, definitions)
            case "nullable":
                inner = self._around("nullable", schema["schema"], definitions)
            case "list":
                inner = self._around("list", schema.get("items_schema", {"type": "any"}), definitions)
            case "dict" if schema.get("keys_schema", {}).get("type") == "str":
                inner = self._around("dict", schema.get("values_schema", {"type": "any"}), definitions)
            case "model" if schema.keys() <= _MODEL and not schema.get("root_model"):
                inner = self._model(schema, definitions)
            case _:
                return _scalar(schema)
        shape: Shape | None = yield inner
        return shape

    def _around(
        self, kind: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]
    ) -> Unnested[Shape | None]:
        inner = yield self.of(schema, definitions)
        return (kind, inner) if inner else None

    def _union(self, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Unnested[Shape | None]:
        choices = []
        for choice in schema["choices"]:
            shape = (yield self.of(choice, definitions)) if isinstance(choice, Mapping) else None
            if shape is None or shape[0] not in _CERTAIN:
                return None
            choices.append(shape)
        return "union", choices

    def _model(self, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Unnested[Shape | None]:
        config = schema.get("config", {})
        ordinary = config.keys() <= _CONFIG and config.get("extra_fields_behavior") != "allow"
        inner = schema["schema"]
        while inner["type"] in _WRAPPERS and "serialization" not in inner:
            inner = inner["schema"]
        if not ordinary or inner["type"] != "model-fields" or not _has_plain_dict(schema["cls"]):
            return None
        fields = yield self._fields(inner, definitions)
        return ("model", (schema["cls"], fields)) if fields is not None else None

    def _fields(
        self, schema: Mapping[str, Any], definitions: Mapping[str, Any]
    ) -> Unnested[list[tuple[str, str, Shape]] | None]:
        if not schema.keys() <= _MODEL_FIELDS or schema.get("computed_fields"):
            return None
        fields = []
        for name, field in schema["fields"].items():
            shape = (yield self.of(field["schema"], definitions)) if field.keys() <= _MODEL_FIELD else None
            if shape is None:
                return None
            alias = field.get("serialization_alias") if self._by_alias else None
            fields.append((name, name if alias is None else alias, shape))
        return fields


def _scalar(schema: Mapping[str, Any]) -> Shape | None:
    kind = schema["type"]
    if kind in _SCALARS:
        return kind, None
    if kind in _PRINTED:
        return "printed", _PRINTED[kind]
    if kind == "enum":
        return kind, schema["cls"]
    if kind == "literal" and all(type(value) is str for value in schema["expected"]):
        return kind, frozenset(schema["expected"])
    return None


def _has_plain_dict(cls: type) -> bool:
    """Whether nothing stands between an instance and its dict."""
    lookup: Any = cls.__getattribute__
    dicts = [vars(base)["__dict__"] for base in cls.__mro__ if "__dict__" in vars(base)]
    return lookup is object.__getattribute__ and all(type(found) is GetSetDescriptorType for found in dicts)
