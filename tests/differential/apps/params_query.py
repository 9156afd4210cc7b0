"""Query parameters: defaults, lists, aliases, models, Json, unions."""

# mypy: ignore-errors
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, Json

from ..driver import get
from ..registry import differential


class Order(str, Enum):  # noqa: UP042
    up = "asc"
    down = "desc"


@differential(
    get("/plain"),
    get("/plain?q=a"),
    get("/plain?q="),
    get("/plain?q"),
    get("/plain?q=a&q=b"),
    get("/plain?Q=a"),
    get("/plain?q=a+b%20c%2Bd"),
    get("/plain?q=%C3%A9"),
    get("/plain?q=%FF%FE"),
    get("/plain?q=%zz%4"),
    get("/plain?q=a;b"),
    get("/plain?=a&&q=1&"),
    get("/plain?q=a=b=c"),
    get("/plain?q=%00"),
    get(b"/plain?q=\xc3\xa9", label="GET raw utf-8 in query"),
    get(b"/plain?q=\xff", label="GET raw latin-1 in query"),
    get("/required"),
    get("/required?n="),
    get("/required?n=5"),
    get("/required?n=five"),
    get("/required?n=5&n=six"),
    get("/optional?n=null"),
    get("/optional"),
    get("/optional?n="),
    get("/many?limit=5&skip=2&flag=yes&ratio=0.5&order=desc&id=0b8a0a5e-7f0e-4f4d-8a3a-0c1f7f3f8b11"),
    get("/many?limit=0&skip=-1&flag=maybe&ratio=x&order=sideways&id=1"),
    get("/many?id=0b8a0a5e-7f0e-4f4d-8a3a-0c1f7f3f8b11"),
    get("/when?at=2024-01-01T00:00:00%2B02:00&price=10.50"),
    get("/when?at=2024-01-01T00:00:00+02:00&price=1e400"),
    get("/literal?mode=b"),
    get("/literal?mode=c"),
    get("/bounds?n=3&f=1.5&s=abc"),
    get("/bounds?n=10&f=0.1&s=a"),
    get("/bounds?n=3.0&f=nan&s=ABC"),
)
def scalars(api):
    app = api.FastAPI()

    @app.get("/plain")
    async def plain(q: str | None = None):
        return {"q": q}

    @app.get("/required")
    async def required(n: int):
        return n

    @app.get("/optional")
    def optional(n: int | None = None):
        return n

    @app.get("/many")
    async def many(
        id: UUID,
        limit: Annotated[int, api.Query(gt=0, le=100)] = 10,
        skip: int = api.Query(0, ge=0),
        flag: bool = False,
        ratio: float | None = None,
        order: Order = Order.up,
    ):
        return {"limit": limit, "skip": skip, "flag": flag, "ratio": ratio, "order": order, "id": id}

    @app.get("/when")
    async def when(at: datetime, price: Decimal):
        return {"at": at, "price": price}

    @app.get("/literal")
    async def literal(mode: Literal["a", "b"] = "a"):
        return mode

    @app.get("/bounds")
    async def bounds(
        n: Annotated[int, api.Query(lt=10)],
        f: Annotated[float, api.Query(ge=0.5, allow_inf_nan=False)],
        s: Annotated[str, api.Query(min_length=2, pattern="^[a-z]*$")],
    ):
        return [n, f, s]

    return app


@differential(
    get("/list"),
    get("/list?q=a"),
    get("/list?q=a&q=b&q="),
    get("/list?q="),
    get("/ints?n=1&n=2"),
    get("/ints?n=1&n=x&n=y"),
    get("/ints"),
    get("/default"),
    get("/default?q=z"),
    get("/set?n=1&n=1&n=2"),
    get("/tuple?p=1&p=b"),
    get("/tuple?p=1"),
    get("/frozen?n=3&n=3"),
    get("/limited?q=a&q=b&q=c"),
    get("/limited?q=a"),
    get("/optional"),
    get("/optional?q=1"),
    get("/bare?q=1&q=x"),
)
def lists(api):
    app = api.FastAPI()

    @app.get("/list")
    async def strings(q: Annotated[list[str], api.Query()] = []):
        return q

    @app.get("/ints")
    async def ints(n: list[int] = api.Query()):
        return n

    @app.get("/default")
    async def default(q: Annotated[list[str], api.Query()] = ["x", "y"]):
        q.append("mutated")
        return q

    @app.get("/set")
    async def as_set(n: Annotated[set[int], api.Query()]):
        return sorted(n)

    @app.get("/tuple")
    async def as_tuple(p: Annotated[tuple[int, str], api.Query()]):
        return p

    @app.get("/frozen")
    async def as_frozenset(n: Annotated[frozenset[int], api.Query()]):
        return n

    @app.get("/limited")
    async def limited(q: Annotated[list[str], api.Query(min_length=2, max_length=2)]):
        return q

    @app.get("/optional")
    async def optional(q: Annotated[list[int] | None, api.Query()] = None):
        return {"q": q}

    @app.get("/bare")
    async def bare(q: Annotated[list, api.Query()]):
        return q

    return app


