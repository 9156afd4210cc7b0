"""What endpoints return: models, plain data, response classes, status codes."""

# mypy: ignore-errors
import decimal
import enum
import ipaddress
import pathlib
import re
import uuid
from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, computed_field, field_serializer

from ..driver import get, headers, log, post_json, request
from ..registry import differential


class Base(BaseModel):
    id: int
    name: str = "default"
    note: str | None = None


class Full(Base):
    password: str = "hidden"
    tags: list[str] = []


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    first: int = Field(alias="firstValue", serialization_alias="FIRST")
    at: datetime = datetime(2024, 1, 1, tzinfo=UTC)

    @computed_field
    @property
    def double(self) -> int:
        return self.first * 2

    @field_serializer("at")
    def year_only(self, value: datetime) -> int:
        return value.year


class Holder(BaseModel):
    inner: Base
    others: dict[str, Base] = {}


@dataclass
class Data:
    a: int
    b: list[str] = field(default_factory=list)
    c: "date | None" = None


class Record:
    def __init__(self, **values):
        self.__dict__.update(values)


FLAGS = {
    "unset": {"response_model_exclude_unset": True},
    "defaults": {"response_model_exclude_defaults": True},
    "none": {"response_model_exclude_none": True},
    "include": {"response_model_include": {"id", "note"}},
    "exclude": {"response_model_exclude": {"name"}},
    "include-list": {"response_model_include": ["id"]},
    "all": {
        "response_model_exclude_none": True,
        "response_model_exclude": {"id"},
        "response_model_exclude_unset": True,
    },
}


@differential(
    get("/filtered"),
    get("/filtered-dict"),
    get("/annotated"),
    get("/annotated-object"),
    get("/list"),
    get("/nested"),
    get("/union"),
    get("/optional"),
    get("/none"),
    get("/missing"),
    get("/wrong"),
    get("/wrong-sync"),
    get("/wrong-list"),
    get("/aliased"),
    get("/aliased-no-alias"),
    get("/overridden"),
    get("/disabled"),
    get("/dataclass"),
    get("/subclass"),
    get("/scalar"),
    get("/bad-scalar"),
    get("/nan"),
    get("/any"),
    get("/bytes"),
    get("/secret"),
    get("/set"),
    get("/response-annotation"),
    get("/response-instead"),
    get("/custom-class"),
    *(get(f"/flags/{name}/{kind}") for name in FLAGS for kind in ("model", "dict")),
)
def models(api):
    app = api.FastAPI()
    full = Full(id=1, tags=["a"])

    @app.get("/filtered", response_model=Base)
    async def filtered():
        return full

    @app.get("/filtered-dict", response_model=Base)
    def filtered_dict():
        return {"id": "7", "password": "p", "extra": 1}

    @app.get("/annotated")
    async def annotated() -> Base:
        return full

    @app.get("/annotated-object", response_model=Annotated[Base, Field(title="T")])
    async def annotated_object():
        return Record(id=3, name="attributes")

    @app.get("/list")
    async def as_list() -> list[Base]:
        return [full, {"id": 2, "note": "n"}]

    @app.get("/nested")
    async def nested() -> Holder:
        return Holder(inner=full, others={"é": full})

    @app.get("/union")
    async def union() -> Full | Base:
        return Base(id=1)

    @app.get("/optional")
    async def optional() -> Base | None:
        return None

    @app.get("/none")
    async def none() -> None:
        return None

    @app.get("/missing", response_model=Base)
    async def missing():
        return None

    @app.get("/wrong", response_model=Base)
    async def wrong():
        return {"id": "x", "name": 3}

    @app.get("/wrong-sync", response_model=Base)
    def wrong_sync():
        return [1]

    @app.get("/wrong-list", response_model=list[Base])
    async def wrong_list():
        return [{"id": 1}, {"name": 1}]

    @app.get("/aliased")
    async def aliased() -> Aliased:
        return Aliased(first=2)

    @app.get("/aliased-no-alias", response_model_by_alias=False)
    async def aliased_no_alias() -> Aliased:
        return {"firstValue": 3}

    @app.get("/overridden", response_model=Base)
    async def overridden() -> Full:
        return full

    @app.get("/disabled", response_model=None)
    async def disabled() -> Full:
        return full

    @app.get("/dataclass")
    async def dataclass_result() -> Data:
        return {"a": 1, "c": "2024-01-01"}

    @app.get("/subclass")
    async def subclass() -> list[Any]:
        return [full, Data(1), date(2024, 1, 2)]

    @app.get("/scalar")
    async def scalar() -> int:
        return "5"

    @app.get("/bad-scalar")
    def bad_scalar() -> int:
        return "five"

    @app.get("/nan")
    async def nan() -> list[float]:
        return [1.0, float("nan"), float("inf"), -0.0, 1e22]

    @app.get("/any")
    async def anything() -> Any:
        return {"x": datetime(2024, 1, 1), 1: decimal.Decimal("1.50"), None: uuid.UUID(int=1)}

    @app.get("/bytes")
    async def as_bytes() -> dict[str, bytes]:
        return {"ok": "é".encode()}

    @app.get("/secret")
    async def secret() -> dict[str, SecretStr]:
        return {"s": SecretStr("x")}

    @app.get("/set")
    async def as_set() -> frozenset[int]:
        return {3}

    @app.get("/response-annotation")
    async def response_annotation() -> api.Response:
        return api.responses.JSONResponse({"a": 1}, status_code=203)

    @app.get("/response-instead", response_model=Base)
    async def response_instead():
        return api.responses.HTMLResponse("<p>")

    class Shout(api.responses.JSONResponse):
        media_type = "application/shout+json"

        def render(self, content):
            log("render", type(content).__name__)
            return super().render(content).upper()

    @app.get("/custom-class", response_class=Shout)
    async def custom_class() -> Base:
        return full

    for name, options in FLAGS.items():
        app.get(f"/flags/{name}/model", response_model=Base, name=f"{name}-model", **options)(
            lambda: Full(id=1, note=None)
        )
        app.get(f"/flags/{name}/dict", name=f"{name}-dict", **options)(
            lambda: {"id": 1, "name": "default", "note": None}
        )
    return app


