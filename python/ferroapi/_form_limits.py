"""Limits of form parsing."""

from pydantic import ConfigDict, NonNegativeInt, TypeAdapter, with_config
from typing_extensions import TypedDict

from . import _incidental


@with_config(ConfigDict(strict=True, extra="forbid"))
class _FormLimits(TypedDict, total=False):
    """Limits that hold when `Form`, `File` and `UploadFile` parameters are parsed.

    `max_fields` and `max_files` count parts, `max_part_size` is the bytes of a part that is no file.
    """

    max_fields: NonNegativeInt
    max_files: NonNegativeInt
    max_part_size: NonNegativeInt


_form_limits_adapter = TypeAdapter(_FormLimits)


def _validate_form_limits(limits: _FormLimits | None) -> _FormLimits:
    """Check limits given by a user, or None for no limits; raises `pydantic.ValidationError`."""
    if limits is None:
        return {}
    return _form_limits_adapter.validate_python(limits)


_incidental.complete(__name__)
