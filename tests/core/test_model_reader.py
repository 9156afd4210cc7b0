"""Bodies read without pydantic: the same models, or nothing."""

# mypy: ignore-errors
import gc
import json
import weakref
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

import pytest
from annotated_types import MultipleOf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ferroapi._compat import ModelField
from ferroapi._compiled.json_reader import json_reader
from ferroapi._core import ModelReader

T = TypeVar("T")


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=4)]
    number: Annotated[int, Field(ge=-5, lt=1000)] = 3
    ratio: float | None = None


class Tree(BaseModel):
    flag: bool
    nothing: None = None
    at: datetime | None = None
    day: date | None = None
    leaf: Leaf | None = Field(None, alias="l\u00e9af")
    leaves: list[Leaf] = []
    named: dict[str, Leaf] = {}
    words: list[str] = []
    even: Annotated[int, MultipleOf(2)] = 2
    code: Annotated[str, Field(pattern="^a*$")] = "a"
    anything: Any = None
    many: list[list[int]] = []
    large: int = 0


def reader_of(annotation: Any) -> Any:
    field = ModelField(field_info=FieldInfo(annotation=annotation), name="body", mode="validation")
    return json_reader(field)


def image(value: Any) -> Any:
    """Everything there is about a value."""
    if isinstance(value, BaseModel):
        members = [(name, image(member)) for name, member in vars(value).items()]
        more = value.__pydantic_fields_set__, value.__pydantic_extra__, value.__pydantic_private__
        return type(value), members, more
    if isinstance(value, list):
        return [image(item) for item in value]
    if isinstance(value, dict):
        return [(key, image(item)) for key, item in value.items()]
    if isinstance(value, datetime):
        return value.replace(tzinfo=None), value.utcoffset(), type(value.tzinfo)
    return type(value), repr(value)


def by_pydantic(annotation: Any, text: bytes) -> Any:
    try:
        return TypeAdapter(annotation).validator.validate_json(text)
    except ValidationError:
        return NotImplemented


def agrees(annotation: Any, text: bytes) -> bool:
    """Whether the text was read; in that case as pydantic reads it."""
    found = reader_of(annotation).read(text)
    if found is None:
        return False
    assert image(found) == image(by_pydantic(annotation, text))
    return True


TREE = reader_of(Tree)

# Texts

words = st.text(max_size=5)
leaves = st.fixed_dictionaries(
    {"text": st.text(min_size=1, max_size=4)},
    optional={"number": st.integers(-5, 999), "ratio": st.one_of(st.none(), st.floats(allow_nan=False))},
)
moments = st.datetimes().map(datetime.isoformat)
right = {
    "flag": st.booleans(),
    "nothing": st.none(),
    "at": st.one_of(
        st.none(),
        moments,
        moments.map("{}Z".format),
        st.just("2024-01-02T03:04:05.120Z"),
        st.just("2024-01-02T03:04Z"),
    ),
    "day": st.one_of(st.none(), st.dates().map(date.isoformat)),
    "l\u00e9af": st.one_of(st.none(), leaves),
    "leaves": st.lists(leaves, max_size=3),
    "named": st.dictionaries(words, leaves, max_size=2),
    "words": st.lists(words, max_size=3),
    "even": st.integers(-3, 3).map(lambda number: 2 * number),
    "code": st.sampled_from(["", "a", "aa"]),
    "anything": st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), words),
    "many": st.lists(st.lists(st.integers(-9, 9), max_size=2), max_size=2),
    "large": st.integers(-(2**65), 2**65),
}
ordinary = st.fixed_dictionaries(
    {"flag": right["flag"]}, optional={name: values for name, values in right.items() if name != "flag"}
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, *right.values()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(words, inner, max_size=2)),
    max_leaves=4,
)
keys = st.sampled_from([*right, "leaf", "other", "text"])


def dumped(value: Any, ascii_only: bool, spaces: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only, indent=1 if spaces else None).encode()


@settings(max_examples=400, deadline=None)
@given(ordinary, st.booleans(), st.booleans(), st.randoms())
def test_what_fits_is_read_as_pydantic_reads_it(
    tree: Any, ascii_only: bool, spaces: bool, random: Any
) -> None:
    items = list(tree.items())
    random.shuffle(items)
    agrees(Tree, dumped(dict(items), ascii_only, spaces))