@differential(
    get("/alias?item-query=1"),
    get("/alias?item_query=1"),
    get("/alias"),
    get("/validation?val=1"),
    get("/validation?item=1"),
    get("/choices?b=2"),
    get("/choices?a=1&b=2"),
    get("/choices"),
    get("/json?q=[%22a%22]"),
    get("/json?q=[%22a%22"),
    get("/json?q={%22a%22:1}"),
    get("/json-list?q=[1,2,%223%22]"),
    get("/factory"),
    get("/factory?n=2"),
    get("/before?tags=a,b,c"),
    get("/before"),
    get("/validated-default"),
    get("/hidden?secret=1"),
    get("/deprecated?old=1"),
    get("/union?v=1"),
    get("/union?v=x"),
    get("/union?v=1.5"),
    get("/strict?n=1"),
    get("/any?v=1"),
    get("/repeat?x=1&x=2"),
    get("/ellipsis"),
)
def aliases_and_special(api):
    app = api.FastAPI()
    counter = iter(range(1000))

    @app.get("/alias")
    async def alias(q: Annotated[int | None, api.Query(alias="item-query")] = None):
        return q

    @app.get("/validation")
    async def validation(q: Annotated[int, api.Query(validation_alias="val", alias="item")]):
        return q

    @app.get("/choices")
    async def choices(q: Annotated[int, api.Query(validation_alias=AliasChoices("a", "b"))]):
        return q

    @app.get("/json")
    async def json_required(q: Annotated[Json[list[str]], api.Query()]):
        return q

    @app.get("/json-list")
    async def json_list(q: Annotated[Json[list[int]] | None, api.Query()] = None):
        return q

    @app.get("/factory")
    async def factory(n: Annotated[int, api.Query(default_factory=lambda: next(counter))]):
        return n

    @app.get("/before")
    async def before(
        tags: Annotated[list[str], BeforeValidator(lambda v: v[0].split(",")), api.Query()] = ["none"],
    ):
        return tags

    @app.get("/validated-default")
    async def validated_default(n: Annotated[int, api.Query(validate_default=True)] = "nope"):
        return n

    @app.get("/hidden")
    async def hidden(secret: Annotated[str, api.Query(include_in_schema=False)] = "x"):
        return secret

    @app.get("/deprecated")
    async def old(
        old: Annotated[
            str, api.Query(deprecated=True, examples=["one"], openapi_examples={"e": {"value": "v"}})
        ],
    ):
        return old

    @app.get("/union")
    async def union(v: float | str):
        return [type(v).__name__, v]

    @app.get("/strict")
    async def strict(n: Annotated[int, api.Query(strict=True)]):
        return n

    @app.get("/any")
    async def anything(v: Any = None):
        return v

    @app.get("/repeat")
    async def repeat(request: api.Request, x: int):
        return [x, request.query_params.getlist("x"), str(request.url)]

    @app.get("/ellipsis")
    async def ellipsis(q: str = api.Query(...)):
        return q

    return app


class Filter(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, gt=0, le=100)
    offset: int = Field(0, ge=0)
    order_by: Literal["created", "updated"] = "created"
    tags: list[str] = []


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")
    page: int = 1


class Named(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    first_name: str = Field(alias="firstName")
    size: int | None = Field(None, validation_alias=AliasChoices("s", "size"))


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    name: str
    count: int = 0


@differential(
    get("/filter"),
    get("/filter?limit=5&offset=1&order_by=updated&tags=a&tags=b"),
    get("/filter?limit=0&order_by=x&unknown=1"),
    get("/filter?unknown=1&unknown=2"),
    get("/loose?page=2&a=1&b=2&b=3"),
    get("/named?firstName=A&s=1"),
    get("/named?first_name=A&size=2"),
    get("/named"),
    get("/strict?name=a"),
    get("/strict?name=a&count=1"),
    get("/maybe"),
    get("/maybe?page=3"),
    get("/maybe?other=1"),
    get("/depends?limit=7&q=x"),
    get("/depends?limit=x"),
)
def models(api):
    app = api.FastAPI()

    @app.get("/filter")
    async def filtered(filters: Annotated[Filter, api.Query()]):
        return filters

    @app.get("/loose")
    async def loose(params: Annotated[Loose, api.Query()]):
        return params

    @app.get("/named")
    async def named(params: Annotated[Named, api.Query()]):
        return params

    @app.get("/strict")
    async def strict(params: Annotated[Strict, api.Query()]):
        return params

    @app.get("/maybe")
    async def maybe(params: Annotated[Loose | None, api.Query()] = None):
        return {"params": params}

    def nested(filters: Annotated[Filter, api.Query()]):
        return filters.limit

    @app.get("/depends")
    async def depends(limit: Annotated[int, api.Depends(nested)]):
        return limit

    return app
