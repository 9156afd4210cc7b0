"""Path, query, header and cookie parameters: the same values and errors as the reference."""

from functools import cache
from typing import Annotated, Any, Literal

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, Json
from starlette.datastructures import Headers, MultiDict, QueryParams

from .sides import Side, both


class Filters(BaseModel):
    limit: int = Field(100, gt=0, le=100)
    tags: list[str] = []
    order_by: Literal["asc", "desc"] = "asc"


class Strict(Filters):
    model_config = ConfigDict(extra="forbid")
    needed: int


class Open(Filters):
    model_config = ConfigDict(extra="allow")


class Aliased(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    x_token: str = Field(alias="theToken")
    y_key: int = Field(1, validation_alias=AliasChoices("y", "why_not"))
    z_path: str = Field("z", validation_alias=AliasPath("deep", 0))


class NameOnly(BaseModel):
    model_config = ConfigDict(validate_by_alias=False, validate_by_name=True, extra="forbid")
    x_token: str = Field(alias="theToken")


class LocByName(BaseModel):
    model_config = ConfigDict(loc_by_alias=False)
    x_token: int


# What is declared, given the class of the source
DECLARATIONS: dict[str, Any] = {
    "int": lambda source: (Annotated[int, source()],),
    "int with default": lambda source: (Annotated[int, source(gt=3)], 5),
    "int or none": lambda source: (Annotated[int | None, source()], None),
    "bool": lambda source: (Annotated[bool, source()],),
    "list": lambda source: (Annotated[list[int], source()],),
    "list with default": lambda source: (Annotated[list[str], source()], ["d"]),
    "list or none": lambda source: (Annotated[list[str] | None, source()], None),
    "set": lambda source: (Annotated[set[int], source()], set()),
    "tuple": lambda source: (Annotated[tuple[int, str], source()],),
    "json": lambda source: (Annotated[Json[list[int]], source()],),
    "alias": lambda source: (Annotated[str, source(alias="other_name")],),
    "validation alias": lambda source: (Annotated[str, source(validation_alias="other_name")],),
    "alias choices": lambda source: (
        Annotated[int, source(validation_alias=AliasChoices("other_name", "value", "x-y"))],
    ),
    "default factory": lambda source: (Annotated[list[int], source(default_factory=lambda: [7])],),
    "validated default": lambda source: (Annotated[int, source(validate_default=True)], "12"),
    "invalid default": lambda source: (Annotated[int, source(validate_default=True)], "twelve"),
    "literal": lambda source: (Annotated[Literal["a", "b"], source()],),
    "plain default": lambda source: (str, source(default="x", min_length=2)),
    **{
        f"model {model.__name__}": lambda source, model=model: (Annotated[model, source()],)
        for model in (Filters, Strict, Open, Aliased, NameOnly, LocByName)
    },
    "model or none": lambda source: (Annotated[Filters | None, source()], None),
    "open model or none": lambda source: (Annotated[Open | None, source()], None),
    "strict model, optional": lambda source: (Annotated[Strict | None, source()],),
    "model, default": lambda source: (Annotated[Filters, source()], Filters(limit=3)),
}

PAIRS: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "one": [("value", "4")],
    "empty": [("value", ""), ("limit", ""), ("x_token", "")],
    "wrong": [("value", "four"), ("limit", "0"), ("needed", "n"), ("y", "n"), ("x-token", "n")],
    "repeated": [
        ("value", "1"),
        ("value", "2"),
        ("limit", "1"),
        ("limit", "2"),
        ("tags", "a"),
        ("tags", "b"),
    ],
    "json": [("value", "[1, 2]")],
    "names": [("other_name", "5"), ("other-name", "6"), ("x-y", "7")],
    "model": [("limit", "5"), ("tags", "a"), ("order_by", "desc"), ("order-by", "asc"), ("needed", "1")],
    "aliases": [("theToken", "t"), ("y", "1"), ("why_not", "2"), ("deep", "p")],
    "own names": [("x_token", "t"), ("x-token", "u"), ("y_key", "3"), ("y-key", "4"), ("z_path", "p")],
    "extras": [("needed", "1"), ("extra", "1"), ("extra", "2"), ("more", ""), ("Other_Name", "9")],
}

