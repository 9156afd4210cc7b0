"""Reading of credentials."""


def get_authorization_scheme_param(authorization_header_value: str | None) -> tuple[str, str]:
    """Split an Authorization header into scheme and credentials (RFC 9110, section 11.6.2), or "" and ""."""
    if not authorization_header_value:
        return "", ""
    scheme, _, param = authorization_header_value.partition(" ")
    return scheme, param.strip()
