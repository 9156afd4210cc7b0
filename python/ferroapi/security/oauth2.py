"""OAuth2 (RFC 6749)."""

from typing import Annotated, Any, cast

from starlette.requests import HTTPConnection
from starlette.status import HTTP_401_UNAUTHORIZED

from .. import _incidental
from ..exceptions import HTTPException
from ..openapi.models import OAuth2 as OAuth2Model
from ..openapi.models import OAuthFlows as OAuthFlowsModel
from ..param_functions import Form
from .base import SecurityBase
from .utils import get_authorization_scheme_param


class OAuth2PasswordRequestForm:
    """The form of a password grant (RFC 6749, section 4.3.2), as a dependency class.

    The grant type may be left out, which the specification forbids; see `OAuth2PasswordRequestFormStrict`.

    Args:
        grant_type: "password", or absent.
        username: the user.
        password: the user's password.
        scope: scopes, separated by spaces; kept as the list `scopes`.
        client_id: the client, unless it authenticates by a header.
        client_secret: the client's secret, likewise.
    """

    def __init__(
        self,
        *,
        grant_type: Annotated[str | None, Form(pattern="^password$")] = None,
        username: Annotated[str, Form()],
        password: Annotated[str, Form(json_schema_extra={"format": "password"})],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, Form(json_schema_extra={"format": "password"})] = None,
    ) -> None:
        self.grant_type = grant_type
        self.username = username
        self.password = password
        self.scopes = scope.split()
        self.client_id = client_id
        self.client_secret = client_secret


class OAuth2PasswordRequestFormStrict(OAuth2PasswordRequestForm):
    """`OAuth2PasswordRequestForm` with the grant type required, as RFC 6749, section 4.3.2, has it."""

    def __init__(
        self,
        grant_type: Annotated[str, Form(pattern="^password$")],
        username: Annotated[str, Form()],
        password: Annotated[str, Form()],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, Form()] = None,
    ) -> None:
        super().__init__(
            grant_type=grant_type,
            username=username,
            password=password,
            scope=scope,
            client_id=client_id,
            client_secret=client_secret,
        )


class OAuth2(SecurityBase):
    """OAuth2 with any flows. The dependency's value is the whole Authorization header.

    Args:
        flows: OAuth Flows Object (OpenAPI 3.1, section 4.8.28).
        scheme_name: name in the OpenAPI document; the class's if it is None.
        description: text for the OpenAPI document.
        auto_error: raise for an absent header or token; False gives None instead.
    """

    def __init__(
        self,
        *,
        flows: OAuthFlowsModel | dict[str, dict[str, Any]] = OAuthFlowsModel(),  # noqa: B008 (never written)
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.model = OAuth2Model(flows=cast("OAuthFlowsModel", flows), description=description)
        self.scheme_name = scheme_name or self.__class__.__name__
        self.auto_error = auto_error

    def make_not_authenticated_error(self) -> HTTPException:
        """Return the error of absent credentials.

        OAuth2 names no scheme for the challenge (RFC 9110, section 11.6.1), but nearly always means bearer
        tokens. Override this for another.
        """
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _or_refuse(self, found: str | None) -> str | None:
        if found is None and self.auto_error:
            raise self.make_not_authenticated_error()
        return found

    def _bearer_token(self, request: HTTPConnection) -> str | None:
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        return self._or_refuse(token if scheme.lower() == "bearer" else None)

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return the Authorization header of a request."""
        return self._or_refuse(request.headers.get("Authorization") or None)


class OAuth2PasswordBearer(OAuth2):
    """The password flow with bearer tokens. The dependency's value is the token.

    Args:
        tokenUrl: URL that gives tokens.
        scheme_name: see `OAuth2`.
        scopes: descriptions of the scopes by their names.
        description: see `OAuth2`.
        auto_error: see `OAuth2`.
        refreshUrl: URL that renews tokens.
    """

    def __init__(
        self,
        tokenUrl: str,  # noqa: N803
        scheme_name: str | None = None,
        scopes: dict[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
        refreshUrl: str | None = None,  # noqa: N803
    ) -> None:
        flow: Any = {"tokenUrl": tokenUrl, "refreshUrl": refreshUrl, "scopes": scopes or {}}
        super().__init__(
            flows=OAuthFlowsModel(password=flow),
            scheme_name=scheme_name,
            description=description,
            auto_error=auto_error,
        )

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return a request's bearer token."""
        return self._bearer_token(request)


class OAuth2AuthorizationCodeBearer(OAuth2):
    """The authorization code flow with bearer tokens. The dependency's value is the token.

    Args:
        authorizationUrl: URL where the user consents.
        tokenUrl: URL that gives tokens.
        refreshUrl: URL that renews tokens.
        scheme_name: see `OAuth2`.
        scopes: descriptions of the scopes by their names.
        description: see `OAuth2`.
        auto_error: see `OAuth2`.
    """

    def __init__(
        self,
        authorizationUrl: str,  # noqa: N803
        tokenUrl: str,  # noqa: N803
        refreshUrl: str | None = None,  # noqa: N803
        scheme_name: str | None = None,
        scopes: dict[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        flow: Any = {
            "authorizationUrl": authorizationUrl,
            "tokenUrl": tokenUrl,
            "refreshUrl": refreshUrl,
            "scopes": scopes or {},
        }
        super().__init__(
            flows=OAuthFlowsModel(authorizationCode=flow),
            scheme_name=scheme_name,
            description=description,
            auto_error=auto_error,
        )

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return a request's bearer token."""
        return self._bearer_token(request)


class SecurityScopes:
    """The OAuth2 scopes asked for by all dependencies above, for a parameter with this annotation.

    Attributes:
        scopes: their names.
        scope_str: the same, separated by spaces (RFC 6749, section 3.3).
    """

    def __init__(self, scopes: list[str] | None = None) -> None:
        self.scopes: list[str] = scopes or []
        self.scope_str: str = " ".join(self.scopes)


_incidental.complete(__name__)
