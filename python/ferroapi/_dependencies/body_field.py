"""The one field that stands for the whole body of a path operation."""

from copy import copy
from functools import partial
from typing import Annotated, Any, cast, get_args

from pydantic import BaseModel, ConfigDict, GetPydanticSchema

from .. import params
from .._compat import ModelField, create_body_model, lenient_issubclass
from ..utils import create_model_field
from .body_schema import _apply_form_body_schema, _get_form_model_schema
from .form_models import _get_form_model, _get_form_models


def _should_embed_body_fields(fields: list[ModelField]) -> bool:
    """Whether each field is one key of the body; if not, the only field is the body."""
    if not fields:
        return False
    # Several dependencies can declare the same parameter: that is one field
    if len({field.name for field in fields}) > 1:
        return True
    first, *others = fields
    field_info = first.field_info
    is_form_model = bool(_get_form_models(first))
    if is_form_model and any(
        not _get_form_models(other) or other.field_info.annotation is not field_info.annotation
        for other in others
    ):
        return True
    if getattr(field_info, "embed", None):
        return True
    # A form is always an object: only a model can be all of it
    return (
        isinstance(field_info, params.Form)
        and not lenient_issubclass(field_info.annotation, BaseModel)
        and not is_form_model
    )


def _get_body_field(
    *, body_params: list[ModelField], name: str, embed_body_fields: bool
) -> ModelField | None:
    """The field of the whole body, for the schema: the only parameter, or a model of all of them.

    Args:
        body_params: the body parameters of the whole dependency tree.
        name: the unique id of the path operation, which names the model.
        embed_body_fields: the answer of `_should_embed_body_fields`.
    """
    if not body_params:
        return None
    first = body_params[0]
    if not embed_body_fields and not any(_is_nullable_form_model(field) for field in body_params):
        return first
    body_model = _create_body_model(body_params, name)
    if not embed_body_fields:
        # The model only describes: what validates the parameter is in the original field
        field_info = copy(first.field_info)
        field_info.annotation = body_model
        field_info.metadata = []
        field_info.discriminator = None
        return ModelField(name=first.name, field_info=field_info)
    return create_model_field(
        name="body", type_=body_model, alias="body", field_info=_body_field_info(body_params, body_model)
    )


def _is_nullable_form_model(field: ModelField) -> bool:
    return bool(_get_form_models(field)) and type(None) in get_args(field.field_info.annotation)


def _create_body_model(body_params: list[ModelField], name: str) -> type[BaseModel]:
    fields = body_params
    config: ConfigDict | None = None
    if any(_get_form_models(field) for field in body_params):
        # The fields of the models are on one level with the other parameters, so the names of the
        # parameters mean nothing: number them, and rewrite the schema afterwards
        fields = [_numbered_form_field(index, field) for index, field in enumerate(body_params)]
        config = {"json_schema_extra": partial(_apply_form_body_schema, body_params)}
    return create_body_model(fields=fields, model_name=f"Body_{name}", config=config)


def _numbered_form_field(index: int, field: ModelField) -> ModelField:
    numbered = f"field_{index}"
    field_info = copy(field.field_info)
    model = _get_form_model(field)
    if model is not None:
        schema = GetPydanticSchema(get_pydantic_json_schema=partial(_get_form_model_schema, model))
        described: Any = Annotated[cast("Any", model), schema]
        field_info.annotation = described if field_info.annotation is model else described | None
    field_info.alias = field_info.validation_alias = numbered
    field_info.serialization_alias = numbered
    field_info.title = field_info.title or field.name.replace("_", " ").title()
    return ModelField(name=numbered, field_info=field_info)


def _body_field_info(body_params: list[ModelField], body_model: type[BaseModel]) -> params.Body:
    """`File` if any parameter is one, else `Form`, else `Body`, with the media type of the parameters."""
    infos = [field.field_info for field in body_params]
    options: dict[str, Any] = {"annotation": body_model, "alias": "body"}
    if not any(info.is_required() for info in infos):
        options["default"] = None
    if any(isinstance(info, params.File) for info in infos):
        return params.File(**options)
    kind: type[params.Body] = params.Body
    if any(isinstance(info, params.Form) for info in infos):
        kind = params.Form
    media_types = [info.media_type for info in infos if isinstance(info, kind)]
    if kind is params.Form and "multipart/form-data" in media_types:
        options["media_type"] = "multipart/form-data"
    elif len(set(media_types)) == 1:
        options["media_type"] = media_types[0]
    return kind(**options)