@settings(max_examples=400, deadline=None)
@given(ordinary, st.dictionaries(keys, values, max_size=2), st.booleans())
def test_what_may_not_fit(tree: Any, changes: Any, ascii_only: bool) -> None:
    agrees(Tree, dumped({**tree, **changes}, ascii_only, False))


@settings(max_examples=400, deadline=None)
@given(ordinary, st.data())
def test_texts_that_are_damaged(tree: Any, data: Any) -> None:
    text = bytearray(dumped(tree, False, False))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(text) - 1))
        piece = data.draw(
            st.sampled_from(
                [b"", b",", b'"', b"}", b"]", b"{", b"0", b"-", b".", b"\\", b" ", b"\xff", b"\x01"]
            )
        )
        text[at : at + data.draw(st.integers(0, 1))] = piece
    agrees(Tree, bytes(text))


@given(
    st.lists(leaves.filter(lambda leaf: abs(leaf.get("ratio") or 0) < 1e300), min_size=1, max_size=3),
    st.booleans(),
)
@example([{"text": "\U0001f600\u00e9\u20aca", "number": 999, "ratio": 1.0}], True)
def test_ordinary_texts_are_read(leaf: Any, ascii_only: bool) -> None:
    assert agrees(list[Leaf], dumped(leaf, ascii_only, True))


ORDINARY = (
    b'{"flag": true, "at": "2024-01-02T03:04:05Z", "leaves": [{"text": "a"}], "named": {"b": {"text": "b"}}}'
)


def test_defaults_are_not_shared() -> None:
    one, other = TREE(b'{"flag": true}'), TREE(b'{"flag": true}')
    one.words.append("x")
    one.named["a"] = None
    assert (other.words, other.named) == ([], {})
    assert (Tree(flag=True).words, Tree.model_fields["words"].default) == ([], [])


def test_instances_can_be_used_as_any() -> None:
    tree = TREE(ORDINARY)
    assert tree.at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    tree.flag = False
    assert tree.model_copy(update={"even": 4}).even == 4
    assert Tree.model_validate_json(tree.model_dump_json(by_alias=True)) == tree
    assert tree.model_dump(exclude_unset=True).keys() == {"flag", "at", "leaves", "named"}
    with pytest.raises(AttributeError):
        tree.other  # noqa: B018


# What is left to pydantic


