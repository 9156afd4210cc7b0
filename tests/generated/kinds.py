"""The types of values: how they are annotated, what clients may send for them, what Python values they have."""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A type of value, for parameters, model fields and results."""

    annotation: str
    texts: tuple[str, ...]
    """What a client may write for it in a URL, a header, a cookie or a form; good and bad."""
    values: tuple[Any, ...]
    """What a client may send for it as JSON; good and bad."""
    constants: tuple[str, ...]
    """Python expressions of good values, for defaults and results."""
    constraints: tuple[str, ...] = ()
    """Keywords of `Field`, `Query` and the like that fit."""
    many: bool = False
    """Takes repeated values in a query, headers or a form."""

    def optional(self) -> "Kind":
        """The same or `None`."""
        return replace(
            self,
            annotation=f"{self.annotation} | None",
            values=(*self.values, None),
            constants=(*self.constants, "None"),
        )


_NUMBERS = ("gt=0", "ge=1", "lt=10", "le=5", "multiple_of=2", "gt=1, lt=4", "strict=True")
_TEXT = ("min_length=2", "max_length=3", "pattern='^[a-z]+$'", "min_length=1, max_length=2", "strict=True")

STR = Kind(
    "str",
    ("a", "", "x y", "é", "null", "1", "a,b", "%", "abc" * 20, "a\tb", "\x00", "😀"),
    ("a", "", 1, None, True, ["a"], "é😀", "a\nb", "\x00\x1f", '"\\', "\u2028", "\ud800", {"a": 1}),
    ("'a'", "''", "'é'", "'q\"uote'"),
    _TEXT,
)
INT = Kind(
    "int",
    (
        "1",
        "0",
        "-1",
        "+1",
        "1_000",
        "1.0",
        "1.5",
        "\u0661",
        " 1 ",
        "0x1",
        "9" * 30,
        "1e3",
        "true",
        "x",
        "",
        "007",
    ),
    (1, 0, -1, 1.0, 1.5, "2", "x", True, None, 2**63, -(2**64), 10**30, [1], 1e300),
    ("1", "0", "-5", "10 ** 20"),
    _NUMBERS,
)
FLOAT = Kind(
    "float",
    ("1.5", "1", "nan", "inf", "-Infinity", "1e400", "1_0.0", "x", "", "-0.0", "1e-7", ".5", "5."),
    (1.5, 1, "1.5", "nan", -0.0, 1e22, 5e-324, 1e400, None, True, "x"),
    ("1.5", "0.0", "1e22", "-0.0", "1e-7"),
    (*_NUMBERS[:4], "allow_inf_nan=False"),
)
BOOL = Kind(
    "bool",
    ("true", "TRUE", "on", "off", "yes", "n", "0", "1", "2", "", "t", "False"),
    (True, False, 1, 0, "on", 2, None, 1.0, "x"),
    ("True", "False"),
)
DECIMAL = Kind(
    "Decimal",
    ("1.10", "1e5", "NaN", "Infinity", "x", "", "1" * 40, "-0"),
    (1, 1.5, "1.10", "x", None, True, 1e22),
    ("Decimal('1.10')", "Decimal('1')", "Decimal('1E+5')"),
    ("max_digits=3", "decimal_places=1", "gt=0"),
)
UUID_ = Kind(
    "UUID",
    (
        "12345678-1234-5678-1234-567812345678",
        "12345678123456781234567812345678",
        "x",
        "",
        "{12345678-1234-5678-1234-567812345678}",
    ),
    ("12345678-1234-5678-1234-567812345678", 1, None, "urn:uuid:12345678-1234-5678-1234-567812345678"),
    ("UUID('12345678-1234-5678-1234-567812345678')",),
)
DATETIME = Kind(
    "datetime",
    (
        "2024-01-02T03:04:05Z",
        "2024-01-02",
        "1700000000",
        "2024-01-02 03:04:05.678+01:00",
        "x",
        "2024-13-01T00:00",
    ),
    ("2024-01-02T03:04:05Z", 1700000000, "2024-01-02", 1.5, None, "x", True),
    ("datetime(2024, 1, 2, 3, 4, 5)", "datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc)"),
)
DATE = Kind(
    "date",
    ("2024-01-02", "2024-01-02T00:00:00", "2024-01-02T01:00:00", "86400", "x"),
    ("2024-01-02", 86400, 1, None, "x"),
    ("date(2024, 1, 2)",),
)
TIME = Kind("time", ("03:04", "03:04:05.5Z", "25:00", "x"), ("03:04", 60, None, "x"), ("time(3, 4)",))
DELTA = Kind(
    "timedelta",
    ("P1DT2H", "3600", "1.5", "x", "-PT1S"),
    ("P1D", 1.5, None, "x", 3600),
    ("timedelta(seconds=1.5)", "timedelta(days=-1)"),
)
BYTES = Kind(
    "bytes", ("a", "", "é"), ("a", "é", 1, None, ""), ("b'a'", "b''"), ("min_length=2", "max_length=1")
)
COLOR = Kind("Color", ("red", "blue", "RED", ""), ("red", "x", 1, None), ("Color.red", "Color.blue"))
LEVEL = Kind("Level", ("1", "2", "3", "low"), (1, 2, 3, "1", None, 1.0), ("Level.low", "Level.high"))
LITERAL = Kind("Literal['a', 'b', 1]", ("a", "b", "1", "c"), ("a", 1, True, "1", "c", None), ("'a'", "1"))
INT_STR = Kind("int | str", ("1", "x", "1.5", ""), (1, "1", "x", None, 1.5, []), ("1", "'a'"))
STR_INT = Kind("str | int", ("1", "x"), (1, "1", None, True), ("1", "'a'"))
FLOAT_BOOL = Kind("Union[float, bool]", ("1", "true", "x"), (1, True, "on", None), ("1.0", "True"))
ANY = Kind(
    "Any", ("a", "1"), (1, "a", None, [1, {"a": None}], {"a": [1.5, True]}, 1e400), ("1", "'a'", "[1, 'a']")
)
STRIPPED = Kind("Stripped", (" a ", "a", ""), (" a ", 1, None), ("'a'",))
EVEN = Kind("Even", ("2", "3", "x"), (2, 3, "4", None), ("2",))
NAME = Kind("Name", ("a", "1"), ("a", 1, None), ("Name('a')",))
ADDRESS = Kind(
    "IPv4Address", ("127.0.0.1", "1.2.3", "x"), ("127.0.0.1", 1, None), ("IPv4Address('127.0.0.1')",)
)
FILE_PATH = Kind("PurePosixPath", ("/a/b", "a"), ("/a", 1, None), ("PurePosixPath('/a')",))
SECRET = Kind("SecretStr", ("a", ""), ("a", 1, None), ("SecretStr('a')",))
URL = Kind(
    "HttpUrl", ("http://a.b", "http://é.com/x?y", "x"), ("http://a.b/c", 1, None), ("HttpUrl('http://a.b')",)
)

SCALARS: tuple[Kind, ...] = (
    STR, INT, FLOAT, BOOL, DECIMAL, UUID_, DATETIME, DATE, TIME, DELTA, BYTES, COLOR, LEVEL, LITERAL, INT_STR,
    STR_INT, FLOAT_BOOL, STRIPPED, EVEN, NAME, ADDRESS, SECRET, URL,
)  # fmt: skip
"""What any parameter can be."""

COMMON: tuple[Kind, ...] = (STR, INT, FLOAT, BOOL)


def listed(item: Kind, form: str = "list[{}]") -> Kind:
    """A sequence of `item`."""
    good, bad = item.values[:2], item.values[2:]
    return Kind(
        form.format(item.annotation),
        item.texts,
        (list(good), [], [*good, *good], *([*good, value] for value in bad), good[0], None, {"a": 1}),
        (f"[{item.constants[0]}]", "[]") if form.startswith("list") else ("()",),
        ("min_length=1", "max_length=1", "min_length=1, max_length=2"),
        many=True,
    )


SEQUENCES: tuple[Kind, ...] = (
    *(listed(kind) for kind in (STR, INT, FLOAT, COLOR, UUID_, INT_STR, BYTES)),
    listed(INT, "set[{}]"),
    listed(STR, "tuple[{}, ...]"),
    listed(INT, "frozenset[{}]"),
    listed(STR, "Sequence[{}]"),
    listed(INT, "deque[{}]"),
    Kind("list", ("a", "1"), ([1, "a"], [], None, "a"), ("[1]",), many=True),
    Kind("tuple[int, str]", ("1", "a"), ([1, "a"], [1], ["a", "a"], None), ("(1, 'a')",), many=True),
)

STRUCTURES: tuple[Kind, ...] = (
    ANY,
    Kind("dict", (), ({}, {"a": 1}, [], None), ("{'a': 1}", "{}")),
    Kind("dict[str, int]", (), ({"a": 1}, {"a": "x"}, {}, None, [1], {"é": 2}), ("{'a': 1}", "{}")),
    Kind("dict[int, float]", (), ({"1": 1.5}, {"x": 1}, {"1": None}), ("{1: 1.5}",)),
    Kind("Point", (), ({"x": 1, "y": 2.5}, {"x": 1}, {"x": "a", "y": 1}, None, [1, 2]), ("Point(1, 2.5)",)),
    Kind("Movie", (), ({"name": "a"}, {"name": "a", "year": 1}, {"year": 1}, None), ("Movie(name='a')",)),
    Kind("Pair", (), ([1, "a"], {"left": 1, "right": "a"}, [1], None), ("Pair(1, 'a')",)),
    Kind("list[dict[str, Any]]", (), ([{}], [{"a": [1]}], {}, None, [1]), ("[{'a': 1}]",)),
    Kind(
        "Pet", (), ({"kind": "cat", "lives": 9}, {"kind": "dog"}, {"kind": "x"}, {}, None), ("Cat(lives=3)",)
    ),
    Kind(
        "Cat | Dog",
        (),
        ({"kind": "cat", "lives": 9}, {"kind": "dog", "name": "a"}, {}, None),
        ("Dog(name='a')",),
    ),
    Kind("Numbers", (), ([1, 2], [1, "x"], None, {}), ("Numbers([1])",)),
    Kind(
        "Tree", (), ({"n": 1, "kids": [{"n": 2, "kids": []}]}, {"n": 1, "kids": [{}]}, None), ("Tree(n=1)",)
    ),
)
"""What only a body or a result can be."""
