"""The schemas of a document's fields, as one object to hand around."""

from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import TypedDict

from .._compat import ModelField, get_schema_from_model_field
from ..types import ModelNameMap

FieldMapping = dict[tuple[ModelField, Literal["validation", "serialization"]], dict[str, Any]]


class SchemaArguments(TypedDict):
    """What every public function that describes fields takes to look up their schemas."""

    model_name_map: ModelNameMap
    field_mapping: FieldMapping
    separate_input_output_schemas: bool


@dataclass(frozen=True)
class Schemas:
    """Looks up the schema of a field.

    Args:
        model_name_map: the name of each model in the document.
        field_mapping: the schema of each field, per direction.
        separate_input_output_schemas: whether a model may have one schema for input and another
            for output.
    """

    model_name_map: ModelNameMap
    field_mapping: FieldMapping
    separate_input_output_schemas: bool

    def of(self, field: ModelField, *, alias: str | None = None) -> dict[str, Any]:
        """A copy of the schema of `field`, titled after `alias` if given."""
        return get_schema_from_model_field(
            field=field,
            model_name_map=self.model_name_map,
            field_mapping=self.field_mapping,
            separate_input_output_schemas=self.separate_input_output_schemas,
            field_alias=alias,
        )