class Suit(enum.Enum):
    spades = "♠"
    hearts = 2


class Number(int):
    pass


class Text(str):
    pass


Pair = namedtuple("Pair", "left right")  # noqa: PYI024


class Broken:
    __slots__ = ()


class Mapped:
    def keys(self):
        return ["k"]

    def __getitem__(self, key):
        return 1


def _cycle():
    value: list = []
    value.append(value)
    return value


def _deep(depth):
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


VALUES = {
    "none": lambda: None,
    "true": lambda: True,
    "int": lambda: 10**40,
    "float": lambda: [0.1, 1e16, 1e-7, 5e-324, 1.7976931348623157e308, 100.0, -0.0],
    "nan": lambda: {"x": float("nan")},
    "inf": lambda: float("inf"),
    "str": lambda: '"\\/\b\f\n\r\t\x00\x1f\x7f\u2028é😀',
    "surrogate": lambda: "\ud800",
    "empty": lambda: [{}, [], (), "", set()],
    "keys": lambda: {2: "a", 1.5: "b", True: "c", None: "d", "e": "f"},
    "same-keys": lambda: {"1": "a", 1: "b"},
    "tuple-key": lambda: {(1, 2): "a"},
    "bytes-key": lambda: {b"a": 1},
    "enum-key": lambda: {Suit.spades: Suit.hearts},
    "date-key": lambda: {date(2024, 1, 1): 1},
    "sa-key": lambda: {"_sa_state": 1, "_other": 2, "_sa": 3},
    "tuple": lambda: (1, (2, [3])),
    "namedtuple": lambda: Pair(1, "r"),
    "set": lambda: {5},
    "frozenset": lambda: frozenset({"x"}),
    "deque": lambda: deque([1, 2]),
    "generator": lambda: (i * i for i in range(3)),
    "range": lambda: range(3),
    "ordered": lambda: OrderedDict(b=1, a=2),
    "default": lambda: defaultdict(list, x=[1]),
    "userdict": lambda: UserDict(x=1),
    "int-subclass": lambda: [Number(3), Text("t"), True],
    "bytes": lambda: b"abc",
    "bytes-not-utf8": lambda: b"\xff",
    "memoryview": lambda: memoryview(b"abc"),
    "datetime": lambda: [
        datetime(2024, 1, 2, 3, 4, 5, 6, UTC),
        date(2024, 1, 2),
        time(1, 2),
        timedelta(1, 2, 3),
    ],
    "decimal": lambda: [
        decimal.Decimal("1.0"),
        decimal.Decimal("10"),
        decimal.Decimal("1E+2"),
        decimal.Decimal("-0"),
    ],
    "decimal-nan": lambda: decimal.Decimal("NaN"),
    "uuid": lambda: uuid.UUID(int=5),
    "path": lambda: [pathlib.PurePosixPath("/a/b"), pathlib.Path("c")],
    "ip": lambda: [ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")],
    "pattern": lambda: re.compile("a+"),
    "enum": lambda: list(Suit),
    "dataclass": lambda: Data(1, ["x"], date(2024, 1, 1)),
    "dataclass-list": lambda: [Data(1), {"d": Data(2)}],
    "model": lambda: Aliased(first=1),
    "model-in-dict": lambda: {"m": Full(id=1), "l": [Base(id=2)]},
    "object": lambda: Record(a=1, _b=2, c=Record(d=3)),
    "mapped": lambda: Mapped(),
    "exception": lambda: ValueError("x"),
    "class": lambda: Broken,
    "broken": lambda: Broken(),
    "broken-inside": lambda: {"a": [1, Broken()]},
    "function": lambda: print,
    "complex": lambda: 1j,
    "cycle": _cycle,
    "deep": lambda: _deep(100_000),
    "deep-ok": lambda: _deep(50),
    "huge": lambda: list(range(20_000)),
    "iterator": lambda: iter([1, 2]),
    "module": lambda: {"e": Ellipsis},
    "shared": lambda: [[1]] * 3,
}


@differential(
    *(get(f"/{name}") for name in VALUES),
    *(get(f"/sync/{name}") for name in ("none", "broken", "model", "nan")),
)
def plain_values(api):
    app = api.FastAPI()

    def add(name, make):
        @app.get(f"/{name}", name=name)
        async def endpoint():
            return make()

        @app.get(f"/sync/{name}", name=f"sync {name}")
        def sync_endpoint():
            return make()

    for name, make in VALUES.items():
        add(name, make)
    return app


@differential(
    *(get(f"/status/{code}") for code in (200, 201, 202, 204, 205, 304, 299, 404, 500)),
    *(request("HEAD", f"/status/{code}") for code in (200, 204)),
    get("/no-content"),
    get("/no-content-sync"),
    get("/not-modified-by-hand"),
    post_json("/created", {"id": 1}),
    get("/enum-status"),
    get("/info"),
)
def status_codes(api):
    app = api.FastAPI()
    for code in (200, 201, 202, 205, 299, 404, 500):
        app.get(f"/status/{code}", status_code=code, name=str(code))(lambda: {"a": 1})
    app.head("/status/200", name="head 200")(lambda: {"a": 1})
    for code in (204, 304):
        app.get(f"/status/{code}", status_code=code, name=str(code))(lambda: None)
    app.head("/status/204", status_code=204, name="head 204")(lambda: None)

    @app.get("/no-content", status_code=204)
    async def no_content(response: api.Response):
        response.headers["x-a"] = "1"
        return {"ignored": True}

    @app.get("/no-content-sync", response_class=api.Response, status_code=204)
    def no_content_sync():
        pass

    @app.get("/not-modified-by-hand")
    async def not_modified(response: api.Response):
        response.status_code = 304
        return {"dropped": True}

    @app.post("/created", status_code=201)
    async def created(item: Base, response: api.Response) -> Base:
        response.headers["location"] = f"/items/{item.id}"
        return item

    from http import HTTPStatus

    @app.get("/enum-status", status_code=HTTPStatus.ACCEPTED)
    async def enum_status():
        return 1

    @app.get("/info")
    async def info(response: api.Response):
        response.status_code = 101
        return "x"

    return app


@differential(
    *(
        get(path)
        for path in [
            "/json",
            "/html",
            "/text",
            "/redirect",
            "/redirect-class",
            "/raw",
            "/raw-str",
            "/file",
            "/file-class",
            "/file-missing",
            "/bytes-class",
            "/headers",
            "/cookies",
            "/own-none",
            "/own-data",
            "/nested-app",
            "/html-none",
            "/iter",
            "/aiter",
            "/subclass",
        ]
    ),
    get("/file", headers=headers(range="bytes=2-4"), label="file range"),
    get("/file", headers=headers(range="bytes=99-"), label="file bad range"),
    request("HEAD", "/file"),
    get("/default"),
    get("/default-model"),
    get("/router-default"),
)
def response_classes(api):
    responses = api.responses
    here = pathlib.Path(__file__).with_name("__init__.py")

    class Own(api.Response):
        media_type = "text/own"
        charset = "latin-1"

        def __init__(self, content=None, **kwargs):
            log("Own", type(content).__name__, sorted(kwargs))
            super().__init__(content, **kwargs)

        def render(self, content):
            return f"<{content!r}>".encode("latin-1")

        async def __call__(self, scope, receive, send):
            log("Own called")
            await super().__call__(scope, receive, send)

    app = api.FastAPI(default_response_class=Own)
    simple = {"default_response_class": responses.JSONResponse}
    router = api.APIRouter(**simple)

    @router.get("/json")
    async def as_json():
        return responses.JSONResponse(
            {"é": float(1)}, headers={"X-Thing": "t"}, media_type="application/problem+json"
        )

    @router.get("/html", response_class=responses.HTMLResponse)
    async def html():
        return "<p>é</p>"

    @router.get("/html-none", response_class=responses.HTMLResponse)
    async def html_none():
        return None

    @router.get("/text", response_class=responses.PlainTextResponse, status_code=202)
    def text():
        return 5

    @router.get("/redirect")
    async def redirect():
        return responses.RedirectResponse("/é?q=a b", status_code=303)

    @router.get("/redirect-class", response_class=responses.RedirectResponse, status_code=302)
    async def redirect_class():
        return "https://example.com/x"

    @router.get("/raw")
    async def raw():
        return api.Response(
            b"\x00\xff", media_type="application/octet-stream", headers={"content-length": "2"}
        )

    @router.get("/raw-str")
    async def raw_str():
        return api.Response("é", headers={"content-type": "text/x"})

    @router.api_route("/file", methods=["GET", "HEAD"])
    async def file():
        return responses.FileResponse(here, filename="naïve.py")

    @router.get("/file-class", response_class=responses.FileResponse)
    async def file_class():
        return str(here)

    @router.get("/file-missing")
    async def file_missing():
        return responses.FileResponse("/does/not/exist")

    @router.get("/bytes-class", response_class=api.Response)
    async def bytes_class():
        return "raw string"

    @router.get("/headers")
    async def response_headers(response: api.Response):
        response.headers["X-B"] = "1"
        response.headers.append("X-B", "2")
        response.headers["X-A"] = "3"
        return {}

    @router.get("/cookies")
    async def cookies(response: api.Response):
        response.set_cookie(
            "a", "b c", max_age=5, path="/p", domain="d", secure=True, httponly=True, samesite="strict"
        )
        response.delete_cookie("gone")
        made = responses.JSONResponse({})
        made.set_cookie("own", "1")
        return made

    @router.get("/iter", response_class=responses.StreamingResponse)
    def iterated():
        return iter([b"a", "b"])

    @router.get("/aiter")
    async def aiterated():
        async def body():
            yield "a"
            yield b"b"

        return responses.StreamingResponse(body(), media_type="text/csv", status_code=206)

    @app.get("/own-none")
    async def own_none():
        return None

    @app.get("/own-data")
    def own_data() -> Base:
        return Full(id=1)

    @router.get("/nested-app")
    async def nested_app():
        async def asgi(scope, receive, send):
            await send({"type": "http.response.start", "status": 207, "headers": [(b"x", b"y")]})
            await send({"type": "http.response.body", "body": b"by hand"})

        class AsResponse(api.Response):
            async def __call__(self, scope, receive, send):
                await asgi(scope, receive, send)

        return AsResponse()

    class Sub(responses.JSONResponse):
        def render(self, content):
            return b"{}"

    @router.get("/subclass")
    async def subclass():
        return Sub({"a": 1})

    @app.get("/default")
    async def default():
        return {"a": 1}

    @app.get("/default-model", response_class=responses.JSONResponse)
    async def default_model() -> Base:
        return Full(id=1)

    plain = api.APIRouter(default_response_class=responses.PlainTextResponse)

    @plain.get("/router-default")
    async def router_default():
        return "text"

    app.include_router(router)
    app.include_router(plain)
    return app
