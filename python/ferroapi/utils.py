"""Small helpers of routing and OpenAPI."""

import re
import warnings
from typing import TYPE_CHECKING, Any, Literal

from pydantic.fields import FieldInfo

from . import _incidental
from ._compat import ModelField, PydanticSchemaGenerationError, Undefined, annotation_is_pydantic_v1
from ._compat import v2 as v2
from ._shared_adapters import make_field
from .datastructures import DefaultPlaceholder, DefaultType
from .exceptions import FastAPIDeprecationWarning, FastAPIError, PydanticV1NotSupportedError

if TYPE_CHECKING:
    from .routing import APIRoute

# Keys of OpenAPI responses (OpenAPI 3.1, section 4.8.16) that are no single status.
_STATUS_RANGES = frozenset({"default", "1XX", "2XX", "3XX", "4XX", "5XX"})
_STATUS_WITHOUT_BODY = frozenset({204, 205, 304})


def is_body_allowed_for_status_code(status_code: int | str | None) -> bool:
    """Tell whether a response of this status, or status range, may have a body (RFC 9110, section 15).

    Raises:
        ValueError: a string that is neither a range nor a number.
    """
    if status_code is None or status_code in _STATUS_RANGES:
        return True
    status = int(status_code)
    return status >= 200 and status not in _STATUS_WITHOUT_BODY


def get_path_param_names(path: str) -> set[str]:
    """Return what stands between braces in a path format."""
    return set(re.findall("{(.*?)}", path))


_invalid_args_message = (
    "Invalid args for response field! Hint: check that {type_} is a valid Pydantic field type. "
    "If you are using a return type annotation that is not a valid Pydantic field "
    "(e.g. Union[Response, dict, None]) you can disable generating the response model "
    "from the type annotation with the path operation decorator "
    "parameter response_model=None. Read more: https://fastapi.tiangolo.com/tutorial/response-model/"
)


def create_model_field(
    name: str,
    type_: Any,
    default: Any | None = Undefined,
    field_info: FieldInfo | None = None,
    alias: str | None = None,
    mode: Literal["validation", "serialization"] = "validation",
) -> ModelField:
    """Make the field of a parameter, body or response.

    Args:
        name: name in errors and schemas.
        type_: annotation to validate against.
        default: value of an absent field.
        field_info: used as it is, in place of one made of the other arguments.
        alias: name on the wire.
        mode: which of the two JSON schemas the field stands for.

    Raises:
        PydanticV1NotSupportedError: the type is, or contains, a model of `pydantic.v1`.
        FastAPIError: Pydantic has no schema for the type.
    """
    if annotation_is_pydantic_v1(type_):
        raise PydanticV1NotSupportedError(
            "pydantic.v1 models are no longer supported by FastAPI."
            f" Please update the response model {type_!r}."
        )
    info = field_info or FieldInfo(annotation=type_, default=default, alias=alias)
    try:
        return make_field(mode=mode, name=name, field_info=info)
    except PydanticSchemaGenerationError:
        raise FastAPIError(_invalid_args_message.format(type_=type_)) from None


def _operation_id(stem: str, method: str) -> str:
    word = re.sub(r"\W", "_", stem)
    return f"{word}_{method.lower()}"


def generate_operation_id_for_path(*, name: str, path: str, method: str) -> str:
    """Make an operation id of its parts. Deprecated: nothing here uses it."""
    warnings.warn(
        message="fastapi.utils.generate_operation_id_for_path() was deprecated, "
        "it is not used internally, and will be removed soon",
        category=FastAPIDeprecationWarning,
        stacklevel=2,
    )
    return _operation_id(f"{name}{path}", method)


def generate_unique_id(route: "APIRoute") -> str:
    """Make a route's default operation id: name, path and first method, in word characters only."""
    assert route.methods
    return _operation_id(f"{route.name}{route.path_format}", next(iter(route.methods)))


def deep_dict_update(main_dict: dict[Any, Any], update_dict: dict[Any, Any]) -> None:
    """Merge `update_dict` into `main_dict`: dicts key by key, lists appended, all else replaced."""
    for key, value in update_dict.items():
        present = main_dict.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            deep_dict_update(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            main_dict[key] = present + value
        else:
            main_dict[key] = value


def get_value_or_default(
    first_item: DefaultPlaceholder | DefaultType, *extra_items: DefaultPlaceholder | DefaultType
) -> DefaultPlaceholder | DefaultType:
    """Return the first item that is no `DefaultPlaceholder`, or else the first item."""
    for item in (first_item, *extra_items):
        if not isinstance(item, DefaultPlaceholder):
            return item
    return first_item


_incidental.complete(__name__)