HEADER_VARIANTS = {
    "unconverted": lambda header: (Annotated[str, header(convert_underscores=False)],),
    "unconverted model": lambda header: (Annotated[Filters, header(convert_underscores=False)],),
    "unconverted strict": lambda header: (Annotated[NameOnly, header(convert_underscores=False)],),
}


def received(kind: str, pairs: list[tuple[str, str]]) -> Any:
    if kind == "query":
        return QueryParams(pairs)
    if kind == "header":
        return Headers(raw=[(name.lower().encode(), value.encode()) for name, value in pairs])
    return dict(pairs)


@cache
def fields_of(side: Side, kind: str, declare: Any) -> list[Any]:
    dependant = side.dependant(*declare(getattr(side, kind.title())))
    return getattr(dependant, f"{kind}_params")


def extract(kind: str, declare: Any, pairs: list[tuple[str, str]], params: Any = None) -> Any:
    source = received(kind, pairs) if params is None else params
    return both(lambda side: side.request_params_to_args(fields_of(side, kind, declare), source))


@pytest.mark.parametrize("pairs", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("declare", DECLARATIONS.values(), ids=DECLARATIONS)
@pytest.mark.parametrize("kind", ["query", "header", "cookie"])
def test_values_and_errors(kind: str, declare: Any, pairs: list[tuple[str, str]]) -> None:
    expected, actual = extract(kind, declare, pairs)
    assert actual == expected


@pytest.mark.parametrize("pairs", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("declare", HEADER_VARIANTS.values(), ids=HEADER_VARIANTS)
def test_headers_without_conversion(declare: Any, pairs: list[tuple[str, str]]) -> None:
    expected, actual = extract("header", declare, pairs)
    assert actual == expected


@pytest.mark.parametrize("source", [MultiDict([("value", "1"), ("value", "2")]), {"value": "3"}, {}])
@pytest.mark.parametrize("declared", ["list", "int", "model Open"])
def test_other_mappings(declared: str, source: Any) -> None:
    expected, actual = extract("query", DECLARATIONS[declared], [], source)
    assert actual == expected


@pytest.mark.parametrize("value", ["7", "seven", "", None])
@pytest.mark.parametrize(
    "annotation",
    [
        int,
        str,
        bool,
        Any,
        lambda p: Annotated[int, p.Path(ge=8)],
        lambda p: Annotated[str, p.Path(alias="other")],
    ],
)
def test_path_parameters(annotation: Any, value: str | None) -> None:
    def act(side: Side) -> Any:
        is_declaration = getattr(annotation, "__name__", "") == "<lambda>"
        declared = annotation(side.params) if is_declaration else annotation
        dependant = side.dependant(declared, path="/{value}/{other}")
        params = {} if value is None else {"value": value, "other": value}
        return side.request_params_to_args(dependant.path_params, params)

    expected, actual = both(act)
    assert actual == expected


def test_a_path_parameter_by_the_choice_in_the_path() -> None:
    def act(side: Side) -> Any:
        info = side.params.Path(validation_alias=AliasChoices("a", "b"))
        results = []
        for path in ("/{b}/{value}", "/{a}/{value}", "/{value}"):
            fields = side.dependant(Annotated[int, info], path=path).path_params
            results.append(side.request_params_to_args(fields, {"a": "1", "b": "2", "value": "3"}))
        return results

    expected, actual = both(act)
    assert actual == expected


def test_a_default_is_copied() -> None:
    def act(side: Side) -> Any:
        default: list[str] = []
        fields = side.dependant(Annotated[list[str], side.params.Query()], default).query_params
        values, _ = side.request_params_to_args(fields, QueryParams())
        return values["value"] is default

    assert both(act) == ("False", "False")


def test_a_field_of_another_kind_is_refused() -> None:
    def act(side: Side) -> Any:
        fields = side.dependant(Annotated[int, side.params.Body()]).body_params
        return side.request_params_to_args(fields, {})

    expected, actual = both(act)
    assert actual == expected
    assert "Params must be subclasses of Param" in actual