LEFT: dict[str, tuple[Any, bytes]] = {
    "number as text": (list[int], b'["1"]'),
    "float for an integer": (list[int], b"[1.0]"),
    "integer for a bool": (list[bool], b"[1]"),
    "bool for an integer": (list[int], b"[true]"),
    "long integer": (list[int], b"[1234567890123456789]"),
    "negative zero": (list[int], b"[-0]"),
    "infinity": (list[float], b"[1e999]"),
    "not a number": (list[float], b"[NaN]"),
    "lone surrogate": (list[str], rb'["\ud83d"]'),
    "surrogates in the wrong order": (list[str], rb'["\ude00\ud83d"]'),
    "half a pair": (list[str], rb'["\ud83d\u0041"]'),
    "unfinished pair": (list[str], rb'["\ud83d\"]'),
    "no such key": (Tree, b'{"flag": true, "other": 1}'),
    "key that is forbidden": (Leaf, b'{"text": "a", "other": 1}'),
    "key by the field's name": (Tree, b'{"flag": true, "leaf": null}'),
    "key with an escape": (Leaf, rb'{"te\u0078t": "a"}'),
    "key that comes twice": (Leaf, b'{"text": "a", "text": "b"}'),
    "key that is missing": (Leaf, b"{}"),
    "too short": (Leaf, b'{"text": ""}'),
    "too long": (Leaf, b'{"text": "abcde"}'),
    "out of bounds": (Leaf, b'{"text": "a", "number": 1000}'),
    "not a multiple": (Tree, b'{"flag": true, "even": 1}'),
    "no match": (Tree, b'{"flag": true, "code": "b"}'),
    "moment as a number": (list[datetime], b"[0]"),
    "moment with an offset": (list[datetime], b'["2024-01-02T03:04:05+01:00"]'),
    "moment with a space": (list[datetime], b'["2024-01-02 03:04:05"]'),
    "moment without seconds": (list[datetime], b'["2024-01-02T03:04Z"]'),
    "moment of many digits": (list[datetime], b'["2024-01-02T03:04:05.1234567Z"]'),
    "leap second": (list[datetime], b'["2024-01-02T03:04:60Z"]'),
    "no such day": (list[date], b'["2023-02-29"]'),
    "moment for a day": (list[date], b'["2024-01-02T00:00:00"]'),
    "null": (list[int], b"null"),
    "object for a list": (list[int], b"{}"),
    "something behind": (list[int], b"[] []"),
    "comma behind": (list[int], b"[1,]"),
    "no comma": (list[int], b"[1 2]"),
    "not closed": (list[int], b"[1"),
    "nothing": (list[int], b" "),
    "mark in front": (list[int], b"\xef\xbb\xbf[]"),
    "not UTF-8": (list[str], b'["\xff"]'),
    "control character": (list[str], b'["\n"]'),
    "other white space": (list[int], b"[\x0c1]"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_unusual_is_left_to_pydantic(name: str) -> None:
    annotation, text = LEFT[name]
    reader = reader_of(annotation)
    assert reader.read(text) is None
    expected = by_pydantic(annotation, text)
    if expected is NotImplemented:
        with pytest.raises(ValidationError):
            reader(text)
    else:
        assert image(reader(text)) == image(expected)


def test_deep_texts_are_left_to_pydantic() -> None:
    annotation: Any = int
    for _ in range(70):
        annotation = list[annotation]
    assert not agrees(annotation, b"[" * 70 + b"1" + b"]" * 70)
    assert reader_of(annotation)(b"[" * 70 + b"1" + b"]" * 70)


def test_other_objects_than_bytes_are_left_to_pydantic() -> None:
    assert TREE.read("{}") is None
    assert image(TREE(ORDINARY.decode())) == image(TREE(ORDINARY))


# Which schemas have a reader


class Box(BaseModel, Generic[T]):
    content: T


class Pair(BaseModel):
    left: Leaf
    right: Leaf


class Frozen(BaseModel, frozen=True):
    a: int = 1


READ: dict[str, tuple[Any, bytes]] = {
    "generic": (Box[int], b'{"content": 1}'),
    "model twice": (Pair, b'{"left": {"text": "a"}, "right": {"text": "b"}}'),
    "lists of lists": (list[list[bool]], b"[[true], [], [false]]"),
    "table": (list[dict[str, int]], b'[{"a": 1, "a": 2, "b": 3}]'),
}


@pytest.mark.parametrize("name", READ)
def test_schemas_with_a_reader(name: str) -> None:
    assert agrees(*READ[name])


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_name=True)
    a: int = Field(alias="b")


class OwnNew(BaseModel):
    a: int

    def __new__(cls, **kwargs: Any) -> Any:
        return super().__new__(cls)


class OddKey(BaseModel):
    a: int = Field(alias='b"c')


class OddDefault(BaseModel):
    a: list[int] = [1]


class Unshared(BaseModel):
    a: Any = object()


@pytest.mark.parametrize(
    "annotation",
    [
        ByName,
        OwnNew,
        OddDefault,
        OddKey,
        Unshared,
        list[dict[str, Annotated[list[int], Field(max_length=2)]]],
    ],
)
def test_schemas_without_a_reader(annotation: Any) -> None:
    reader = reader_of(annotation)
    assert not isinstance(reader, ModelReader)
    assert reader is not None


def test_the_class_lives_no_longer_than_its_reader() -> None:
    class Local:
        __slots__ = (
            "__dict__",
            "__pydantic_extra__",
            "__pydantic_fields_set__",
            "__pydantic_private__",
            "__weakref__",
        )

    reference = weakref.ref(Local)
    layout = ("model", (Local, [("a", "a", ("int", (0, 9)), ("refused", None))]))
    Local.reader = ModelReader(layout, json.loads, UTC)
    assert Local.reader(b'{"a": 1}').a == 1
    del Local, layout
    gc.collect()
    assert reference() is None


def test_a_class_that_cannot_be_made_is_left_to_pydantic() -> None:
    class Slotted:
        __slots__ = ()

    layout = ("model", (Slotted, [("a", "a", ("int", (0, 9)), ("refused", None))]))
    assert ModelReader(layout, json.loads, UTC)(b'{"a": 1}') == {"a": 1}
