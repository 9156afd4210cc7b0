"""OpenID Connect."""

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.status import HTTP_401_UNAUTHORIZED

from .. import _incidental
from ..openapi.models import OpenIdConnect as OpenIdConnectModel
from .base import SecurityBase


class OpenIdConnect(SecurityBase):
    """OpenID Connect, described but not carried out: subclass it to check tokens.

    The dependency's value is the whole Authorization header.

    Args:
        openIdConnectUrl: URL of the provider's configuration (OpenID Connect Discovery 1.0, section 4).
        scheme_name: name in the OpenAPI document; the class's if it is None.
        description: text for the OpenAPI document.
        auto_error: raise for an absent header; False gives None instead.
    """

    def __init__(
        self,
        *,
        openIdConnectUrl: str,  # noqa: N803
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.model = OpenIdConnectModel(openIdConnectUrl=openIdConnectUrl, description=description)
        self.scheme_name = scheme_name or self.__class__.__name__
        self.auto_error = auto_error

    def make_not_authenticated_error(self) -> HTTPException:
        """Return the error of an absent header."""
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers={"WWW-Authenticate": "Bearer"},
        )

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return the Authorization header of a request."""
        authorization = request.headers.get("Authorization")
        if authorization:
            return authorization
        if self.auto_error:
            raise self.make_not_authenticated_error()
        return None


_incidental.complete(__name__)
