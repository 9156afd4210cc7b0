"""Reading declared fields, and whole models, from a parsed form."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args

from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile

from .. import params
from .._compat import (
    ModelField,
    Undefined,
    get_cached_model_fields,
    is_bytes_or_nonable_bytes_annotation,
    is_bytes_sequence_annotation,
    sequence_types,
    serialize_sequence_value,
    value_is_sequence,
)
from .aliases import _get_param_aliases
from .multidict import _get_multidict_extras, _get_multidict_value


def _extract_form_items(
    body_fields: list[ModelField], received_body: FormData
) -> Iterator[tuple[str, Any, ModelField | None]]:
    """Give (name used, value, field) for each field that was received, then the extras without a field."""
    taken: set[str] = set()
    for field in body_fields:
        for alias, _ in _get_param_aliases(field):
            taken.add(alias)
            value = _get_multidict_value(field, received_body, alias=alias)
            if value is not Undefined:
                yield alias, value, field
                break  # its later aliases may belong to other fields, or be extras
    for key, value in _get_multidict_extras(received_body, taken):
        yield key, value, None


async def _read_file_bytes(file: UploadFile) -> bytes:
    """Read from where the file stands, and put it back there: another parameter may read it as well."""
    position = file.file.tell()
    try:
        return await file.read()
    finally:
        await file.seek(position)


async def _read_if_file(value: Any) -> Any:
    return await _read_file_bytes(value) if isinstance(value, UploadFile) else value


async def _extract_form_body(
    body_fields: list[ModelField], received_body: FormData
) -> AsyncIterator[tuple[str, Any, ModelField | None]]:
    """The items of the form, with the files read for `File` fields that are declared as bytes."""
    for alias, value, field in _extract_form_items(body_fields, received_body):
        if field is not None and isinstance(field.field_info, params.File):
            annotation = field.field_info.annotation
            if is_bytes_or_nonable_bytes_annotation(annotation) and isinstance(value, UploadFile):
                value = await _read_file_bytes(value)
            elif is_bytes_sequence_annotation(annotation) and value_is_sequence(value):
                assert isinstance(value, sequence_types)
                contents = [await _read_if_file(item) for item in value]
                value = serialize_sequence_value(field=field, value=contents)
        yield alias, value, field


def _is_form_model_supplied(model: type[BaseModel], received_body: FormData) -> bool:
    """Whether the raw form, empty fields included, says anything about `model`."""
    own_names = {alias for field in get_cached_model_fields(model) for alias, _ in _get_param_aliases(field)}
    return bool(
        own_names.intersection(received_body)
        or (model.model_config.get("extra") in ("allow", "forbid") and received_body)
    )


async def _extract_form_model(
    field: ModelField, models: list[type[BaseModel]], received_body: FormData
) -> Any:
    """The input of a form model, or of a union of them; `Undefined` for a nullable one that is absent.

    A union gets the form as it came, since each of its models has to interpret it for itself.
    """
    is_nullable = type(None) in get_args(field.field_info.annotation)
    if is_nullable and not any(_is_form_model_supplied(model, received_body) for model in models):
        return Undefined
    model_fields = get_cached_model_fields(models[0]) if len(models) == 1 else []
    return {alias: item async for alias, item, _ in _extract_form_body(model_fields, received_body)}
