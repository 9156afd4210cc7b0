"""`jsonable_encoder` against the reference: same results, same errors."""

import collections
import dataclasses
import datetime
import decimal
import enum
import ipaddress
import pathlib
import re
import types
import uuid
from typing import Any

import fastapi.encoders
import pytest
from pydantic import AnyUrl, BaseModel, Field, SecretStr
from pydantic_core import PydanticUndefined

import ferroapi.encoders
from ferroapi.encoders import jsonable_encoder


class Color(enum.Enum):
    RED = "red"
    RAW = object


class Level(enum.IntEnum):
    HIGH = 3


class Inner(BaseModel):
    when: datetime.datetime = datetime.datetime(2024, 1, 2)
    _hidden: int = 1


class Outer(BaseModel):
    inner: Inner = Inner()
    maybe: int | None = None
    named: int = Field(1, alias="Named")


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None
    _sa_state: int = 0


class Pairs:
    def __iter__(self) -> Any:
        return iter([("a", 1), ("_sa_x", 2), ("b", None)])


class Attributes:
    def __init__(self) -> None:
        self.a = 1
        self.b = Color.RED


class Text(str):
    __slots__ = ()


class Slots:
    __slots__ = ()


def numbers() -> Any:
    yield from (1, decimal.Decimal("1.0"))


VALUES: list[Any] = [
    None,
    True,
    1,
    1.5,
    "x",
    Text("y"),
    b"bytes",
    PydanticUndefined,
    Color.RED,
    Color.RAW,
    Level.HIGH,
    Outer(Named=2),
    Outer(maybe=None),
    [Outer(), {"o": Outer()}],
    Point(1),
    Point(1, Point(2)),
    {"a": None, "b": {"c": None}, "_sa_x": 1, 1: 2, Color.RED: 3, None: 4},
    {(1, 2): 3},
    {pathlib.PurePosixPath("/k"): {1}},
    [1, (2, [3]), frozenset([4]), collections.deque([5])],
    decimal.Decimal("1"),
    decimal.Decimal("1E+3"),
    decimal.Decimal("1.10"),
    decimal.Decimal("Infinity"),
    datetime.date(2024, 1, 2),
    datetime.time(1, 2, 3),
    datetime.timedelta(minutes=1.5),
    ipaddress.ip_address("127.0.0.1"),
    ipaddress.ip_network("::/8"),
    pathlib.Path("/a"),
    pathlib.PureWindowsPath("c:/a"),
    re.compile("x+"),
    SecretStr("s"),
    uuid.UUID(int=1),
    AnyUrl("http://a.b/"),
    Pairs(),
    Attributes(),
    types.SimpleNamespace(a=[1], b=None),
    types.MappingProxyType({"a": 1}),
    Slots(),
    Slots,
    Point,
    b"\xff",
    object(),
    complex(1, 2),
    memoryview(b"ab"),
]

OPTIONS: list[dict[str, Any]] = [
    {},
    {"include": {"a", "inner", "x"}},
    {"include": ["a"]},
    {"exclude": {"a", "named", "x"}},
    {"exclude": {"inner": {"when"}}},
    {"include": {"a", "b"}, "exclude": ("b",)},
    {"include": set()},
    {"include": 5},
    {"by_alias": False},
    {"exclude_unset": True},
    {"exclude_defaults": True},
    {"exclude_none": True},
    {"sqlalchemy_safe": False},
    {"custom_encoder": {int: lambda o: f"int {o}", Outer: lambda o: "outer"}},
    {"custom_encoder": {datetime.date: str, enum.Enum: repr, Point: str}},
]


def outcome(function: Any, value: Any, options: dict[str, Any]) -> Any:
    try:
        result = function(value, **options)
    except Exception as exc:
        return type(exc), str(exc)
    return repr(result)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "none")
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_same_as_reference(value: Any, options: dict[str, Any]) -> None:
    expected = outcome(fastapi.encoders.jsonable_encoder, value, options)
    assert outcome(jsonable_encoder, value, options) == expected


def test_generator_is_used_up_once() -> None:
    assert repr(jsonable_encoder(numbers())) == "[1, 1.0]"


def test_plain_values_keep_their_identity() -> None:
    text = Text("x")
    assert jsonable_encoder(text) is text


def test_encoders_by_type_may_be_extended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ferroapi.encoders.ENCODERS_BY_TYPE, Slots, lambda o: "slots")
    assert jsonable_encoder([Slots()]) == ["slots"]


def test_class_tuples_are_the_same() -> None:
    assert list(ferroapi.encoders.encoders_by_class_tuples.values()) == list(
        fastapi.encoders.encoders_by_class_tuples.values()
    )
    assert list(ferroapi.encoders.ENCODERS_BY_TYPE) == list(fastapi.encoders.ENCODERS_BY_TYPE)


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["list", "dict"])
def test_nests_as_deep_as_the_reference(wrap: Any) -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = wrap(value)
        return value

    def deepest(function: Any) -> int:
        low, high = 1, 2000
        while high - low > 1:
            middle = (low + high) // 2
            try:
                function(nested(middle))
            except RecursionError:
                high = middle
            else:
                low = middle
        return low

    assert deepest(jsonable_encoder) >= deepest(fastapi.encoders.jsonable_encoder) - 5


def test_pydantic_v1_models_are_refused() -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydantic import v1

        class Old(v1.BaseModel):
            a: int = 1

        with pytest.raises(ferroapi.exceptions.PydanticV1NotSupportedError) as ours:
            jsonable_encoder(Old())
        with pytest.raises(fastapi.exceptions.PydanticV1NotSupportedError) as expected:
            fastapi.encoders.jsonable_encoder(Old())
    assert str(ours.value) == str(expected.value)
