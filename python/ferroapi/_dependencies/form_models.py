"""Form parameters declared as a model or as a union of models."""

from functools import partial
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Tag
from starlette.datastructures import FormData

from .. import params
from .._compat import ModelField, get_cached_model_fields, lenient_issubclass
from ..types import UnionType
from .form import _extract_form_items
from .param_models import _get_model_type, _is_json_field


def _get_form_union_models(annotation: Any) -> list[type[BaseModel]]:
    """The models of a union of two or more of them (and perhaps None); an empty list for anything else."""
    if get_origin(annotation) not in (Union, UnionType):
        return []
    models = []
    for choice in get_args(annotation):
        if choice is type(None):
            continue
        if get_origin(choice) is Annotated:
            choice = get_args(choice)[0]
        if not lenient_issubclass(choice, BaseModel):
            return []
        models.append(choice)
    return models if len(models) > 1 else []


def _add_form_union_validators(annotation: Any) -> Any:
    """The same union, in which each model first interprets the raw form by its own fields."""
    return Union[tuple(_form_choice(choice) for choice in get_args(annotation))]  # noqa: UP007


def _form_choice(choice: Any) -> Any:
    if choice is type(None):
        return choice
    is_annotated = get_origin(choice) is Annotated
    model, *metadata = get_args(choice) if is_annotated else (choice,)
    # Errors name the branch: by its discriminator tag if it has one, else by its model, as without validator
    tag = next((item for item in reversed(metadata) if isinstance(item, Tag)), Tag(model.__name__))
    return Annotated[choice, BeforeValidator(partial(_normalize_form_model, model=model)), tag]


def _normalize_form_model(value: Any, *, model: type[BaseModel]) -> Any:
    """Interpret the raw form values as the fields of `model` take them: one value or a list, by alias."""
    if not isinstance(value, dict):
        return value
    form = FormData(
        [
            (key, item)
            for key, received in value.items()
            for item in (received if isinstance(received, list) else [received])
        ]
    )
    normalized = {alias: item for alias, item, _ in _extract_form_items(get_cached_model_fields(model), form)}
    # A form cannot hold these, but a validator that ran before can have put them there
    normalized.update(
        (key, item) for key, item in value.items() if item is None or (isinstance(item, list) and not item)
    )
    return normalized


def _get_form_models(field: ModelField) -> list[type[BaseModel]]:
    """The models whose fields are separate form fields, if `field` is declared so; else an empty list."""
    field_info = field.field_info
    if not isinstance(field_info, params.Form) or field_info.embed or _is_json_field(field):
        return []
    model = _get_model_type(field_info.annotation)
    return [model] if model is not None else _get_form_union_models(field_info.annotation)


def _get_form_model(field: ModelField) -> type[BaseModel] | None:
    models = _get_form_models(field)
    return models[0] if len(models) == 1 else None
