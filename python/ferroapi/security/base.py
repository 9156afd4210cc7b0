"""What all security schemes have in common."""

from ..openapi.models import SecurityBase as SecurityBaseModel


class SecurityBase:
    """A security scheme. A dependency on an instance puts it into the OpenAPI document.

    Attributes:
        model: the Security Scheme Object (OpenAPI 3.1, section 4.8.27).
        scheme_name: its key among the document's security schemes.
    """

    model: SecurityBaseModel
    scheme_name: str
