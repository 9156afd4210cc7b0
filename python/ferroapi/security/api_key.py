"""API keys in the query string, a header or a cookie."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.status import HTTP_401_UNAUTHORIZED

from .. import _incidental
from ..openapi.models import APIKey, APIKeyIn
from .base import SecurityBase


class APIKeyBase(SecurityBase):
    """A key under a name, wherever it is sent.

    Args:
        location: where it is sent.
        name: name of the parameter.
        description: text for the OpenAPI document.
        scheme_name: name in the OpenAPI document; the class's if it is None.
        auto_error: raise for an absent key; False gives None instead.
    """

    model: APIKey

    def __init__(
        self,
        location: APIKeyIn,
        name: str,
        description: str | None,
        scheme_name: str | None,
        auto_error: bool,
    ) -> None:
        self.auto_error = auto_error
        # Pydantic knows the field by its alias, which is a keyword of Python.
        location_by_alias: dict[str, Any] = {"in": location}
        self.model = APIKey(  # pyright: ignore[reportIncompatibleVariableOverride]
            **location_by_alias, name=name, description=description
        )
        self.scheme_name = scheme_name or self.__class__.__name__

    def make_not_authenticated_error(self) -> HTTPException:
        """Return the error of an absent key.

        RFC 9110, section 11.6.1, asks for a challenge with every 401, and no scheme is registered for keys;
        "APIKey" stands for one.
        """
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers={"WWW-Authenticate": "APIKey"},
        )

    def check_api_key(self, api_key: str | None) -> str | None:
        """Return the key; if there is none, raise `make_not_authenticated_error()` or return None."""
        if api_key:
            return api_key
        if self.auto_error:
            raise self.make_not_authenticated_error()
        return None


class APIKeyQuery(APIKeyBase):
    """A key in the query string. The dependency's value is the key.

    Args:
        name: name of the query parameter.
        scheme_name: see `APIKeyBase`.
        description: see `APIKeyBase`.
        auto_error: see `APIKeyBase`.
    """

    def __init__(
        self,
        *,
        name: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(APIKeyIn.query, name, description, scheme_name, auto_error)

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return the key of a request."""
        return self.check_api_key(request.query_params.get(self.model.name))


class APIKeyHeader(APIKeyBase):
    """A key in a header. The dependency's value is the key.

    Args:
        name: name of the header.
        scheme_name: see `APIKeyBase`.
        description: see `APIKeyBase`.
        auto_error: see `APIKeyBase`.
    """

    def __init__(
        self,
        *,
        name: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(APIKeyIn.header, name, description, scheme_name, auto_error)

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return the key of a request."""
        return self.check_api_key(request.headers.get(self.model.name))


class APIKeyCookie(APIKeyBase):
    """A key in a cookie. The dependency's value is the key.

    Args:
        name: name of the cookie.
        scheme_name: see `APIKeyBase`.
        description: see `APIKeyBase`.
        auto_error: see `APIKeyBase`.
    """

    def __init__(
        self,
        *,
        name: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(APIKeyIn.cookie, name, description, scheme_name, auto_error)

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return the key of a request."""
        return self.check_api_key(request.cookies.get(self.model.name))


_incidental.complete(__name__)
