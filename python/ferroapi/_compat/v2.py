"""Fields and JSON schemas on top of Pydantic 2."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, is_dataclass
from enum import Enum as Enum
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic import PydanticSchemaGenerationError as PydanticSchemaGenerationError
from pydantic import PydanticUndefinedAnnotation as PydanticUndefinedAnnotation
from pydantic import ValidationError as ValidationError
from pydantic import warnings as _pydantic_warnings
from pydantic._internal import _typing_extra as _pydantic_typing_extra
from pydantic.annotated_handlers import GetJsonSchemaHandler as GetJsonSchemaHandler
from pydantic.fields import FieldInfo as FieldInfo
from pydantic.json_schema import GenerateJsonSchema as _GenerateJsonSchema  # noqa: F401
from pydantic.json_schema import JsonSchemaValue as JsonSchemaValue
from pydantic_core import CoreSchema as CoreSchema
from pydantic_core import PydanticUndefined
from pydantic_core import Url as Url
from pydantic_core.core_schema import with_info_plain_validator_function as with_info_plain_validator_function

from .. import _incidental, _namespace
from ..openapi.constants import REF_TEMPLATE as REF_TEMPLATE
from ..types import IncEx, ModelNameMap
from . import shared
from .definitions import Definitions, FieldMapping, Mode, SchemaInputs
from .definitions import GenerateJsonSchema as GenerateJsonSchema
from .flat_models import TypeModelOrEnum as TypeModelOrEnum
from .flat_models import TypeModelSet as TypeModelSet
from .flat_models import get_flat_models_from_annotation as get_flat_models_from_annotation
from .flat_models import get_flat_models_from_field as get_flat_models_from_field
from .flat_models import get_flat_models_from_model as get_flat_models_from_model
from .flat_models import get_model_name_map as get_model_name_map
from .flat_models import models_of_fields
from .flat_models import normalize_name as normalize_name
from .shared import lenient_issubclass

RequiredParam = PydanticUndefined
Undefined = PydanticUndefined

# It has `params` by the time that a field is looked at; its name may lead to another copy of it by then.
_package: Any = sys.modules[__name__.partition(".")[0]]

for _moved in (
    GenerateJsonSchema,
    get_flat_models_from_annotation,
    get_flat_models_from_field,
    get_flat_models_from_model,
    get_model_name_map,
    normalize_name,
):
    _moved.__module__ = __name__


def evaluate_forwardref(
    value: Any, globalns: dict[str, Any] | None = None, localns: dict[str, Any] | None = None
) -> Any:
    """Evaluate an annotation given as a string, or return it as it is where a name is missing."""
    try_eval_type = getattr(_pydantic_typing_extra, "try_eval_type", None)
    if try_eval_type is None:  # Pydantic before 2.10
        return _pydantic_typing_extra.eval_type_lenient(value, globalns, localns)
    return try_eval_type(value, globalns, localns)[0]


# Pydantic 2.12 and later warn of aliases and the like on an adapter, where they have no effect.
_UNUSED_ATTRIBUTE: type[Warning] | None = getattr(
    _pydantic_warnings, "UnsupportedFieldAttributeWarning", None
)

# What `Field()` takes besides constraints, which a `FieldInfo` keeps as metadata.
# With the defaults of pydantic where it has no better way to say that an attribute is not set
_Attrs: dict[str, Any] = {
    "default": ...,
    "default_factory": None,
    "alias": None,
    "alias_priority": None,
    "validation_alias": None,
    "serialization_alias": None,
    "title": None,
    "field_title_generator": None,
    "description": None,
    "examples": None,
    "exclude": None,
    "exclude_if": None,
    "discriminator": None,
    "deprecated": None,
    "json_schema_extra": None,
    "frozen": None,
    "validate_default": None,
    "repr": True,
    "init": None,
    "init_var": None,
    "kw_only": None,
}


def _attributes(field_info: FieldInfo) -> dict[str, Any]:
    values = ((name, getattr(field_info, name, Undefined)) for name in _Attrs)
    return {name: value for name, value in values if value is not Undefined}


def asdict(field_info: FieldInfo) -> dict[str, Any]:
    """Split a field into `annotation`, `metadata` and `attributes`, for `Annotated` and `Field`."""
    return {
        "annotation": field_info.annotation,
        "metadata": field_info.metadata,
        "attributes": _attributes(field_info),
    }


@dataclass
class ModelField:
    """One parameter, body or response: a Pydantic field with the adapter that validates and writes it.

    Args:
        field_info: the declaration.
        name: name in Python.
        mode: which JSON schema it stands for.
        config: Pydantic configuration, for a field taken out of a model.

    Raises:
        pydantic.PydanticSchemaGenerationError: there is no schema for the annotation.
    """

    field_info: FieldInfo
    name: str
    mode: Mode = "validation"
    config: ConfigDict | None = None

    @property
    def alias(self) -> str:
        """Name on the wire."""
        alias = self.field_info.alias
        return self.name if alias is None else alias

    @property
    def validation_alias(self) -> str | None:
        """Name in requests, if there is a single one."""
        alias = self.field_info.validation_alias
        return alias if isinstance(alias, str) and alias else None

    @property
    def serialization_alias(self) -> str | None:
        """Name in responses, if it is set."""
        return self.field_info.serialization_alias or None

    @property
    def default(self) -> Any:
        """The default, made anew if there is a factory; `Undefined` for a required field."""
        return self.get_default()

    def __post_init__(self) -> None:
        info = self.field_info
        # A fresh `Field`, so that the metadata, already listed, does not count twice.
        arguments = (info.annotation, *info.metadata, Field(**_attributes(info)))
        annotated = cast("Any", Annotated[arguments])
        with warnings.catch_warnings():
            if _UNUSED_ATTRIBUTE is not None:
                warnings.simplefilter("ignore", category=_UNUSED_ATTRIBUTE)
            self._type_adapter: TypeAdapter[Any] = TypeAdapter(annotated, config=self.config)

    def get_default(self) -> Any:
        """Return `default`."""
        if self.field_info.is_required():
            return Undefined
        return self.field_info.get_default(call_default_factory=True)

    def validate(
        self,
        value: Any,
        values: dict[str, Any] = {},  # noqa: B006 (never written)
        *,
        loc: tuple[int | str, ...] = (),
    ) -> tuple[Any, list[dict[str, Any]]]:
        """Validate a value.

        Args:
            value: what came in.
            values: not used.
            loc: where it came from; put before the location of each error.

        Returns:
            The validated value and no errors, or None and the errors.
        """
        try:
            return self._type_adapter.validate_python(value, from_attributes=True), []
        except ValidationError as exc:
            return None, _regenerate_error_with_loc(errors=exc.errors(include_url=False), loc_prefix=loc)

    def serialize(
        self,
        value: Any,
        *,
        mode: Literal["json", "python"] = "json",
        include: IncEx | None = None,
        exclude: IncEx | None = None,
        by_alias: bool = True,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
    ) -> Any:
        """Turn a validated value into plain data; the options are those of `TypeAdapter.dump_python`."""
        return self._type_adapter.dump_python(
            value,
            mode=mode,
            include=include,
            exclude=exclude,
            by_alias=by_alias,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def serialize_json(
        self,
        value: Any,
        *,
        include: IncEx | None = None,
        exclude: IncEx | None = None,
        by_alias: bool = True,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
    ) -> bytes:
        """Write a validated value as JSON bytes; the options are those of `TypeAdapter.dump_json`."""
        return self._type_adapter.dump_json(
            value,
            include=include,
            exclude=exclude,
            by_alias=by_alias,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def __hash__(self) -> int:
        # A field is a key by what it is, though two may be equal.
        return id(self)


def _annotation_has_computed_fields(annotation: Any, *, known_models: set[type[BaseModel]]) -> bool:
    if not lenient_issubclass(annotation, BaseModel):
        inner = get_args(annotation)
    elif annotation in known_models:
        return False
    elif annotation.model_computed_fields:
        return True
    else:
        known_models.add(annotation)
        inner = tuple(info.annotation for info in annotation.model_fields.values())
    return any(_annotation_has_computed_fields(item, known_models=known_models) for item in inner)


def _has_computed_fields(field: ModelField) -> bool:
    core_schema = cast("dict[str, Any]", field._type_adapter.core_schema)
    if core_schema.get("schema", {}).get("computed_fields", []):
        return True
    return _annotation_has_computed_fields(field.field_info.annotation, known_models=set())


def get_schema_from_model_field(
    *,
    field: ModelField,
    model_name_map: ModelNameMap,
    field_mapping: FieldMapping,
    separate_input_output_schemas: bool = True,
    field_alias: str | None = None,
) -> dict[str, Any]:
    """Return a copy of a field's JSON schema, with a title unless it is a reference.

    Args:
        field: the field.
        model_name_map: not used.
        field_mapping: what `get_definitions` returned.
        separate_input_output_schemas: False takes one schema for both, except where computed fields differ.
        field_alias: name to make the title of, if not the field's own.
    """
    mode = field.mode
    if not separate_input_output_schemas and not _has_computed_fields(field):
        mode = "validation"
    json_schema = field_mapping[field, mode].copy()
    if "$ref" not in json_schema:
        if field_alias is None:
            own = field.validation_alias if field.mode == "validation" else field.serialization_alias
            field_alias = own or field.alias
        json_schema["title"] = field.field_info.title or field_alias.title().replace("_", " ")
    return json_schema


def _fields_of_models_inside(fields: Sequence[ModelField], given: set[Any]) -> Iterator[ModelField]:
    """A field for each model and enum in the annotations of `fields`, unless it is `given` as one."""
    modes: tuple[Mode, ...] = ("validation", "serialization")
    for mode in modes:
        of_mode = [field for field in fields if field.mode == mode]
        for model in models_of_fields(of_mode, set()):
            if model not in given:
                yield ModelField(field_info=FieldInfo(annotation=model), name=model.__name__, mode=mode)


def get_definitions(
    *,
    fields: Sequence[ModelField],
    model_name_map: ModelNameMap,
    separate_input_output_schemas: bool = True,
) -> tuple[FieldMapping, Definitions]:
    """Make the JSON schemas of all fields at once, so that they share their definitions.

    Args:
        fields: every field of the document.
        model_name_map: not used.
        separate_input_output_schemas: False takes one schema for both, except where computed fields differ.

    Returns:
        The schema of each field and mode, and the definitions they refer to.
    """
    given = {field.field_info.annotation for field in fields}
    inputs = SchemaInputs()
    for field in chain(fields, _fields_of_models_inside(fields, given)):
        separate = separate_input_output_schemas or _has_computed_fields(field)
        inputs.add(field, field.mode if separate else "validation")
    mapping, definitions = inputs.generate()
    for definition in definitions.values():
        if "description" in definition:
            # What follows a form feed in a docstring is not for the clients.
            definition["description"] = definition["description"].split("\f")[0]
    return mapping, definitions


def is_scalar_field(field: ModelField) -> bool:
    """Tell whether a field is a single value outside the body."""
    return shared.field_annotation_is_scalar(field.field_info.annotation) and not isinstance(
        field.field_info, _package.params.Body
    )


def copy_field_info(*, field_info: FieldInfo, annotation: Any) -> FieldInfo:
    """Copy a declaration and put an annotation, with all it carries in `Annotated`, into the copy."""
    merged = type(field_info).from_annotation(annotation)
    copied = copy(field_info)
    for name, value in _attributes(merged).items():
        setattr(copied, name, value)
    copied._attributes_set = merged._attributes_set.copy()
    copied.metadata = merged.metadata
    copied.annotation = merged.annotation
    return copied


def serialize_sequence_value(*, field: ModelField, value: Any) -> Sequence[Any]:
    """Build a sequence of the kind a field is annotated with, the first that is not None in a union."""
    annotation: Any = field.field_info.annotation
    members = [arg for arg in shared._union_members(annotation) or () if arg is not type(None)]
    if members:
        annotation = members[0]
    kind = get_origin(annotation) or annotation
    assert issubclass(kind, shared.sequence_types)
    return cast("Sequence[Any]", shared.sequence_annotation_to_type[kind](value))


def get_missing_field_error(loc: tuple[int | str, ...]) -> dict[str, Any]:
    """Return Pydantic's error for an absent required field at a location."""
    missing = ValidationError.from_exception_data(
        "Field required", [{"type": "missing", "loc": loc, "input": {}}]
    )
    return {**missing.errors(include_url=False)[0], "input": None}


