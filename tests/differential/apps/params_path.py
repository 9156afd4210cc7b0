"""Path parameters: types, convertors, constraints, aliases."""

# mypy: ignore-errors
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AliasChoices
from starlette.convertors import Convertor, register_url_convertor

from ..driver import get, log, request
from ..registry import differential


class Color(str, Enum):  # noqa: UP042
    red = "red"
    blue = "blue"


class Level(IntEnum):
    low = 1
    high = 2


class HexConvertor(Convertor[int]):
    regex = "[0-9a-f]+"

    def convert(self, value):
        log("convert", value)
        return int(value, 16)

    def to_string(self, value):
        return f"{value:x}"


register_url_convertor("hexnumber", HexConvertor())


@differential(
    get("/int/42"),
    get("/int/-7"),
    get("/int/+7"),
    get("/int/%2042%20"),
    get("/int/1_000"),
    get("/int/4.0"),
    get("/int/4.5"),
    get("/int/x"),
    get("/int/99999999999999999999999999"),
    get("/int/%D9%A1%D9%A2"),
    get("/float/1.5"),
    get("/float/1e3"),
    get("/float/nan"),
    get("/float/-inf"),
    get("/float/x"),
    get("/bool/true"),
    get("/bool/ON"),
    get("/bool/0"),
    get("/bool/2"),
    get("/bool/y"),
    get("/str/plain"),
    get("/str/with%20space"),
    get("/str/%C3%A9%E2%82%AC"),
    get("/str/a%2Fb"),
    get("/str/a+b"),
    get("/str/%25"),
    get("/str/a;b=c"),
    get("/str/"),
    get("/untyped/1"),
    get("/decimal/1.10"),
    get("/decimal/abc"),
)
def scalars(api):
    app = api.FastAPI()

    @app.get("/int/{value}")
    async def read_int(value: int):
        return {"value": value}

    @app.get("/float/{value}")
    def read_float(value: float):
        return {"value": repr(value)}

    @app.get("/bool/{value}")
    async def read_bool(value: bool):
        return value

    @app.get("/str/{value}")
    async def read_str(value: str):
        return value

    @app.get("/untyped/{value}")
    async def read_untyped(value):
        return [value, type(value).__name__]

    @app.get("/decimal/{value}")
    async def read_decimal(value: Decimal):
        return value

    return app


@differential(
    get("/uuid/0b8a0a5e-7f0e-4f4d-8a3a-0c1f7f3f8b11"),
    get("/uuid/0B8A0A5E7F0E4F4D8A3A0C1F7F3F8B11"),
    get("/uuid/nope"),
    get("/when/2024-02-29T12:30:00Z"),
    get("/when/2024-02-30T12:30:00Z"),
    get("/when/1700000000"),
    get("/day/2024-02-29"),
    get("/day/2023-02-29"),
    get("/at/12:30:15.250"),
    get("/for/P3DT12H30M5S"),
    get("/for/x"),
    get("/color/red"),
    get("/color/green"),
    get("/level/1"),
    get("/level/3"),
    get("/literal/a"),
    get("/literal/c"),
    get("/union/3"),
    get("/union/three"),
)
def rich_types(api):
    app = api.FastAPI()

    @app.get("/uuid/{value}")
    async def read_uuid(value: UUID):
        return value

    @app.get("/when/{value}")
    async def read_datetime(value: datetime):
        return value

    @app.get("/day/{value}")
    async def read_date(value: date):
        return value

    @app.get("/at/{value}")
    async def read_time(value: time):
        return value

    @app.get("/for/{value}")
    async def read_duration(value: timedelta):
        return value

    @app.get("/color/{value}")
    async def read_color(value: Color):
        return {"color": value, "is": isinstance(value, Color)}

    @app.get("/level/{value}")
    async def read_level(value: Level):
        return value

    @app.get("/literal/{value}")
    async def read_literal(value: Literal["a", "b"]):
        return value

    @app.get("/union/{value}")
    async def read_union(value: int | str):
        return value

    return app


@differential(
    get("/i/12"),
    get("/i/012"),
    get("/i/-12"),
    get("/i/1.5"),
    get("/f/1.5"),
    get("/f/1"),
    get("/f/1e5"),
    get("/u/0b8a0a5e-7f0e-4f4d-8a3a-0c1f7f3f8b11"),
    get("/u/0b8a0a5e7f0e4f4d8a3a0c1f7f3f8b11"),
    get("/u/zzz"),
    get("/files/a/b/c.txt"),
    get("/files/"),
    get("/files/a//b"),
    get("/files/%2e%2e/etc"),
    get("/s/one"),
    get("/s/one/two"),
    get("/hex/ff"),
    get("/hex/FF"),
    get("/hex/xyz"),
    get("/mix/1-two.json"),
    get("/mix/1-two.xml"),
    get("/dots/a.b"),
    get("/dots/aXb"),
    get("/i/99999999999999999999999"),
)
def convertors(api):
    app = api.FastAPI()

    @app.get("/i/{value:int}")
    async def as_int(value: int):
        return value

    @app.get("/f/{value:float}")
    async def as_float(value: float):
        return value

    @app.get("/u/{value:uuid}")
    async def as_uuid(value: UUID):
        return value

    @app.get("/files/{value:path}")
    async def as_path(value: str):
        return value

    @app.get("/s/{value:str}")
    async def as_str(value: str):
        return value

    @app.get("/hex/{value:hexnumber}")
    async def as_hex(value: int):
        return value

    @app.get("/mix/{number:int}-{word}.json")
    async def mixed(number: int, word: str):
        return [number, word]

    @app.get("/dots/a.b")
    async def literal_dot():
        return "dot"

    return app


@differential(
    get("/limits/5"),
    get("/limits/0"),
    get("/limits/11"),
    get("/limits/7"),
    get("/text/abc"),
    get("/text/ab"),
    get("/text/abcdefg"),
    get("/text/ABC"),
    get("/alias/3"),
    get("/choices/4"),
    get("/checked/even4"),
    get("/checked/4"),
    get("/two/1/2"),
    get("/two/x/y"),
    request("POST", "/two/1/2"),
    get("/default-factory/1"),
)
def constraints(api):
    app = api.FastAPI()

    def starts_even(value: str) -> str:
        if not value.startswith("even"):
            raise ValueError("must start with even")
        return value

    @app.get("/limits/{value}")
    async def limits(
        value: Annotated[int, api.Path(ge=1, lt=11, multiple_of=5, title="Limited", description="d")],
    ):
        return value

    @app.get("/text/{value}")
    async def text(value: str = api.Path(min_length=3, max_length=5, pattern="^[a-z]+$")):
        return value

    @app.get("/alias/{item-id}")
    async def alias(item_id: Annotated[int, api.Path(alias="item-id")]):
        return item_id

    @app.get("/choices/{second}")
    async def choices(value: Annotated[int, api.Path(validation_alias=AliasChoices("first", "second"))]):
        return value

    @app.get("/checked/{value}")
    async def checked(value: Annotated[str, AfterValidator(starts_even)]):
        return value

    @app.get("/two/{a}/{b}")
    async def two(b: int, a: int):
        return {"a": a, "b": b}

    @app.get("/default-factory/{value}")
    async def undocumented(value: Annotated[str, api.Path(include_in_schema=False, examples=["x"])]):
        return value

    return app
