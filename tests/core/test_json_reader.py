"""Bodies that are parsed and validated in one go: never another value than parsing first, and errors as ever."""

# mypy: ignore-errors
import datetime
import json
from typing import Annotated, Any

import pytest
from annotated_types import Ge, MaxLen
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator
from pydantic_core import ValidationError, from_json
from tests.both import Stories, ask


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: int = 0
    b: str | None = None


class Alike(BaseModel):
    whole: int | None = None
    number: float | None = None
    small: Annotated[int, Ge(2)] | None = None
    text: Annotated[str, MaxLen(3)] | None = None
    yes: bool | None = None
    at: datetime.datetime | None = None
    on: datetime.date | None = None
    anything: Any = None
    inner: Inner | None = Field(None, alias="in")
    items: list[int] = []
    inners: list[Inner] = []
    table: dict[str, float] = {}


NAMES = [field.alias or name for name, field in Alike.model_fields.items()]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["1", "1.0", "true", "no", "2024-02-29", "2024-05-06T07:08:09Z", "1e3", "nan", " 7 "]),
    st.sampled_from([0, 1, 2, 1.0, 1.5, 1e20, 86400, 1700000000, 1700000000.5, 17e11]),
)
KEYS = st.sampled_from([*NAMES, "a", "b", "inner", "other"])


def objects(values):
    """JSON objects as pairs, since a text may repeat a key."""
    return st.lists(st.tuples(KEYS, values), max_size=4).map(tuple)


VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | objects(inner), max_leaves=8)


def text(value):
    """`value` as JSON, pairs as an object."""
    if isinstance(value, tuple):
        return "{" + ",".join(f"{json.dumps(key)}:{text(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text, value)) + "]"
    return json.dumps(value)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(KEYS, VALUES), max_size=6).map(tuple))
def test_what_it_reads_is_what_the_long_way_makes(pairs: Any) -> None:
    validator = TypeAdapter(Alike).validator
    body = text(pairs).encode()
    try:
        read = validator.validate_json(body)
    except ValidationError:
        return
    expected = validator.validate_python(from_json(body), from_attributes=True)
    assert repr(read) == repr(expected)
    assert read.model_fields_set == expected.model_fields_set


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    a: int


class Coerced(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    a: str


class Checked(BaseModel):
    a: int

    @field_validator("a")
    @classmethod
    def check(cls, value):
        return value


class WithInit(BaseModel):
    a: int

    def __init__(self, **values):
        super().__init__(**values)


class PostInit(BaseModel):
    a: int

    def model_post_init(self, context):
        self.a += 1


class Made(BaseModel):
    a: list[int] = Field(default_factory=list)


class Recursive(BaseModel):
    inner: "Recursive | None" = None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


@pytest.mark.parametrize(
    ("annotation", "alike"),
    [
        (Alike, True),
        (list[Alike], True),
        (list[int], True),
        (Alike | None, False),
        (set[int], False),
        (dict[int, int], False),
        (Strict, False),
        (Coerced, False),
        (Checked, False),
        (WithInit, False),
        (PostInit, False),
        (Made, False),
        (Recursive, False),
        (Open, False),
        (list[bytes], False),
    ],
)
def test_which_schemas_are_read(annotation: Any, alike: bool) -> None:
    from ferroapi import FastAPI

    app = FastAPI()

    @app.post("/")
    async def create(body: annotation): ...

    [route] = [route for route in app.routes if route.path == "/"]
    from ferroapi._compiled.json_reader import json_reader

    assert (json_reader(route.body_field) is not None) is alike


stories = Stories()


@stories
async def errors_and_effects_are_the_same(api, log):
    app = api.FastAPI(openapi_url=None)

    def dependency(q: int = 0):
        log("dependency", q)
        if q == 2:
            raise api.HTTPException(418)

    @app.exception_handler(api.exceptions.RequestValidationError)
    async def invalid(request, error):
        log(error.body, error.errors())
        return api.responses.JSONResponse(None, 400)

    @app.post("/", dependencies=[api.Depends(dependency)])
    async def create(item: Alike, request: api.Request):
        log(repr(item), await request.json(), await request.body())
        return item

    bodies = (
        b'{"whole": 1}',
        b'{"whole": "x"}',
        b"null",
        b"",
        b"[]",
        b"{",
        b'{"number": NaN}',
        b'{"text": "\xff"}',
    )
    for query in ("", "?q=1", "?q=2", "?q=x"):
        for body in (*bodies, '{"whole": 2}'.encode("utf-16")):
            log(
                query,
                body,
                await ask(
                    app, "/" + query, method="POST", body=body, headers=[("content-type", "application/json")]
                ),
            )


@stories
async def the_parser_is_replaced(api, log):
    app = api.FastAPI(openapi_url=None)

    @app.post("/")
    async def create(item: Alike):
        return item.whole

    def loads(text, **_):
        log("loads", bytes(text))
        return {"whole": 7}

    log(await ask(app, "/", method="POST", body={"whole": 1}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json, "loads", loads)
        found = await ask(app, "/", method="POST", body={"whole": 1})
    log(found)


test_same_story = stories.test()
