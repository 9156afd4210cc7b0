"""Under which names a field is looked for in a request."""

from typing import cast

from pydantic import AliasChoices, AliasPath

from .. import params
from .._compat import ModelField


def get_validation_alias(field: ModelField) -> str:
    """The name a field has in validated input: its validation alias if that is one name, else its alias."""
    return getattr(field, "validation_alias", None) or field.alias


def _get_param_aliases(field: ModelField, *, convert_underscores: bool = False) -> list[tuple[str, str]]:
    """All names of `field`, most wanted first, as pairs (name in validation, name in the request).

    The two differ only for a header without an explicit alias, when `convert_underscores` is set.
    """

    def requested(name: str) -> str:
        return name.replace("_", "-") if convert_underscores else name

    alias = get_validation_alias(field)
    request_alias = requested(alias) if alias == field.name else alias
    aliases = [(alias, request_alias)]
    validation_alias = field.field_info.validation_alias
    if isinstance(field.field_info, params.Path) or isinstance(validation_alias, AliasPath):
        return aliases
    if isinstance(validation_alias, AliasChoices):
        if any(isinstance(choice, AliasPath) for choice in validation_alias.choices):
            return aliases
        # Choices are written out by the user: their underscores are meant
        aliases = [(choice, choice) for choice in cast("list[str]", validation_alias.choices)]

    config = field.config or {}
    by_name = (field.name, requested(field.name))
    if config.get("validate_by_alias") is False:
        return [by_name]
    validate_by_name = config.get("validate_by_name", config.get("populate_by_name", False))
    if validate_by_name and field.name not in [name for name, _ in aliases]:
        aliases.append(by_name)
    return aliases