def create_body_model(
    *, fields: Sequence[ModelField], model_name: str, config: ConfigDict | None = None
) -> type[BaseModel]:
    """Make a model whose fields are several body parameters."""
    arguments: dict[str, Any] = {
        field.name: (field.field_info.annotation, field.field_info) for field in fields
    }
    return create_model(model_name, __config__=config, **arguments)


def get_model_fields(model: type[BaseModel]) -> list[ModelField]:
    """Return a model's fields, each with an adapter of its own."""
    return [
        ModelField(field_info=info, name=name, config=_field_config(model, info.annotation))
        for name, info in model.model_fields.items()
    ]


def _field_config(model: type[BaseModel], annotation: Any) -> ConfigDict | None:
    # These have a configuration of their own; Pydantic refuses a second one.
    if lenient_issubclass(annotation, (BaseModel, dict)) or is_dataclass(annotation):
        return None
    return model.model_config


@lru_cache
def get_cached_model_fields(model: type[BaseModel]) -> list[ModelField]:
    """Return `get_model_fields`, remembered."""
    return get_model_fields(model)


def get_flat_models_from_fields(fields: Sequence[ModelField], known_models: TypeModelSet) -> TypeModelSet:
    """Add the models and enums of several fields to `known_models`, and return it.

    Raises:
        pydantic.PydanticUserError: a field of one of the models can't stand alone, such as one of `Self`.
    """
    before = known_models.copy()
    for model in models_of_fields(fields, known_models) - before:
        if lenient_issubclass(model, BaseModel):
            get_model_fields(model)
    return known_models


def _regenerate_error_with_loc(
    *, errors: Sequence[Any], loc_prefix: tuple[str | int, ...]
) -> list[dict[str, Any]]:
    return [{**error, "loc": loc_prefix + error.get("loc", ())} for error in errors]


_incidental.complete(__name__)
_namespace.spread(__name__, *(f"_compat.{part}" for part in ("content", "definitions", "flat_models")))
