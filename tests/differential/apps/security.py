"""Security schemes and scopes."""

# mypy: ignore-errors
import base64
from typing import Annotated

from ..driver import get, header, headers, log, post_form
from ..registry import differential


def basic(text):
    return headers(
        authorization=b"Basic " + base64.b64encode(text if isinstance(text, bytes) else text.encode())
    )


AUTHORIZATIONS = {
    "none": (),
    "bearer": headers(authorization="Bearer abc"),
    "lower bearer": headers(authorization="bearer abc"),
    "two spaces": headers(authorization="Bearer  abc"),
    "no token": headers(authorization="Bearer"),
    "basic": basic("user:pass:word"),
    "basic without colon": basic("user"),
    "basic not utf-8": basic(b"\xff:\xfe"),
    "basic not base64": headers(authorization="Basic ###"),
    "empty": headers(authorization=""),
    "other": headers(authorization="Digest x=y"),
    "twice": (header("authorization", "Bearer a"), header("authorization", "Bearer b")),
    "key": headers(x_key="k"),
    "empty key": headers(x_key=""),
    "cookie": headers(cookie="key=k"),
}
PATHS = ("bearer", "basic", "digest", "base", "oauth2", "code", "oidc", "header", "query", "cookie")


@differential(
    *(
        get(f"/{path}", headers=value, label=f"{path} {name}")
        for path in PATHS
        for name, value in AUTHORIZATIONS.items()
    ),
    *(get(f"/{path}-optional", headers=AUTHORIZATIONS["none"]) for path in PATHS),
    *(
        get(f"/{path}-optional", headers=AUTHORIZATIONS["other"], label=f"{path}-optional other")
        for path in PATHS
    ),
    get("/query?key=k"),
    get("/query?key="),
    post_form("/token", "username=a&password=b&scope=x+y&grant_type=password"),
    post_form("/token", "username=a"),
    post_form("/token", "username=a&password=b&grant_type=other&client_id=c"),
    post_form("/strict-token", "username=a&password=b"),
    post_form("/strict-token", "username=a&password=b&grant_type=password"),
    backends=("asyncio",),
)
def schemes(api):
    app = api.FastAPI()
    security = api.security

    def make(auto_error):
        return {
            "bearer": security.HTTPBearer(bearerFormat="JWT", auto_error=auto_error),
            "basic": security.HTTPBasic(realm="r", auto_error=auto_error),
            "digest": security.HTTPDigest(auto_error=auto_error),
            "base": security.http.HTTPBase(scheme="Custom", auto_error=auto_error),
            "oauth2": security.OAuth2PasswordBearer(
                tokenUrl="token", scopes={"x": "X"}, auto_error=auto_error
            ),
            "code": security.OAuth2AuthorizationCodeBearer("auth", "token", auto_error=auto_error),
            "oidc": security.OpenIdConnect(openIdConnectUrl="/openid", auto_error=auto_error),
            "header": security.APIKeyHeader(name="x-key", description="d", auto_error=auto_error),
            "query": security.APIKeyQuery(name="key", auto_error=auto_error),
            "cookie": security.APIKeyCookie(name="key", auto_error=auto_error),
        }

    def add(path, scheme):
        @app.get(path)
        async def endpoint(credentials: Annotated[object, api.Security(scheme)]):
            return {"credentials": credentials}

    for name, scheme in make(True).items():
        add(f"/{name}", scheme)
    for name, scheme in make(False).items():
        add(f"/{name}-optional", scheme)

    @app.post("/token")
    async def token(form: Annotated[security.OAuth2PasswordRequestForm, api.Depends()]):
        return [
            form.username,
            form.password,
            form.scopes,
            form.grant_type,
            form.client_id,
            form.client_secret,
        ]

    @app.post("/strict-token")
    async def strict_token(form: Annotated[security.OAuth2PasswordRequestFormStrict, api.Depends()]):
        return [form.username, form.grant_type]

    return app


@differential(
    get("/me", headers=AUTHORIZATIONS["bearer"], label="me"),
    get("/me"),
    get("/items", headers=AUTHORIZATIONS["bearer"], label="items"),
    get("/admin", headers=AUTHORIZATIONS["bearer"], label="admin"),
    get("/shared", headers=AUTHORIZATIONS["bearer"], label="shared"),
    get("/open"),
    get("/router", headers=AUTHORIZATIONS["bearer"], label="router"),
)
def scopes(api):
    app = api.FastAPI()
    security = api.security
    scheme = security.OAuth2PasswordBearer(
        tokenUrl="token", scopes={"me": "Me", "items": "Items", "admin": "Admin"}
    )

    async def current_user(scopes: security.SecurityScopes, token: Annotated[str, api.Depends(scheme)]):
        log("current_user", scopes.scopes, scopes.scope_str)
        if "admin" in scopes.scopes:
            raise api.HTTPException(
                403, "no", headers={"WWW-Authenticate": f'Bearer scope="{scopes.scope_str}"'}
            )
        return {"token": token, "scopes": scopes.scopes}

    async def active(user: Annotated[dict, api.Security(current_user, scopes=["me"])]):
        log("active")
        return user

    def plain(scopes: security.SecurityScopes):
        log("plain", scopes.scopes)
        return scopes.scopes

    @app.get("/me")
    async def me(user: Annotated[dict, api.Security(active)]):
        return user

    @app.get("/items")
    async def items(user: Annotated[dict, api.Security(active, scopes=["items"])]):
        return user

    @app.get("/admin", dependencies=[api.Security(current_user, scopes=["admin"])])
    async def admin():
        return "never"

    @app.get("/shared")
    async def shared(
        a: Annotated[list, api.Security(plain, scopes=["a"])],
        b: Annotated[list, api.Security(plain, scopes=["b"])],
        a2: Annotated[list, api.Security(plain, scopes=["a"])],
        ba: Annotated[list, api.Security(plain, scopes=["b", "a"])],
        none: Annotated[list, api.Depends(plain)],
        user: Annotated[dict, api.Depends(current_user)],
        user2: Annotated[dict, api.Security(active, scopes=["items"])],
    ):
        return [a, b, a2, ba, none, user, user2, a is a2]

    @app.get("/open")
    async def unprotected(scopes: security.SecurityScopes):
        return [scopes.scopes, scopes.scope_str]

    router = api.APIRouter(dependencies=[api.Security(current_user, scopes=["items"])])

    @router.get("/router")
    async def routed(user: Annotated[dict, api.Security(active, scopes=["me"])]):
        return user

    app.include_router(router)
    return app
