"""Response models written without pydantic: the same bytes, or nothing."""

# mypy: ignore-errors
import asyncio
import enum
import gc
import itertools
import warnings
import weakref
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    SerializeAsAny,
    TypeAdapter,
    WrapValidator,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic.fields import FieldInfo
from tests.both import ask

from ferroapi import FastAPI
from ferroapi._compat import ModelField
from ferroapi._compiled.model_writer import model_writer
from ferroapi._core import ModelWriter

T = TypeVar("T")


def field_of(annotation: Any, **config: Any) -> ModelField:
    return ModelField(
        field_info=FieldInfo(annotation=annotation),
        name="response",
        mode="serialization",
        config=ConfigDict(**config) if config else None,
    )


def writer_of(annotation: Any, **flags: Any):
    return model_writer(field_of(annotation), {"by_alias": True, **flags})


def by_pydantic(annotation: Any, value: Any, **flags: Any) -> bytes:
    return TypeAdapter(annotation).serializer.to_json(value, **{"by_alias": True, **flags})


# Kinds of values


class Leaf(BaseModel):
    text: str
    number: int = 3
    ratio: float | None = None


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    flag: bool
    nothing: None = None
    at: datetime
    day: date | None = None
    leaf: Leaf
    leaves: list[Leaf] = []
    named: dict[str, Leaf] = {}
    words: list[str] = Field(default_factory=list)
    anything: Any = None
    loose: list = []
    table: dict[str, Any] = {}


texts = st.text(max_size=8)
zones = st.one_of(
    st.none(),
    st.just(UTC),
    st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]).map(ZoneInfo),
    st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-01T00:00:00-07:15"]).map(
        lambda text: TypeAdapter(datetime).validate_python(text).tzinfo
    ),
)
moments = st.datetimes(timezones=zones, allow_imaginary=False)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
leaves = st.builds(
    Leaf, text=texts, number=st.integers(-(2**70), 2**70), ratio=st.one_of(st.none(), st.floats())
)
tame_leaves = st.builds(
    Leaf,
    text=texts,
    number=st.integers(-(2**63), 2**63 - 1),
    ratio=st.one_of(st.none(), st.floats(1e-4, 9e15), st.floats(-9e15, -1e-4)),
)


def trees(leaf: Any) -> Any:
    return st.builds(
        Tree,
        flag=st.booleans(),
        at=moments,
        day=st.one_of(st.none(), st.dates()),
        leaf=leaf,
        leaves=st.lists(leaf, max_size=3),
        named=st.dictionaries(texts, leaf, max_size=3),
        words=st.lists(texts, max_size=3),
        anything=anything,
        loose=st.lists(anything, max_size=2),
        table=st.dictionaries(texts, anything, max_size=2),
    )


TREE = {none: writer_of(Tree, exclude_none=none) for none in (False, True)}


@pytest.mark.parametrize("exclude_none", TREE)
@settings(max_examples=400, deadline=None)
@given(tree=trees(leaves))
def test_the_bytes_are_pydantics_or_there_are_none(tree: Tree, exclude_none: bool) -> None:
    written = TREE[exclude_none].write(tree)
    if written is not None:
        assert written == by_pydantic(Tree, tree, exclude_none=exclude_none)


@given(leaf=st.lists(tame_leaves, max_size=4))
def test_ordinary_values_are_written(leaf: list[Leaf]) -> None:
    written = writer_of(list[Leaf]).write(leaf)
    assert written is not None
    assert written == by_pydantic(list[Leaf], leaf)


