"""What one parameter of a path operation or dependency declares."""

import inspect
from copy import copy
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast, get_args, get_origin

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from starlette.background import BackgroundTasks as StarletteBackgroundTasks
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from typing_inspection.typing_objects import is_typealiastype

from .. import params
from .._compat import (
    ModelField,
    RequiredParam,
    Undefined,
    copy_field_info,
    field_annotation_is_scalar,
    field_annotation_is_scalar_sequence,
    is_scalar_field,
    is_uploadfile_or_nonable_uploadfile_annotation,
    is_uploadfile_sequence_annotation,
    lenient_issubclass,
)
from ..security.oauth2 import SecurityScopes
from ..utils import create_model_field
from .form_models import _add_form_union_validators, _get_form_union_models
from .multipart import ensure_multipart_is_installed
from .param_models import _get_model_type


def special_types() -> tuple[type, ...]:
    """Return the types whose parameters are filled with objects of the request, special ones first."""
    return Request, WebSocket, HTTPConnection, Response, StarletteBackgroundTasks, SecurityScopes


@dataclass
class ParamDetails:
    """The outcome for one parameter.

    Attributes:
        type_annotation: its type, without `Annotated`.
        depends: the dependency that fills it, if it is one.
        field: the field that reads and validates it, if it comes from the request.
    """

    type_annotation: Any
    depends: params.Depends | None
    field: ModelField | None


@dataclass(frozen=True, slots=True)
class _Declared:
    """One parameter as it is written down."""

    name: str
    annotation: Any
    """With `Annotated`; `Any` if there is none."""
    type: Any
    default: Any
    """`inspect.Signature.empty` if there is none."""
    path_names: set[str]

    @property
    def is_path(self) -> bool:
        return self.name in self.path_names

    @property
    def is_annotated(self) -> bool:
        return get_origin(self.annotation) is Annotated

    @property
    def has_default(self) -> bool:
        return self.default is not inspect.Signature.empty


def analyze_param(
    *, param_name: str, annotation: Any, value: Any, path_param_names: set[str]
) -> ParamDetails:
    """Find out where the value of one parameter comes from, and how it is validated.

    Args:
        param_name: its name in the signature.
        annotation: its evaluated annotation, or `inspect.Signature.empty`.
        value: its default, or `inspect.Signature.empty`.
        path_param_names: the names in the path of the route.

    Raises:
        AssertionError: the declaration contradicts itself, or the type does not fit the place it comes from.
        FastAPIError: pydantic cannot validate the type.
        RuntimeError: it is a form parameter, and `python-multipart` is not installed.
    """
    if is_typealiastype(annotation):
        annotation = annotation.__value__
    if annotation is inspect.Signature.empty:
        annotation = Any
    type_annotation = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    declared = _Declared(param_name, annotation, type_annotation, value, path_param_names)

    field_info, depends = _from_annotated(declared)
    field_info, depends = _from_default(declared, field_info, depends)
    if depends is not None and depends.dependency is None:
        depends = replace(depends, dependency=type_annotation)

    # With an explicit dependency the type says nothing about the source: its result is passed on
    if depends is None and lenient_issubclass(type_annotation, special_types()):
        assert field_info is None, f"Cannot specify FastAPI annotation for type {type_annotation!r}"
    elif field_info is None and depends is None:
        field_info = _inferred_field_info(declared)
    field = None if field_info is None else _create_field(declared, field_info)
    return ParamDetails(type_annotation=type_annotation, depends=depends, field=field)


def _from_annotated(declared: _Declared) -> tuple[FieldInfo | None, params.Depends | None]:
    """The last of our own markers in `Annotated[...]`."""
    markers = get_args(declared.annotation)[1:] if declared.is_annotated else ()
    ours = [item for item in markers if isinstance(item, (params.Param, params.Body, params.Depends))]
    if not ours:
        return None, None
    marker = ours[-1]
    if isinstance(marker, params.Depends):
        return None, marker

    # A copy, since the same marker may be used by other parameters with other defaults
    field_info = copy_field_info(field_info=marker, annotation=declared.annotation)
    assert field_info.default == Undefined or field_info.default == RequiredParam, (
        f"`{field_info.__class__.__name__}` default value cannot be set in `Annotated`"
        f" for {declared.name!r}. Set the default value with `=` instead."
    )
    if declared.has_default:
        assert not declared.is_path, "Path parameters cannot have default values"
        field_info.default = declared.default
    else:
        field_info.default = RequiredParam
    return field_info, None


