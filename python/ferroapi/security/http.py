"""HTTP authentication (RFC 9110, section 11)."""

from base64 import b64decode

from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.status import HTTP_401_UNAUTHORIZED

from .. import _incidental
from ..exceptions import HTTPException
from ..openapi.models import HTTPBase as HTTPBaseModel
from ..openapi.models import HTTPBearer as HTTPBearerModel
from .base import SecurityBase
from .utils import get_authorization_scheme_param


class HTTPBasicCredentials(BaseModel):
    """What `HTTPBasic` found: `username` and `password`, decoded."""

    username: str
    password: str


class HTTPAuthorizationCredentials(BaseModel):
    """What the other schemes found: the `scheme` as it was sent, and the `credentials` after it."""

    scheme: str
    credentials: str


class HTTPBase(SecurityBase):
    """Any scheme of the Authorization header. The dependency's value is `HTTPAuthorizationCredentials`.

    Args:
        scheme: name of the scheme (IANA registry of HTTP authentication schemes).
        scheme_name: name in the OpenAPI document; the class's if it is None.
        description: text for the OpenAPI document.
        auto_error: raise for absent or other credentials; False gives None instead.
    """

    model: HTTPBaseModel

    def __init__(
        self,
        *,
        scheme: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self._describe(HTTPBaseModel(scheme=scheme, description=description), scheme_name, auto_error)

    def _describe(self, model: HTTPBaseModel, scheme_name: str | None, auto_error: bool) -> None:
        self.model = model  # pyright: ignore[reportIncompatibleVariableOverride]
        self.scheme_name = scheme_name or self.__class__.__name__
        self.auto_error = auto_error

    def make_authenticate_headers(self) -> dict[str, str]:
        """Return the headers of the challenge (RFC 9110, section 11.6.1)."""
        return {"WWW-Authenticate": f"{self.model.scheme.title()}"}

    def make_not_authenticated_error(self) -> HTTPException:
        """Return the error of absent or wrong credentials."""
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers=self.make_authenticate_headers(),
        )

    def _refuse(self) -> None:
        if self.auto_error:
            raise self.make_not_authenticated_error()

    def _credentials(
        self, request: HTTPConnection, scheme_wanted: str | None
    ) -> HTTPAuthorizationCredentials | None:
        scheme, credentials = get_authorization_scheme_param(request.headers.get("Authorization"))
        if not (scheme and credentials) or (scheme_wanted is not None and scheme.lower() != scheme_wanted):
            self._refuse()
            return None
        return HTTPAuthorizationCredentials(scheme=scheme, credentials=credentials)

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Return a request's credentials, of whatever scheme."""
        return self._credentials(request, None)


class HTTPBasic(HTTPBase):
    """Basic authentication (RFC 7617). The dependency's value is `HTTPBasicCredentials`.

    Args:
        scheme_name: see `HTTPBase`.
        realm: the challenge's realm.
        description: see `HTTPBase`.
        auto_error: see `HTTPBase`; credentials that cannot be decoded raise in any case.
    """

    def __init__(
        self,
        *,
        scheme_name: str | None = None,
        realm: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self._describe(HTTPBaseModel(scheme="basic", description=description), scheme_name, auto_error)
        self.realm = realm

    def make_authenticate_headers(self) -> dict[str, str]:
        """Return the headers of the challenge, with the realm if there is one."""
        return {"WWW-Authenticate": f'Basic realm="{self.realm}"' if self.realm else "Basic"}

    async def __call__(  # type: ignore[override]
        self, request: HTTPConnection
    ) -> HTTPBasicCredentials | None:
        """Return a request's user name and password."""
        scheme, param = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme.lower() != "basic":
            self._refuse()
            return None
        try:
            decoded = b64decode(param).decode("ascii")
        except ValueError as exc:  # also of wrong base64 and of bytes that are no ASCII
            raise self.make_not_authenticated_error() from exc
        username, separator, password = decoded.partition(":")
        if not separator:
            raise self.make_not_authenticated_error()
        return HTTPBasicCredentials(username=username, password=password)


class HTTPBearer(HTTPBase):
    """Bearer tokens (RFC 6750). The dependency's value is `HTTPAuthorizationCredentials`.

    Args:
        bearerFormat: what the token is, for the OpenAPI document ("JWT", say).
        scheme_name: see `HTTPBase`.
        description: see `HTTPBase`.
        auto_error: see `HTTPBase`.
    """

    def __init__(
        self,
        *,
        bearerFormat: str | None = None,  # noqa: N803
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        model = HTTPBearerModel(bearerFormat=bearerFormat, description=description)
        self._describe(model, scheme_name, auto_error)

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Return a request's bearer token."""
        return self._credentials(request, "bearer")


class HTTPDigest(HTTPBase):
    """Digest authentication (RFC 7616), described but not carried out: subclass it to check the digest.

    The dependency's value is `HTTPAuthorizationCredentials`.

    Args:
        scheme_name: see `HTTPBase`.
        description: see `HTTPBase`.
        auto_error: see `HTTPBase`.
    """

    def __init__(
        self,
        *,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self._describe(HTTPBaseModel(scheme="digest", description=description), scheme_name, auto_error)

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Return a request's digest credentials, unchecked."""
        return self._credentials(request, "digest")


_incidental.complete(__name__)
