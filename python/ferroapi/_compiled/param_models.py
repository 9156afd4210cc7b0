"""Parameters declared as one pydantic model, described to the Rust core."""

from pydantic import BaseModel

from .._compat import ModelField, get_cached_model_fields
from .._compat.shared import field_annotation_is_sequence
from .._dependencies.aliases import _get_param_aliases
from .._dependencies.param_models import _get_param_model, _is_json_field
from .aliases import alias_of
from .specs import ModelParam, ParamModel


def param_model(source: str, field: ModelField) -> ParamModel | None:
    """Describe the model whose fields are parameters; None if `field` is one parameter."""
    model = _get_param_model(field)
    if model is None:
        return None
    converts = source == "header" and getattr(field.field_info, "convert_underscores", True)
    return ParamModel(
        fields=[_model_param(source, item, converts) for item in get_cached_model_fields(model)],
        nullable=field.field_info.annotation is not model,
        extra_counts=model.model_config.get("extra") in ("allow", "forbid"),
        loc=(source,),
        renames=source == "header" and _locates_by_alias(model),
    )


def _locates_by_alias(model: type[BaseModel]) -> bool:
    return bool(model.model_config.get("loc_by_alias", True))


def _model_param(source: str, field: ModelField, converts: bool) -> ModelParam:
    if source == "header":
        converts = getattr(field.field_info, "convert_underscores", converts)
    pairs = _get_param_aliases(field, convert_underscores=converts)
    sequence = field_annotation_is_sequence(field.field_info.annotation)
    return ModelParam(
        name=field.name,
        aliases=[alias_of(name, (source, name)) for _, name in pairs],
        keys=[key for key, _ in pairs],
        spellings=[key.lower() for key, name in pairs if source == "header" and key != name],
        many=source in ("query", "header") and sequence and not _is_json_field(field),
        empty_is_missing=sequence,
    )
