"""JSON schemas of many fields at once, with the definitions they share."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic.json_schema import GenerateJsonSchema as _GenerateJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ..openapi.constants import REF_TEMPLATE
from .content import content_key, own_copy

if TYPE_CHECKING:
    from .v2 import ModelField

Mode = Literal["validation", "serialization"]
FieldMapping = dict[tuple["ModelField", Mode], JsonSchemaValue]
Definitions = dict[str, dict[str, Any]]


class GenerateJsonSchema(_GenerateJsonSchema):
    """Writes bytes as OpenAPI 3.1 wants them: by media type, and as base64 only where it is configured."""

    def bytes_schema(self, schema: CoreSchema) -> JsonSchemaValue:
        """Return the JSON schema of a bytes field."""
        json_schema = {"type": "string", "contentMediaType": "application/octet-stream"}
        written = self.mode == "serialization"
        encoding = self._config.ser_json_bytes if written else self._config.val_json_bytes
        if encoding == "base64":
            json_schema["contentEncoding"] = "base64"
        self.update_with_validations(json_schema, schema, self.ValidationsMapping.bytes)
        return json_schema

    def encode_default(self, dft: Any) -> Any:
        """Return a default as JSON data; raises `PydanticSerializationError` if there is no such."""
        # Pydantic would make an adapter for each default to write what is written as it is
        if dft is None or type(dft) in (bool, int) or (type(dft) is str and dft.isascii()):
            return dft
        return super().encode_default(dft)


class SchemaInputs:
    """Fields to make JSON schemas of. One schema serves all fields whose core schemas have the same content.

    Many routes with the same dependencies have many such fields. The content of a core schema that holds
    classes or functions is not looked at: these fields have each their own schema.
    """

    def __init__(self) -> None:
        self._distinct: list[tuple[ModelField, Mode, CoreSchema]] = []
        self._first_of: dict[Hashable, tuple[ModelField, Mode]] = {}
        self._repeated: list[tuple[tuple[ModelField, Mode], tuple[ModelField, Mode]]] = []

    def add(self, field: "ModelField", mode: Mode) -> None:
        """Add a field, to be described in a mode."""
        core_schema = field._type_adapter.core_schema
        content = content_key(core_schema)
        if content is not None:
            first = self._first_of.setdefault((mode, content), (field, mode))
            if first[0] is not field:
                self._repeated.append(((field, mode), first))
                return
        self._distinct.append((field, mode, core_schema))

    def generate(self) -> tuple[FieldMapping, Definitions]:
        """Return the schema of each field and mode, and the definitions they refer to."""
        generator = GenerateJsonSchema(ref_template=REF_TEMPLATE)
        mapping, definitions = generator.generate_definitions(inputs=self._distinct)
        for field, first in self._repeated:
            mapping[field] = own_copy(mapping[first])
        return mapping, cast("Definitions", definitions)