def _from_default(
    declared: _Declared, field_info: FieldInfo | None, depends: params.Depends | None
) -> tuple[FieldInfo | None, params.Depends | None]:
    """Our marker as the default value, which must not add to one in `Annotated[...]`."""
    marker = declared.default
    if isinstance(marker, params.Depends):
        assert depends is None, (
            f"Cannot specify `Depends` in `Annotated` and default value together for {declared.name!r}"
        )
        assert field_info is None, (
            "Cannot specify a FastAPI annotation in `Annotated` and `Depends` as a"
            f" default value together for {declared.name!r}"
        )
        return field_info, marker
    if isinstance(marker, FieldInfo):
        assert field_info is None, (
            "Cannot specify FastAPI annotations in `Annotated` and default value together for"
            f" {declared.name!r}"
        )
        marker.annotation = declared.type
        return marker, depends
    return field_info, depends


def _inferred_field_info(declared: _Declared) -> FieldInfo:
    """Without a marker the name and the type decide: path, file, body or query."""
    annotation = declared.annotation
    default = declared.default if declared.has_default else RequiredParam
    field_info: FieldInfo
    if declared.is_path:
        # A default is ignored, not refused: other routes of the function may not have the name in their path
        field_info = params.Path(annotation=annotation)
    elif is_uploadfile_or_nonable_uploadfile_annotation(declared.type) or is_uploadfile_sequence_annotation(
        declared.type
    ):
        field_info = params.File(annotation=annotation, default=default)
    elif not field_annotation_is_scalar(annotation=declared.type):
        field_info = params.Body(annotation=annotation, default=default)
    else:
        field_info = params.Query(annotation=annotation, default=default)

    if declared.is_annotated:
        inferred_default = field_info.default
        field_info = copy_field_info(field_info=field_info, annotation=annotation)
        field_info.default = inferred_default
        if declared.is_path:
            field_info.default_factory = None
    return field_info


def _create_field(declared: _Declared, field_info: FieldInfo) -> ModelField:
    if declared.is_path:
        assert isinstance(field_info, params.Path), (
            f"Cannot use `{field_info.__class__.__name__}` for path param {declared.name!r}"
        )
    elif isinstance(field_info, params.Param) and getattr(field_info, "in_", None) is None:
        field_info.in_ = params.ParamTypes.query
    if isinstance(field_info, params.Form):
        ensure_multipart_is_installed()
        if _get_form_union_models(field_info.annotation):
            field_info.annotation = _add_form_union_validators(field_info.annotation)

    field_info = _with_path_name(field_info, declared.path_names)
    if not field_info.alias and getattr(field_info, "convert_underscores", None):
        alias = declared.name.replace("_", "-")
    else:
        alias = field_info.alias or declared.name
    field_info.alias = alias
    field = create_model_field(
        name=declared.name,
        type_=declared.annotation,
        default=field_info.default,
        alias=alias,
        field_info=field_info,
    )
    _check_field_type(declared, field)
    return field


def _with_path_name(field_info: FieldInfo, path_names: set[str]) -> FieldInfo:
    """Of several validation aliases of a path parameter, settle on the one that is in the path."""
    aliases = field_info.validation_alias
    if not isinstance(field_info, params.Path) or not isinstance(aliases, AliasChoices):
        return field_info
    if not all(isinstance(choice, str) for choice in aliases.choices):
        return field_info
    for choice in cast("list[str]", aliases.choices):
        if choice in path_names:
            field_info = copy(field_info)  # other routes share it
            field_info.validation_alias = choice
            break
    return field_info


def _check_field_type(declared: _Declared, field: ModelField) -> None:
    if declared.is_path:
        assert is_scalar_field(field=field), "Path params must be of one of the supported types"
    elif isinstance(field.field_info, params.Query):
        annotation = field.field_info.annotation
        assert (
            is_scalar_field(field)
            or field_annotation_is_scalar_sequence(annotation)
            or _get_model_type(annotation) is not None
        ), f"Query parameter {declared.name!r} must be one of the supported types"
