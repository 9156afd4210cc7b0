"""Header and cookie parameters."""

# mypy: ignore-errors
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ..driver import get, header, headers
from ..registry import differential


def several(*pairs):
    return tuple(header(name, value) for name, value in pairs)


@differential(
    get("/agent"),
    get("/agent", headers=headers(user_agent="curl/8"), label="user-agent"),
    get("/agent", headers=headers(user_agent=""), label="empty user-agent"),
    get("/agent", headers=several(("user-agent", "a"), ("user-agent", "b")), label="two user-agents"),
    get("/tokens", headers=several(("x-token", "a"), ("x-token", "b"), ("X-TOKEN", "c")), label="list"),
    get("/tokens", headers=headers(x_token="a, b"), label="comma is no list"),
    get("/tokens"),
    get("/underscore", headers=several(("strange_header", "kept")), label="underscore kept"),
    get("/underscore", headers=several(("strange-header", "dashed")), label="dash where underscore"),
    get("/alias", headers=headers(x_request_id="0b8a0a5e-7f0e-4f4d-8a3a-0c1f7f3f8b11"), label="uuid"),
    get("/alias", headers=headers(x_request_id="nope"), label="bad uuid"),
    get("/alias"),
    get("/types", headers=headers(x_count="3", x_when="2024-01-01T00:00:00Z", x_flag="off"), label="types"),
    get("/types", headers=headers(x_count="3.5", x_when="later", x_flag="perhaps"), label="bad types"),
    get("/types", headers=headers(x_count=" 3 ", x_when="0", x_flag="1"), label="padded"),
    get("/agent", headers=several(("user-agent", b"\xff\xfe")), label="not utf-8"),
    get("/agent", headers=several(("user-agent", "é".encode())), label="utf-8 read as latin-1"),
    get("/raw", headers=several(("x-a", "1"), ("x-b", b"\xe9"), ("x-a", "2")), label="raw headers"),
    get("/bounded", headers=headers(x_code="abc"), label="pattern"),
    get("/bounded", headers=headers(x_code="ABC123"), label="bad pattern"),
)
def header_params(api):
    app = api.FastAPI()

    @app.get("/agent")
    async def agent(user_agent: Annotated[str | None, api.Header()] = None):
        return {"agent": user_agent}

    @app.get("/tokens")
    def tokens(x_token: Annotated[list[str] | None, api.Header()] = None):
        return {"tokens": x_token}

    @app.get("/underscore")
    async def underscore(strange_header: Annotated[str | None, api.Header(convert_underscores=False)] = None):
        return strange_header

    @app.get("/alias")
    async def alias(request_id: Annotated[UUID, api.Header(alias="X-Request-Id")]):
        return request_id

    @app.get("/types")
    async def types(
        x_count: Annotated[int, api.Header()],
        x_when: Annotated[datetime, api.Header()],
        x_flag: Annotated[bool, api.Header()] = True,
    ):
        return [x_count, x_when, x_flag]

    @app.get("/raw")
    async def raw(request: api.Request):
        return [[k.decode("latin-1"), v.decode("latin-1")] for k, v in request.headers.raw]

    @app.get("/bounded")
    async def bounded(x_code: str = api.Header(max_length=4, pattern="^[a-z]+$")):
        return x_code

    return app


class Common(BaseModel):
    host: str
    save_data: bool = False
    if_modified_since: str | None = None
    x_tag: list[str] = []


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x_one: int = Field(alias="x-first")


class Session(BaseModel):
    session_id: str
    tracker: str | None = None
    visits: int = Field(0, ge=0)


class ClosedSession(BaseModel):
    model_config = ConfigDict(extra="forbid")
    session_id: str


@differential(
    get("/common", headers=headers(save_data="true", if_modified_since="x", x_tag="t"), label="full"),
    get("/common"),
    get(
        "/common", headers=several(("x-tag", "a"), ("x-tag", "b"), ("save-data", "q")), label="list and error"
    ),
    get("/plain-names", headers=several(("save_data", "true"), ("host", "again")), label="unconverted"),
    get("/closed", headers=headers(x_first="1"), label="forbidden extra (host)"),
    get("/closed"),
    get("/session", headers=headers(cookie="session_id=abc; visits=3"), label="session"),
    get("/session", headers=headers(cookie="visits=-1"), label="bad session"),
    get("/session"),
    get("/closed-session", headers=headers(cookie="session_id=a; more=b"), label="extra cookie"),
    get("/closed-session", headers=headers(cookie="session_id=a"), label="no extra cookie"),
)
def header_and_cookie_models(api):
    app = api.FastAPI()

    @app.get("/common")
    async def common(values: Annotated[Common, api.Header()]):
        return values

    @app.get("/plain-names")
    async def plain(values: Annotated[Common, api.Header(convert_underscores=False)]):
        return values

    @app.get("/closed")
    async def closed(values: Annotated[Closed, api.Header()]):
        return values

    @app.get("/session")
    async def session(values: Annotated[Session, api.Cookie()]):
        return values

    @app.get("/closed-session")
    async def closed_session(values: Annotated[ClosedSession, api.Cookie()]):
        return values

    return app


@differential(
    get("/one"),
    get("/one", headers=headers(cookie="ads_id=x"), label="one"),
    get("/one", headers=headers(cookie="ads_id="), label="empty"),
    get("/one", headers=headers(cookie="ads_id"), label="no equals"),
    get("/one", headers=headers(cookie="=x; ads_id=y"), label="nameless"),
    get("/one", headers=headers(cookie='ads_id="quo\\"ted; \\073"'), label="quoted"),
    get("/one", headers=headers(cookie='ads_id="\\303\\251"'), label="octal"),
    get("/one", headers=headers(cookie="a=1;ads_id=2;;ads_id=3; "), label="twice"),
    get("/one", headers=several(("cookie", "ads_id=1"), ("cookie", "n=2")), label="two cookie headers"),
    get("/one", headers=several(("cookie", b"ads_id=\xff\xc3\xa9")), label="not utf-8"),
    get("/one", headers=headers(cookie="ads_id=%20x%zz"), label="percent"),
    get("/one", headers=headers(cookie="ads_id=a=b"), label="equals in value"),
    get("/one", headers=headers(cookie=" ads_id = spaced "), label="spaces"),
    get("/one", headers=headers(cookie="ads_id=a, b=c"), label="comma"),
    get("/number", headers=headers(cookie="n=5"), label="number"),
    get("/number", headers=headers(cookie="n=five"), label="bad number"),
    get("/number"),
    get("/alias", headers=headers(cookie="the-cookie=v"), label="alias"),
    get("/list", headers=headers(cookie="v=1"), label="list cookie"),
)
def cookie_params(api):
    app = api.FastAPI()

    @app.get("/one")
    async def one(request: api.Request, ads_id: Annotated[str | None, api.Cookie()] = None):
        return {"ads": ads_id, "all": request.cookies}

    @app.get("/number")
    def number(n: Annotated[int, api.Cookie()]):
        return n

    @app.get("/alias")
    async def alias(value: str = api.Cookie(alias="the-cookie")):
        return value

    @app.get("/list")
    async def as_list(v: Annotated[list[str] | None, api.Cookie()] = None):
        return v

    return app
