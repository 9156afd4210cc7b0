"""Body and form parameters: from the received body to keyword arguments."""

from collections.abc import Awaitable
from typing import Any

from starlette.datastructures import FormData

from .._compat import ModelField, Undefined, get_missing_field_error
from .aliases import _get_param_aliases
from .body_field import _should_embed_body_fields
from .form import _extract_form_body, _extract_form_model
from .form_models import _get_form_models
from .param_args import _validate_value_with_model_field

_Loc = tuple[str, ...]


class _NotAnObjectError(Exception):
    """The body is a list, a scalar or null where an object with embedded fields is needed."""


class _ReceivedForm:
    """A form, from which each parameter takes its part."""

    def __init__(self, form: FormData) -> None:
        self.form = form
        self.values: dict[str, Any] = {}
        self.by_field: dict[str, tuple[str, Any]] = {}

    async def extract(self, body_fields: list[ModelField]) -> None:
        """Extract all parameters that are no models, and what belongs to none."""
        fields = [field for field in body_fields if not _get_form_models(field)]
        if not fields:
            return
        async for alias, value, field in _extract_form_body(fields, self.form):
            self.values[alias] = value
            if field is not None:
                self.by_field[field.name] = (alias, value)

    async def value_of(self, field: ModelField) -> tuple[Any, _Loc]:
        models = _get_form_models(field)
        if models:
            return await _extract_form_model(field, models, self.form), ("body",)
        alias, value = self.by_field.get(field.name, (_first_alias(field), Undefined))
        return value, ("body", alias)


def _first_alias(field: ModelField) -> str:
    return _get_param_aliases(field)[0][0]


def _embedded_value(field: ModelField, body: Any) -> tuple[Any, _Loc]:
    """Look `field` up in a JSON body. A body that is missing or not parsed holds nothing."""
    aliases = [alias for alias, _ in _get_param_aliases(field)]
    if body is not Undefined and not isinstance(body, bytes):
        for alias in aliases:
            try:
                value = body.get(alias, Undefined)
            except AttributeError:
                raise _NotAnObjectError from None
            if value is not Undefined:
                return value, ("body", alias)
    return Undefined, ("body", aliases[0])


def _is_whole_body(body_fields: list[ModelField], embed_body_fields: bool) -> bool:
    """Whether the only field takes the whole body, and not one key of it."""
    return (
        len(body_fields) == 1
        and not embed_body_fields
        and not _should_embed_body_fields(body_fields)
        and not _get_form_models(body_fields[0])
    )


def body_to_args(
    body_fields: list[ModelField], received_body: Any, embed_body_fields: bool
) -> Awaitable[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Validate the body parameters of one dependant, by the public function."""
    return request_body_to_args(
        body_fields=body_fields, received_body=received_body, embed_body_fields=embed_body_fields
    )


async def request_body_to_args(
    body_fields: list[ModelField], received_body: Any, embed_body_fields: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Validate the body parameters of one dependant.

    Args:
        body_fields: the fields declared; at least one.
        received_body: a form, parsed JSON, or bytes of another media type; `Undefined` for no body.
        embed_body_fields: whether each field is one key of the body.

    Returns:
        The values by parameter name, and the errors as in a validation error response.
    """
    values: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    assert body_fields, "request_body_to_args() should be called with fields"
    form = _ReceivedForm(received_body) if isinstance(received_body, FormData) else None
    if form is not None:
        await form.extract(body_fields)

    if _is_whole_body(body_fields, embed_body_fields):
        field = body_fields[0]
        body = received_body if form is None else form.values
        value, errors = _validate_value_with_model_field(
            field=field, value=body, values=values, loc=("body",)
        )
        return {field.name: value}, errors

    for field in body_fields:
        try:
            received, loc = await form.value_of(field) if form else _embedded_value(field, received_body)
        except _NotAnObjectError:
            errors.append(get_missing_field_error(("body", _first_alias(field))))
            continue
        value, field_errors = _validate_value_with_model_field(
            field=field, value=received, values=values, loc=loc
        )
        if field_errors:
            errors.extend(field_errors)
        else:
            values[field.name] = value
    return values, errors
