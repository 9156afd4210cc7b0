"""Parameters declared as one pydantic model instead of one by one."""

from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, Json

from .. import params
from .._compat import ModelField, lenient_issubclass
from ..types import UnionType


def _is_json_field(field: ModelField) -> bool:
    return any(type(item) is Json for item in field.field_info.metadata)


def _get_model_type(annotation: Any) -> type[BaseModel] | None:
    """The model of the annotations `Model` and `Model | None`; None for any other."""
    if not isinstance(annotation, type) and get_origin(annotation) in (Union, UnionType):
        args = get_args(annotation)
        if len(args) == 2 and type(None) in args:
            annotation = next(arg for arg in args if arg is not type(None))
    if lenient_issubclass(annotation, BaseModel):
        return annotation
    return None


def _get_param_model(field: ModelField) -> type[BaseModel] | None:
    """The model whose fields are separate parameters of the request, if `field` is declared so."""
    annotation = field.field_info.annotation
    if isinstance(field.field_info, (params.Query, params.Header, params.Cookie)):
        annotation = _get_model_type(annotation)
    if lenient_issubclass(annotation, BaseModel) and not _is_json_field(field):
        return annotation
    return None
