"""Names that the OpenAPI generator and the code around it agree on."""

METHODS_WITH_BODY = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"}
"""HTTP methods whose operations get a `requestBody`."""

REF_PREFIX = "#/components/schemas/"
"""Where the document keeps the schemas of models."""

REF_TEMPLATE = REF_PREFIX + "{model}"
"""The reference to one model's schema, for pydantic's `ref_template`."""
