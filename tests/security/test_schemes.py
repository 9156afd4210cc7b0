"""Security schemes against the reference: same value or same error for every header, same document."""

import base64
import inspect
from typing import Any

import fastapi.security
import fastapi.security.http
import pytest
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

import ferroapi.security
import ferroapi.security.http
from ferroapi.security.utils import get_authorization_scheme_param

SCHEMES: list[tuple[str, dict[str, Any]]] = [
    ("HTTPBase", {"scheme": "other"}),
    ("HTTPBasic", {}),
    ("HTTPBasic", {"realm": "here", "description": "d"}),
    ("HTTPBearer", {"bearerFormat": "JWT", "scheme_name": "named"}),
    ("HTTPDigest", {"description": "d"}),
    ("OAuth2", {"flows": {"password": {"tokenUrl": "t"}}}),
    ("OAuth2", {}),
    ("OAuth2PasswordBearer", {"tokenUrl": "t", "scopes": {"a": "A"}, "refreshUrl": "r"}),
    ("OAuth2AuthorizationCodeBearer", {"authorizationUrl": "u", "tokenUrl": "t"}),
    ("OpenIdConnect", {"openIdConnectUrl": "u"}),
    ("APIKeyQuery", {"name": "key"}),
    ("APIKeyHeader", {"name": "x-key"}),
    ("APIKeyCookie", {"name": "key", "description": "d"}),
]

HEADERS = [
    None,
    "",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic é",
    "basic " + base64.b64encode(b"user:pass:word").decode(),
    "Basic " + base64.b64encode(b"no-colon").decode(),
    "Basic " + base64.b64encode("é:x".encode()).decode(),
    "Bearer",
    "bearer  token ",
    "Bearer a b",
    "Digest x=1",
    "other cred",
]


def scheme(package: Any, name: str, options: dict[str, Any]) -> Any:
    return getattr(package.security, name, None) or getattr(package.security.http, name)


def connection(authorization: str | None, key: str) -> HTTPConnection:
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    headers += [(b"x-key", key.encode()), (b"cookie", f"key={key}".encode())] if key else []
    return HTTPConnection(
        {"type": "http", "path": "/", "headers": headers, "query_string": f"key={key}".encode()}
    )


async def outcome(found: Any, authorization: str | None, key: str) -> Any:
    try:
        value = await found(connection(authorization, key))
    except HTTPException as exc:
        return type(exc).__name__, exc.status_code, exc.detail, exc.headers
    return type(value).__name__, dict(value) if isinstance(value, BaseModel) else value


@pytest.mark.anyio
@pytest.mark.parametrize("auto_error", [True, False])
@pytest.mark.parametrize(("name", "options"), SCHEMES, ids=str)
async def test_same_as_reference(name: str, options: dict[str, Any], auto_error: bool) -> None:
    ours, expected = (
        scheme(package, name, options)(**options, auto_error=auto_error) for package in (ferroapi, fastapi)
    )
    assert ours.scheme_name == expected.scheme_name
    assert ours.model.model_dump(mode="json", by_alias=True) == expected.model.model_dump(
        mode="json", by_alias=True
    )
    for authorization in HEADERS:
        for key in ("", "k"):
            assert await outcome(ours, authorization, key) == await outcome(expected, authorization, key)


@pytest.mark.anyio
async def test_errors_may_be_overridden() -> None:
    class Teapot(ferroapi.security.HTTPBearer):
        def make_not_authenticated_error(self) -> Any:
            return HTTPException(418)

    with pytest.raises(HTTPException) as caught:
        await Teapot()(connection(None, ""))
    assert (caught.value.status_code, Teapot().scheme_name) == (418, "Teapot")


@pytest.mark.anyio
async def test_challenge_may_be_overridden() -> None:
    class Other(ferroapi.security.HTTPBasic):
        def make_authenticate_headers(self) -> dict[str, str]:
            return {"WWW-Authenticate": "Other"}

    with pytest.raises(HTTPException) as caught:
        await Other()(connection(None, ""))
    assert caught.value.headers == {"WWW-Authenticate": "Other"}


@pytest.mark.parametrize("name", ["OAuth2PasswordRequestForm", "OAuth2PasswordRequestFormStrict"])
def test_form_declarations(name: str) -> None:
    def declared(cls: Any) -> Any:
        return [
            (p.name, repr(p.annotation.__metadata__[0]), repr(p.annotation.__metadata__[0].metadata))
            for p in inspect.signature(cls).parameters.values()
        ]

    assert declared(getattr(ferroapi.security, name)) == declared(getattr(fastapi.security, name))


def test_form_values() -> None:
    form = ferroapi.security.OAuth2PasswordRequestFormStrict("password", "u", "p", scope="a  b")
    assert (form.grant_type, form.username, form.password, form.scopes) == ("password", "u", "p", ["a", "b"])


def test_scopes() -> None:
    scopes = ferroapi.security.SecurityScopes(["a", "b"])
    assert (scopes.scopes, scopes.scope_str) == (["a", "b"], "a b")
    assert ferroapi.security.SecurityScopes().scopes == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, ("", "")), ("", ("", "")), ("A", ("A", "")), ("A  b c ", ("A", "b c")), (" A", ("", "A"))],
)
def test_authorization_header(header: str | None, expected: tuple[str, str]) -> None:
    assert get_authorization_scheme_param(header) == expected
