"""JSON bodies: models, scalars, several parameters, embedding, content types, odd JSON."""

# mypy: ignore-errors
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from ..driver import get, headers, post, post_json, request
from ..registry import differential

T = TypeVar("T")


class Kind(str, Enum):  # noqa: UP042
    small = "small"
    large = "large"


class Item(BaseModel):
    name: str
    price: float = Field(gt=0)
    tags: list[str] = []
    kind: Kind | None = None


class Owner(BaseModel):
    id: UUID
    born: date
    items: list[Item] = []
    notes: dict[str, int] = {}
    best: Item | None = None


class StrictItem(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    name: str
    count: int
    ratio: float = 1.0
    at: datetime | None = None
    amount: Decimal | None = None


class Aliased(BaseModel):
    first: int = Field(alias="firstValue")
    second: int = Field(0, validation_alias=AliasChoices("2nd", AliasPath("deep", 0)))


class Checked(BaseModel):
    low: int
    high: int

    @field_validator("low")
    @classmethod
    def not_thirteen(cls, value: int) -> int:
        if value == 13:
            raise ValueError("no thirteen")
        return value

    @model_validator(mode="after")
    def ordered(self):
        assert self.low <= self.high, "low above high"
        return self


class Cat(BaseModel):
    type: Literal["cat"]
    lives: int


class Dog(BaseModel):
    type: Literal["dog"]
    good: bool = True


class Page(BaseModel, Generic[T]):
    page: int
    entries: list[T]


class Names(RootModel[list[str]]):
    pass


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []


@dataclass
class Point:
    x: int
    y: int = 0


class Movie(TypedDict):
    title: str
    year: int


GOOD = {"name": "n", "price": 2}
OWNER = {
    "id": "0b8a0a5e-7f0e-4f4d-8a3a-0c1f7f3f8b11",
    "born": "2000-01-02",
    "items": [GOOD],
    "notes": {"a": "1"},
}


@differential(
    post_json("/item", GOOD),
    post_json("/item", {"name": "n", "price": 0, "tags": ["a", 1]}),
    post_json("/item", {}),
    post_json("/item", []),
    post_json("/item", None),
    post_json("/item", "text"),
    post_json("/item", 3),
    post_json("/item", {"name": "n", "price": 1, "kind": "huge", "more": True}),
    post_json("/item", {"name": "é\ud83d\ude00", "price": 1e300}),
    post("/item", b"", label="empty body"),
    post("/item", b"", None, label="empty body no type"),
    request("POST", "/item", label="no body no headers"),
    post("/item", b" ", label="blank body"),
    post("/item", b"null", label="null"),
    post("/item", b'{"name": "a", "name": "b", "price": 1}', label="duplicate key"),
    post("/item", b'{"name": "a", "price": 1,}', label="trailing comma"),
    post("/item", b'{"name": "a", "price": 1', label="truncated"),
    post("/item", b'{"name": "a", "price": 1} x', label="trailing data"),
    post("/item", b"{'name': 'a'}", label="single quotes"),
    post("/item", b'{"name": "a", "price": NaN}', label="NaN"),
    post("/item", b'{"name": "a", "price": Infinity}', label="Infinity"),
    post("/item", b'{"name": "a", "price": -Infinity}', label="-Infinity"),
    post("/item", b'{"name": "a", "price": 01}', label="leading zero"),
    post("/item", b'{"name": "a\nb", "price": 1}', label="raw newline in string"),
    post("/item", b'{"name": "\\ud800", "price": 1}', label="lone surrogate"),
    post("/item", b'{"name": "\\x", "price": 1}', label="bad escape"),
    post("/item", b'\xef\xbb\xbf{"name": "bom", "price": 1}', label="utf-8 bom"),
    post("/item", '{"name": "sixteen", "price": 1}'.encode("utf-16"), label="utf-16"),
    post("/item", '{"name": "thirtytwo", "price": 1}'.encode("utf-32-le"), label="utf-32"),
    post("/item", b'{"name": "\xff", "price": 1}', label="not utf-8"),
    post("/item", b'{"name": "a", "price": 1' + b"0" * 5000 + b"}", label="huge integer"),
    post("/item", b'{"name": "a", "price": 123456789012345678901234567890}', label="big integer"),
    post("/item", b'{"name": "a", "price": 1e999}', label="float overflow"),
    post_json("/item", GOOD, chunks=(b'{"name": "n', b'", "pr', b"", b'ice": 2}'), label="chunked"),
    post_json("/owner", OWNER),
    post_json(
        "/owner", {**OWNER, "items": [GOOD, {"price": -1}], "best": {"name": 1}, "id": 3, "notes": {"a": "x"}}
    ),
    post_json("/owner", {**OWNER, "born": "2000-13-01"}),
    post_json("/sync", GOOD),
)
def single_model(api):
    app = api.FastAPI()

    @app.post("/item")
    async def create(item: Item):
        return {"item": item, "set": sorted(item.model_fields_set)}

    @app.post("/owner")
    async def owner(owner: Owner) -> Owner:
        return owner

    @app.post("/sync")
    def sync(item: Item):
        return item

    return app


TYPES = (
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/vnd.api+json",
    "application/geo+json;x=y",
    "application/jsonp",
    "text/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "json",
    "application/json,text/plain",
    ";application/json",
    "application / json",
    "application/json garbage",
    "é/json",
    "",
)


@differential(
    *(post("/strict", '{"name": "n", "price": 1}', kind, label=f"strict type {kind}") for kind in TYPES),
    *(
        post("/lenient", '{"name": "n", "price": 1}', kind, label=f"lenient type {kind}")
        for kind in TYPES[-4:]
    ),
    post("/strict", '{"name": "n", "price": 1}', None, label="strict no type"),
    post("/lenient", '{"name": "n", "price": 1}', None, label="lenient no type"),
    post("/lenient", b"\xff{", None, label="lenient no type, no json"),
    post("/bytes", b"\x00\x01", "application/octet-stream", label="bytes body"),
    post("/bytes", b'"quoted"', label="bytes body sent as json"),
    post(
        "/strict",
        '{"name": "n", "price": 1}',
        "text/plain",
        headers=headers(content_type="application/json"),
        label="two content types",
    ),
)
def content_types(api):
    app = api.FastAPI()
    lenient = api.APIRouter(strict_content_type=False)

    @app.post("/strict")
    async def strict(item: Item):
        return item

    @lenient.post("/lenient")
    async def not_strict(item: Item):
        return item

    @app.post("/bytes")
    async def raw(data: Annotated[bytes, api.Body(media_type="application/octet-stream")]):
        return data.hex()

    app.include_router(lenient)
    return app


@differential(
    post_json("/two", {"item": GOOD, "owner": OWNER}),
    post_json("/two", {"item": GOOD}),
    post_json("/two", {"item": {"name": 1}, "owner": 3}),
    post_json("/two", [1]),
    post_json("/two", None),
    post("/two", b"", label="two empty"),
    post("/two", b"raw", "text/plain", label="two not json"),
    post_json("/embed", {"item": GOOD}),
    post_json("/embed", GOOD),
    post_json("/scalar", 5),
    post_json("/scalar", "5"),
    post_json("/scalar", "x"),
    post_json("/scalars/7?q=1", {"n": 1, "s": "t"}),
    post_json("/scalars/7", {"n": "x"}),
    post_json("/scalars/x?q=y", {}),
    post_json("/optional", {"item": None}),
    post("/optional", b"", label="optional empty"),
    post_json("/optional", None),
    post_json("/dep", {"item": GOOD, "extra": 4}),
    post_json("/dep", {"item": GOOD}),
    post_json("/dep", GOOD),
    post_json("/alias", {"theItem": GOOD, "n": 1}),
    post_json("/alias", {"item": GOOD, "n": 1}),
    post_json("/same", GOOD),
    get("/with-get", label="GET without its body"),
    post_json("/with-get", GOOD, method="GET"),
)
def several_params(api):
    app = api.FastAPI()

    @app.post("/two")
    async def two(item: Item, owner: Owner | None = None):
        return {"item": item, "owner": owner}

    @app.post("/embed")
    async def embed(item: Annotated[Item, api.Body(embed=True)]):
        return item

    @app.post("/scalar")
    async def scalar(n: Annotated[int, api.Body(ge=1)]):
        return n

    @app.post("/scalars/{p}")
    async def scalars(p: int, n: Annotated[int, api.Body()], s: str = api.Body("d"), q: int = 0):
        return [p, n, s, q]

    @app.post("/optional")
    async def optional(item: Item | None = None):
        return {"item": item}

    def extra(extra: Annotated[int, api.Body()] = 3):
        return extra

    @app.post("/dep")
    async def with_dependency(item: Item, extra: Annotated[int, api.Depends(extra)]):
        return {"item": item, "extra": extra}

    @app.post("/alias")
    async def aliased(item: Annotated[Item, api.Body(alias="theItem")], n: Annotated[int, api.Body()]):
        return [item, n]

    def same(item: Item):
        return item.name

    @app.post("/same")
    async def shared(item: Item, name: Annotated[str, api.Depends(same)]):
        return [item, name]

    @app.get("/with-get")
    async def get_with_body(item: Item):
        return item

    return app


@differential(
    post_json("/strict", {"name": "a", "count": 1}),
    post_json("/strict", {"name": "a", "count": "1"}),
    post_json("/strict", {"name": "a", "count": 1.0}),
    post_json("/strict", {"name": "a", "count": True, "ratio": 1}),
    post_json("/strict", {"name": "a", "count": 1, "at": "2024-01-01T00:00:00"}),
    post_json("/strict", {"name": "a", "count": 1, "amount": "1.5"}),
    post_json("/strict", {"name": "a", "count": 1, "zzz": 1, "aaa": 2}),
    post_json("/aliased", {"firstValue": 1, "2nd": 2}),
    post_json("/aliased", {"firstValue": 1, "deep": [7]}),
    post_json("/aliased", {"first": 1, "second": 2}),
    post_json("/checked", {"low": 1, "high": 2}),
    post_json("/checked", {"low": 3, "high": 2}),
    post_json("/checked", {"low": 13, "high": 2}),
    post_json("/pet", {"type": "cat", "lives": 9}),
    post_json("/pet", {"type": "dog"}),
    post_json("/pet", {"type": "fish"}),
    post_json("/pet", {"lives": 9}),
    post_json("/tagged", {"type": "dog", "good": "no"}),
    post_json("/tagged", 5),
    post_json("/smart", {"type": "dog", "lives": 1}),
    post_json("/smart", {"type": "x"}),
    post_json("/page", {"page": 1, "entries": [GOOD, GOOD]}),
    post_json("/page", {"page": 1, "entries": [GOOD, 3]}),
    post_json("/names", ["a", "b"]),
    post_json("/names", {"root": []}),
    post_json("/tree", {"value": 1, "children": [{"value": 2, "children": [{"value": "x"}]}]}),
    post_json("/tree", {"value": 1, "children": [{"value": 2}]}),
    post_json("/list", [GOOD, GOOD]),
    post_json("/list", [GOOD, {"name": 1, "price": 0}]),
    post_json("/dict", {"1": 1.5, "2": 2}),
    post_json("/dict", {"x": 1.5, "2": "y"}),
    post_json("/point", {"x": 1}),
    post_json("/point", {"y": 1}),
    post_json("/movie", {"title": "t", "year": "1999"}),
    post_json("/movie", {"title": "t"}),
    post_json("/any", [1, 2.5, None, True, {"a": []}, "é"]),
    post_json("/anydict", {"a": {"b": [1]}}),
    post_json("/anydict", [1]),
    post_json("/sets", {"numbers": [1, 1, 2], "pair": [1, "b"]}),
)
def kinds_of_models(api):
    app = api.FastAPI()

    @app.post("/strict")
    async def strict(item: StrictItem):
        return item

    @app.post("/aliased")
    async def aliased(item: Aliased):
        return item

    @app.post("/checked")
    async def checked(item: Checked):
        return item

    @app.post("/pet")
    async def pet(pet: Annotated[Cat | Dog, api.Body(discriminator="type")]):
        return pet

    def tag(value):
        return value.get("type") if isinstance(value, dict) else getattr(value, "type", None)

    @app.post("/tagged")
    async def tagged(
        pet: Annotated[
            Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")],
            api.Body(discriminator=Discriminator(tag)),
        ],
    ):
        return pet

    @app.post("/smart")
    async def smart(pet: Cat | Dog | Item):
        return pet

    @app.post("/page")
    async def page(page: Page[Item]) -> Page[Item]:
        return page

    @app.post("/names")
    async def names(names: Names):
        return names

    @app.post("/tree")
    async def tree(tree: Tree) -> Tree:
        return tree

    @app.post("/list")
    async def as_list(items: list[Item]):
        return items

    @app.post("/dict")
    async def as_dict(weights: dict[int, float]):
        return weights

    @app.post("/point")
    async def point(point: Point):
        return point

    @app.post("/movie")
    async def movie(movie: Movie):
        return movie

    @app.post("/any")
    async def anything(value: Annotated[Any, api.Body()]):
        return value

    @app.post("/anydict")
    async def any_dict(value: dict[str, Any]):
        return value

    @app.post("/sets")
    async def sets(numbers: set[int], pair: tuple[int, str]):
        return [sorted(numbers), pair]

    return app
