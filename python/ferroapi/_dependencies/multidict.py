"""Reading one field, or what is left over, from parameters that may repeat."""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.datastructures import FormData, Headers, ImmutableMultiDict, UploadFile

from .._compat import ModelField, Undefined, field_annotation_is_sequence
from .param_models import _is_json_field


def _is_empty_file_input(value: Any) -> bool:
    """What browsers send for a file input in which nothing was chosen."""
    return isinstance(value, UploadFile) and value.filename == "" and value.size == 0


def _get_multidict_value(field: ModelField, values: Mapping[str, Any], alias: str) -> Any:
    """The value received as `alias`, a list if `field` takes one; `Undefined` if it is absent or empty."""
    is_form = isinstance(values, FormData)
    wants_sequence = field_annotation_is_sequence(field.field_info.annotation)
    value: Any
    if wants_sequence and isinstance(values, (ImmutableMultiDict, Headers)) and not _is_json_field(field):
        value = values.getlist(alias)
        if is_form:
            value = [item for item in value if not _is_empty_file_input(item)]
    else:
        value = values.get(alias)
    if value is None:
        return Undefined
    if is_form and (_is_empty_file_input(value) or (isinstance(value, str) and value == "")):
        return Undefined
    if wants_sequence and len(value) == 0:
        return Undefined
    return value


def _get_multidict_extras(
    received_params: Mapping[str, Any], processed_keys: set[str]
) -> Iterator[tuple[str, Any]]:
    """What was received under other keys than `processed_keys`: one value, or a list where a key repeats."""
    if isinstance(received_params, ImmutableMultiDict):
        items = received_params.multi_items()
    elif isinstance(received_params, Headers):
        items = received_params.items()  # repeats a repeated header, unlike a mapping
    else:
        for key in received_params:
            if key not in processed_keys:
                yield key, received_params.get(key)
        return

    grouped: dict[str, list[Any]] = {}
    for key, value in items:
        if key not in processed_keys:
            grouped.setdefault(key, []).append(value)
    for key, values in grouped.items():
        yield key, values[0] if len(values) == 1 else values
