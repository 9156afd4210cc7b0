"""The models and enums that annotations are made of, and their names in a document."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

from pydantic import BaseModel

from .shared import lenient_issubclass

if TYPE_CHECKING:
    from .v2 import ModelField

TypeModelOrEnum = type[BaseModel] | type[Enum]
TypeModelSet = set[TypeModelOrEnum]


def normalize_name(name: str) -> str:
    """Replace what may not stand in a component's name (OpenAPI 3.1, section 4.8.7) by underscores."""
    return re.sub(r"[^a-zA-Z0-9.\-_]", "_", name)


def get_model_name_map(unique_models: TypeModelSet) -> dict[TypeModelOrEnum, str]:
    """Map models to the names of their schemas; of two with one name the last counts."""
    by_name = {normalize_name(model.__name__): model for model in unique_models}
    return {model: name for name, model in by_name.items()}


def get_flat_models_from_model(
    model: type[BaseModel], known_models: TypeModelSet | None = None
) -> TypeModelSet:
    """Add the models and enums in a model's fields to `known_models`, and return it."""
    known_models = known_models or set()
    for info in model.model_fields.values():
        _add_models_of(info.annotation, known_models)
    return known_models


def get_flat_models_from_annotation(annotation: Any, known_models: TypeModelSet) -> TypeModelSet:
    """Add the models and enums among a generic annotation's arguments to `known_models`, and return it."""
    for arg in get_args(annotation) if get_origin(annotation) is not None else ():
        _add_models_of(arg, known_models)
    return known_models


def _add_models_of(annotation: Any, known_models: TypeModelSet) -> None:
    if lenient_issubclass(annotation, (BaseModel, Enum)):
        _add_model(cast("TypeModelOrEnum", annotation), known_models)
    else:
        get_flat_models_from_annotation(annotation, known_models=known_models)


def _add_model(model: TypeModelOrEnum, known_models: TypeModelSet) -> None:
    if model in known_models:
        return
    known_models.add(model)
    if lenient_issubclass(model, BaseModel):
        get_flat_models_from_model(model, known_models=known_models)


def get_flat_models_from_field(field: "ModelField", known_models: TypeModelSet) -> TypeModelSet:
    """Add the models and enums a field is made of to `known_models`, and return it."""
    _add_models_of(field.field_info.annotation, known_models)
    return known_models


def models_of_fields(fields: Sequence["ModelField"], known_models: TypeModelSet) -> TypeModelSet:
    """Add the models and enums of several fields to `known_models`, and return it."""
    # By identity: an annotation need not be hashable, and many parameters share a few
    annotations = {id(field.field_info.annotation): field.field_info.annotation for field in fields}
    for annotation in annotations.values():
        _add_models_of(annotation, known_models)
    return known_models
