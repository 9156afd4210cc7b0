"""Parameters whose values are made without pydantic: never another value than pydantic's, and its errors as ever."""

# mypy: ignore-errors
import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import StrictInt, StringConstraints, TypeAdapter, ValidationError
from tests.both import ask

from ferroapi import FastAPI, Query
from ferroapi._compat import ModelField
from ferroapi._compiled.plain import plain

ANNOTATIONS = {
    "text": str,
    "nullable": str | None,
    "integer": int,
    "bounded": Annotated[int, Query(ge=-5, lt=100)],
    "narrow": Annotated[int | None, Query(gt=0, le=2**63)],
}
TEXTS = st.one_of(
    st.text(max_size=5),
    st.integers(-(2**65), 2**65).map(str),
    st.integers(-7, 110).map(str),
    st.sampled_from(
        ["0", "-0", "00", "+1", " 1", "1 ", "1_0", "1.0", "-", "", "\u0661", "1e3", "0x1", "--1"]
    ),
    st.integers(10**16, 10**20).map(str),
)

app = FastAPI()


def declare(name: str, annotation: Any) -> None:
    @app.get(f"/{name}")
    async def show(value: annotation) -> Any:
        return [type(value).__name__, str(value)]

    @app.get(f"/{name}s")
    async def show_list(value: Annotated[list[annotation], Query()]) -> Any:
        return [[type(item).__name__, str(item)] for item in value]


for name, annotation in ANNOTATIONS.items():
    declare(name, annotation)


def expected(annotation: Any, value: Any) -> Any:
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError as error:
        return [(found["type"], found["msg"]) for found in error.errors()]


def shown(value: Any) -> Any:
    return [type(value).__name__, str(value)]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(list(ANNOTATIONS)), TEXTS)
@example("integer", str(2**63))
@example("narrow", str(2**63))
@example("bounded", "100")
def test_one_value(name: str, text: str) -> None:
    status, body = asyncio.run(ask(app, f"/{name}?value={quote(text)}"))
    wanted = expected(ANNOTATIONS[name], text)
    if status == 200:
        assert body == shown(wanted)
    else:
        assert [(found["type"], found["msg"]) for found in body["detail"]] == wanted


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(ANNOTATIONS)), st.lists(TEXTS, min_size=1, max_size=3))
def test_lists(name: str, texts: list[str]) -> None:
    query = "&".join(f"value={quote(text)}" for text in texts)
    status, body = asyncio.run(ask(app, f"/{name}s?{query}"))
    wanted = expected(list[ANNOTATIONS[name]], texts)
    if status == 200:
        assert body == [shown(item) for item in wanted]
    else:
        assert [(found["type"], found["msg"]) for found in body["detail"]] == wanted


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str, ("text", (0, 0))),
        (str | None, ("text", (0, 0))),
        (list[str], ("texts", (0, 0))),
        (list[str | None] | None, ("texts", (0, 0))),
        (int, ("integer", (-(2**63), 2**63 - 1))),
        (Annotated[int, Query(gt=1, lt=4)], ("integer", (2, 3))),
        (Annotated[int, Query(ge=2**70)], ("no", (0, 0))),
        (Annotated[int, Query(gt=1.0)], ("no", (0, 0))),
        (Annotated[int, Query(multiple_of=2)], ("no", (0, 0))),
        (StrictInt, ("no", (0, 0))),
        (list[int], ("no", (0, 0))),
        (Annotated[list[str], Query(min_length=1)], ("no", (0, 0))),
        (Annotated[str, StringConstraints(to_lower=True)], ("no", (0, 0))),
        (Annotated[str, Query(max_length=3)], ("no", (0, 0))),
        (int | str, ("no", (0, 0))),
        (set[str], ("no", (0, 0))),
        (float, ("no", (0, 0))),
        (bool, ("no", (0, 0))),
    ],
)
def test_what_is_plain(annotation: Any, kind: Any) -> None:
    probe = FastAPI()

    @probe.get("/")
    async def endpoint(value: Annotated[annotation, Query()]) -> None: ...

    (field,) = probe.routes[-1].dependant.query_params
    assert plain(field) == kind


def test_a_configuration_is_none_of_it() -> None:
    (field,) = app.routes[-2].dependant.query_params
    assert plain(field)[0] != "no"
    stripping = ModelField(
        field_info=field.field_info, name=field.name, config={"str_strip_whitespace": True}
    )
    assert plain(stripping) == ("no", (0, 0))


def test_a_plugin_of_pydantics_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    (field,) = app.routes[-2].dependant.query_params
    assert plain(field)[0] != "no"

    class Wrapper:
        def validate_python(self, value: Any, **keywords: Any) -> Any:
            return value

    monkeypatch.setattr(field._type_adapter, "validator", Wrapper())
    assert plain(field) == ("no", (0, 0))
