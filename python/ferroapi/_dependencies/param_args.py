"""Path, query, header and cookie parameters: from what was received to keyword arguments."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import BaseModel
from starlette.datastructures import Headers, QueryParams

from .. import params
from .._compat import ModelField, Undefined, get_cached_model_fields, get_missing_field_error
from .aliases import _get_param_aliases
from .multidict import _get_multidict_extras, _get_multidict_value
from .param_models import _get_param_model


def _validate_value_with_model_field(
    *, field: ModelField, value: Any, values: dict[str, Any], loc: tuple[str, ...]
) -> tuple[Any, list[Any]]:
    """Validate one value, `Undefined` standing for none: a copy of the default, or a "missing" error."""
    if value is Undefined:
        if field.field_info.is_required():
            return None, [get_missing_field_error(loc=loc)]
        value = deepcopy(field.default)
        if not field.field_info.validate_default:
            return value, []
    return field.validate(value, values, loc=loc)


def _received_alias(aliases: list[tuple[str, str]], received: Mapping[str, Any]) -> tuple[str, str]:
    return next((pair for pair in aliases if pair[1] in received), aliases[0])


def _param_source(field: ModelField) -> str:
    assert isinstance(field.field_info, params.Param), "Params must be subclasses of Param"
    return field.field_info.in_.value


def at_headers(errors: list[dict[str, Any]], headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Locate errors of a model's fields at the headers that they were read from, by field name."""
    for error in errors:
        source, *rest = error["loc"]
        if rest and rest[0] in headers:
            error["loc"] = (source, headers[rest[0]], *rest[1:])
    return errors


class _ModelInput:
    """Gathers the raw input of a parameter model from the parameters received."""

    def __init__(self, received: Mapping[str, Any], *, convert_underscores: bool) -> None:
        self.received = received
        self.from_headers = isinstance(received, Headers)
        self.convert_underscores = convert_underscores
        self.values: dict[str, Any] = {}
        self.own_names: set[str] = set()
        self.used_keys: set[str] = set()
        self.header_names: dict[str, str] = {}

    def add(self, field: ModelField) -> None:
        convert_underscores = self.from_headers and getattr(
            field.field_info, "convert_underscores", self.convert_underscores
        )
        aliases = _get_param_aliases(field, convert_underscores=convert_underscores)
        alias, request_alias = _received_alias(aliases, self.received)
        value = _get_multidict_value(field, self.received, alias=request_alias)
        if value is not Undefined:
            self.values[alias] = value
        self.own_names.update(name.lower() if self.from_headers else name for _, name in aliases)
        # Only the name that was used is taken: the others may belong to another field, or be extras
        self.used_keys.add(request_alias.lower() if self.from_headers else request_alias)
        if self.from_headers:
            # ... except that a converted name is not accepted under its Python spelling either
            self.used_keys.update(name.lower() for name, header in aliases if name != header)
            if alias != request_alias:
                self.header_names[field.name] = request_alias

    def add_extras(self) -> None:
        """Add everything else: it is for the model's own `extra` setting to refuse, keep or ignore it."""
        self.values.update(_get_multidict_extras(self.received, self.used_keys))

    def is_supplied(self, model: type[BaseModel]) -> bool:
        """Whether the request says anything about `model`, or a nullable model is simply absent."""
        if self.own_names.intersection(self.received):
            return True
        return model.model_config.get("extra") in ("allow", "forbid") and bool(self.values)


def _request_param_model_to_args(
    model_field: ModelField, model: type[BaseModel], received_params: Mapping[str, Any]
) -> tuple[Any, list[Any]]:
    """Validate all parameters of a parameter model at once; gives the value and the errors."""
    field_info = model_field.field_info
    model_input = _ModelInput(
        received_params, convert_underscores=getattr(field_info, "convert_underscores", True)
    )
    for field in get_cached_model_fields(model):
        model_input.add(field)
    model_input.add_extras()

    is_nullable = field_info.annotation is not model
    value: Any = Undefined if is_nullable and not model_input.is_supplied(model) else model_input.values
    loc: tuple[str, ...] = (_param_source(model_field),)
    validated, errors = _validate_value_with_model_field(field=model_field, value=value, values={}, loc=loc)
    if model_input.header_names and model.model_config.get("loc_by_alias", True):
        errors = at_headers(errors, model_input.header_names)
    return validated, errors


def params_to_args(field: ModelField, received: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """Extract one parameter by the public function, from a mapping that Rust does not read itself."""
    values, errors = request_params_to_args([field], received)
    return values.get(field.name), errors


def request_params_to_args(
    fields: Sequence[ModelField], received_params: Mapping[str, Any] | QueryParams | Headers
) -> tuple[dict[str, Any], list[Any]]:
    """Validate the parameters of one source.

    Args:
        fields: the fields declared for that source.
        received_params: what was received there: path parameters, query string, headers or cookies.

    Returns:
        The valid values by parameter name, and the errors as in a validation error response.
    """
    values: dict[str, Any] = {}
    errors: list[Any] = []
    for field in fields or ():
        model = _get_param_model(field)
        if model is not None:
            value, field_errors = _request_param_model_to_args(field, model, received_params)
        else:
            _, alias = _received_alias(_get_param_aliases(field), received_params)
            received = _get_multidict_value(field, received_params, alias=alias)
            value, field_errors = _validate_value_with_model_field(
                field=field, value=received, values=values, loc=(_param_source(field), alias)
            )
        if field_errors:
            errors.extend(field_errors)
        else:
            values[field.name] = value
    return values, errors