@given(at=moments)
@example(at=datetime(1, 1, 1))
@example(at=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
def test_moments_are_written(at: datetime) -> None:
    written = writer_of(list[datetime]).write([at])
    offset = at.utcoffset()
    assert written == by_pydantic(list[datetime], [at]) or (offset and offset.seconds % 60)


@given(day=st.dates())
def test_days_are_written(day: date) -> None:
    assert writer_of(list[date]).write([day]) == by_pydantic(list[date], [day])


@given(number=st.floats())
@example(number=0.0)
@example(number=-0.0)
@example(number=1e-4)
@example(number=0.00009999999999999999)
@example(number=9007199254740993.0)
@example(number=1e16)
def test_a_float_has_pydantics_digits(number: float) -> None:
    for annotation in (list[float], list[Any]):
        written = writer_of(annotation).write([number])
        if 1e-4 <= abs(number) < 1e16 or number == 0:
            assert written == by_pydantic(annotation, [number])
        else:
            assert written is None


@given(value=st.dictionaries(st.one_of(texts, st.integers(), st.none(), st.booleans()), texts, max_size=3))
def test_only_strings_are_keys(value: dict[Any, str]) -> None:
    written = writer_of(dict[str, str]).write(value)
    if all(type(key) is str for key in value):
        assert written == by_pydantic(dict[str, str], value)
    else:
        assert written is None


# What is not as the schema expects it


class Text(str):
    pass


class Number(int):
    pass


class Sub(Leaf):
    more: int = 1


class Zone(timezone.__base__):
    def utcoffset(self, at):
        return timedelta(hours=1)

    def tzname(self, at):
        return "zone"

    def dst(self, at):
        return None


class Color(enum.StrEnum):
    RED = "red"


class Mood(enum.StrEnum):
    RED = "red"


class Pairs(enum.Enum):
    ONE = (1, 2)


class Moment(datetime):
    pass


def changed(leaf: Leaf, **members: Any) -> Leaf:
    vars(leaf).update(members)
    return leaf


def without(name: str) -> Leaf:
    leaf = Leaf(text="a")
    delattr(leaf, name)
    return leaf


def reordered() -> Leaf:
    leaf = Leaf(text="a")
    vars(leaf)["text"] = vars(leaf).pop("text")
    return leaf


def cyclic() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


ODD: dict[str, tuple[Any, Any]] = {
    "string of another class": (list[str], [Text("a")]),
    "member of an enum": (list[str], [Color.RED]),
    "integer of another class": (list[int], [Number(1)]),
    "bool for an integer": (list[int], [True]),
    "integer for a bool": (list[bool], [1]),
    "integer for a float": (list[float], [1]),
    "large integer": (list[int], [2**63]),
    "not a number": (list[float], [float("nan")]),
    "lone surrogate": (list[str], ["\ud800"]),
    "none where none is expected": (list[str], [None]),
    "tuple for a list": (list[str], ("a",)),
    "dict for a model": (Leaf, {"text": "a"}),
    "subclass of the model": (list[Leaf], [Sub(text="a")]),
    "wrong type": (Leaf, Leaf.model_construct(text=3)),
    "member too many": (Leaf, changed(Leaf(text="a"), other=1)),
    "member too few": (Leaf, without("number")),
    "another member": (Leaf, changed(without("number"), other=1)),
    "date for a moment": (list[datetime], [date(2024, 1, 2)]),
    "moment for a date": (list[date], [datetime(2024, 1, 2)]),
    "moment of another class": (list[datetime], [Moment(2024, 1, 2)]),
    "time zone of the user's": (list[datetime], [datetime(2024, 1, 2, tzinfo=Zone())]),
    "offset with seconds": (list[datetime], [datetime(2024, 1, 2, tzinfo=timezone(timedelta(seconds=61)))]),
    "cycle": (list[Any], cyclic()),
    "set": (list[Any], [{1}]),
    "other literal": (list[Literal["a"]], ["b"]),
    "value of a member": (list[Color], ["red"]),
    "member of another enum": (list[Color], [Mood.RED]),
    "member whose value is no JSON": (list[Pairs], [Pairs.ONE]),
    "text of a UUID": (list[UUID], [str(UUID(int=7))]),
    "float for a decimal": (list[Decimal], [1.5]),
    "none of several kinds": (list[int | str], [1.5]),
    "model for anything": (list[Any], [Leaf(text="a")]),
    "key of another class": (dict[str, int], {Text("a"): 1}),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_not_as_expected_is_left_to_pydantic(name: str) -> None:
    annotation, value = ODD[name]
    assert writer_of(annotation).write(value) is None


def test_members_in_another_order_are_left_to_pydantic() -> None:
    assert writer_of(Leaf).write(reordered()) is None


def test_deep_values_are_written_up_to_a_depth() -> None:
    for depth, is_written in ((60, True), (70, False)):
        value: Any = []
        for _ in range(depth):
            value = [value]
        written = writer_of(list[Any]).write(value)
        assert (written == by_pydantic(list[Any], value)) is is_written


# Kinds of scalars that others make a text of


class Size(enum.Enum):
    SMALL = 1
    LARGE = "l\u00e9"
    ODD = (1, 2)


class Named(enum.Enum):
    A = "a"

    @property
    def value(self) -> str:
        return self._value_.upper()


class Item(BaseModel):
    key: UUID
    price: Decimal
    color: Color
    size: Size | None = None
    named: Named = Named.A
    state: Literal["new", "old"] = "new"
    either: int | str | float | Leaf | datetime | UUID | None = None


items = st.builds(
    Item,
    key=st.uuids(),
    price=st.decimals(allow_nan=False, allow_infinity=False),
    color=st.sampled_from(Color),
    size=st.sampled_from([None, *Size]),
    state=st.sampled_from(["new", "old"]),
    either=st.one_of(st.none(), st.integers(), texts, st.floats(), leaves, moments, st.uuids()),
)
ITEM = {
    flags: writer_of(Item, exclude_none=flags[0], exclude_unset=flags[1])
    for flags in itertools.product([False, True], repeat=2)
}


@pytest.mark.parametrize("flags", ITEM)
@settings(max_examples=300, deadline=None)
@given(item=items)
def test_scalars_of_many_kinds(item: Item, flags: tuple[bool, bool]) -> None:
    written = ITEM[flags].write(item)
    if written is not None:
        none, unset = flags
        assert written == by_pydantic(Item, item, exclude_none=none, exclude_unset=unset)


def test_an_ordinary_item_is_written() -> None:
    item = Item(
        key=UUID(int=7), price=Decimal("1.10"), color=Color.RED, size=Size.LARGE, either=Leaf(text="a")
    )
    for (none, unset), writer in ITEM.items():
        assert writer.write(item) == by_pydantic(Item, item, exclude_none=none, exclude_unset=unset)


def test_unset_fields_are_left_out_on_all_levels() -> None:
    tree = Tree(flag=True, at=datetime(2024, 1, 2), leaf=Leaf(text="a"), leaves=[Leaf(text="b", number=3)])
    written = writer_of(Tree, exclude_unset=True).write(tree)
    assert written == by_pydantic(Tree, tree, exclude_unset=True)
    assert b"words" not in written


# Which schemas have a writer


class Aliased(BaseModel):
    first: str = Field(alias='fir"st')
    second: str = Field(validation_alias=AliasChoices("a", "b"), default="x")
    third: str = Field(serialization_alias="3rd", default="\u00e9")


class Validated(BaseModel):
    a: Annotated[str, AfterValidator(lambda value: value)] = "a"
    b: Annotated[str, BeforeValidator(lambda value: value)] = "b"
    c: Annotated[str, WrapValidator(lambda value, handler: handler(value))] = "c"
    d: int = 4

    @field_validator("d")
    def check(cls, value):
        return value

    @model_validator(mode="before")
    @classmethod
    def before(cls, value):
        return value

    @model_validator(mode="after")
    def after(self):
        return self

    @model_validator(mode="wrap")
    @classmethod
    def around(cls, value, handler):
        return handler(value)


class Private(BaseModel):
    a: int = 1
    _b: int = 2


class Box(BaseModel, Generic[T]):
    content: T


class Pair(BaseModel):
    left: Leaf
    right: Leaf


class Node(BaseModel):
    children: list["Node"] = []


class Frozen(BaseModel, frozen=True):
    a: Annotated[int, Field(ge=1)] = 1


class Renamed(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)
    a: int = Field(alias="b")


WRITTEN: dict[str, tuple[Any, Any]] = {
    "aliases": (Aliased, Aliased(**{'fir"st': "1"})),
    "alias by configuration": (Renamed, Renamed(a=1)),
    "validators": (Validated, Validated()),
    "private attributes": (Private, Private()),
    "generic": (Box[int], Box[int](content=1)),
    "generic of a model": (Box[Leaf], Box[Leaf](content=Leaf(text="a"))),
    "model twice": (Pair, Pair(left=Leaf(text="a"), right=Leaf(text="b"))),
    "frozen": (Frozen, Frozen()),
    "nullable": (Leaf | None, Leaf(text="a")),
    "none": (Leaf | None, None),
    "bare list": (list, ["a", 1, None, {"a": [True]}]),
    "constructed": (Leaf, Leaf.model_construct(text="a")),
    "copied": (Leaf, Leaf(text="a").model_copy(update={"text": "b"})),
}


@pytest.mark.parametrize("by_alias", [True, False])
@pytest.mark.parametrize("name", WRITTEN)
def test_schemas_with_a_writer(name: str, by_alias: bool) -> None:
    annotation, value = WRITTEN[name]
    written = writer_of(annotation, by_alias=by_alias).write(value)
    assert written == by_pydantic(annotation, value, by_alias=by_alias)


class Computed(BaseModel):
    @computed_field
    @property
    def a(self) -> int:
        return 1


class FieldSerialized(BaseModel):
    a: int

    @field_serializer("a")
    def write(self, value):
        return str(value)


class ModelSerialized(BaseModel):
    a: int

    @model_serializer
    def write(self):
        return {}


class Open(BaseModel, extra="allow"):
    a: int


class Excluded(BaseModel):
    a: int = Field(exclude=True)


class ExcludedIf(BaseModel):
    a: int = Field(exclude_if=bool)


class Configured(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")
    a: float


class OwnDict(BaseModel):
    a: int

    @property
    def __dict__(self):
        return {"a": 5}


class OwnLookup(BaseModel):
    a: int

    def __getattribute__(self, name):
        return {"a": 5} if name == "__dict__" else super().__getattribute__(name)


@pydantic_dataclass
class Data:
    a: int


NOT_WRITTEN: dict[str, Any] = {
    "string": str,
    "nothing but anything": Any,
    "computed field": Computed,
    "field serializer": FieldSerialized,
    "model serializer": ModelSerialized,
    "serializer in the annotation": list[Annotated[int, PlainSerializer(str)]],
    "any subclass": list[SerializeAsAny[Leaf]],
    "extra members": Open,
    "excluded field": Excluded,
    "field that is excluded at times": ExcludedIf,
    "configuration of the writer": Configured,
    "root model": RootModel[list[int]],
    "recursive model": Node,
    "union of what may be taken for each other": list[date | datetime],
    "union of lists": list[int] | list[str],
    "literal of a number": list[Literal["a", 1]],
    "literal of a member": list[Literal[Color.RED]],
    "tuple": tuple[int, str],
    "set": set[int],
    "keys of another kind": dict[int, int],
    "dataclass": Data,
    "dict of its own": OwnDict,
    "look-up of its own": OwnLookup,
}


@pytest.mark.parametrize("name", NOT_WRITTEN)
def test_schemas_without_a_writer(name: str) -> None:
    assert writer_of(NOT_WRITTEN[name]) is None


@pytest.mark.parametrize(
    "flags",
    [
        {"exclude_defaults": True},
        {"include": {"text"}},
        {"exclude": {"text"}},
        {"by_alias": None},
    ],
    ids=str,
)
def test_other_flags_are_pydantics(flags: dict[str, Any]) -> None:
    assert writer_of(Leaf, **flags) is None


def test_configured_fields_are_pydantics() -> None:
    assert model_writer(field_of(list[float], ser_json_inf_nan="strings"), {"by_alias": True}) is None


# Responses


def test_a_response_that_is_left_to_pydantic_has_its_bytes_and_warnings() -> None:
    app = FastAPI()

    @app.get("/")
    async def wrong() -> list[Leaf]:
        return [Leaf(text="a"), Leaf.model_construct(text=3, number=1, ratio=None)]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = asyncio.run(ask(app, "/"))
    one, other = ({"text": "a", "number": 3, "ratio": None}, {"text": 3, "number": 1, "ratio": None})
    assert answer == (200, [one, other])
    assert ["PydanticSerializationUnexpectedValue" in str(warning.message) for warning in caught] == [True]


def test_the_class_lives_no_longer_than_its_writer() -> None:
    class Local:
        def __init__(self) -> None:
            self.a = 1

    reference = weakref.ref(Local)
    Local.writer = ModelWriter(("model", (Local, [("a", "a", ("int", None))])))
    assert Local.writer.write(Local()) == b'{"a":1}'
    del Local
    gc.collect()
    assert reference() is None
