"""Fields that are declared alike share an adapter, and nothing else."""

import gc
from typing import Annotated, Any, Union
from weakref import ref

import pytest
from annotated_types import Ge
from pydantic import BaseModel

from ferroapi import Depends, FastAPI, Query
from ferroapi._shared_adapters import make_field
from ferroapi.params import Header
from ferroapi.params import Query as QueryInfo


class Item(BaseModel):
    name: str


def field(annotation: Any, default: Any = ..., **options: Any) -> Any:
    info = QueryInfo(default=default, annotation=annotation, alias="q", **options)
    return make_field(name="q", field_info=info, mode="validation")


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (int, ...),
        (int, 3),
        (str, "x"),
        (bool, True),
        (int | None, None),
        (list[str], ...),
        (Union[str, None], None),
    ],
)
def test_declared_alike(annotation: Any, default: Any) -> None:
    first, second = field(annotation, default), field(annotation, default)
    assert first._type_adapter is second._type_adapter
    assert first is not second
    assert first.field_info is not second.field_info
    assert list(vars(first)) == list(vars(second))
    assert second.default == first.default


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (field(int, 1), field(int, True)),
        (field(int | str), field(str | int)),
        (field(Union[int, str]), field(Union[str, int])),
        (field(int), field(str)),
        (field(int), field(int | None)),
        (field(int, ge=1), field(int, ge=1)),
        (field(Annotated[int, Ge(1)]), field(Annotated[int, Ge(1)])),
        (field(int, title="a"), field(int, title="b")),
        (field(float, 0.0), field(float, -0.0)),
        (field(Item), field(Item)),
        (field(list[Item]), field(list[Item])),
        (field(int, strict=True), field(int)),
    ],
)
def test_declared_otherwise(one: Any, other: Any) -> None:
    assert one._type_adapter is not other._type_adapter


def test_an_adapter_goes_with_its_fields() -> None:
    first = field(int, 987_654)
    adapter = ref(first._type_adapter)
    second = field(int, 987_654)
    del first
    gc.collect()
    assert adapter() is second._type_adapter
    del second
    gc.collect()
    assert adapter() is None


def test_routes_have_fields_of_their_own() -> None:
    app = FastAPI()

    def paging(limit: int = 100, token: Annotated[str | None, Query()] = None) -> None: ...

    for path in ("/a", "/b"):
        app.get(path, dependencies=[Depends(paging)])(lambda: None)
    first, second = (route.dependant.dependencies[0].query_params for route in app.routes[-2:])
    for one, other in zip(first, second, strict=True):
        assert one is not other
        assert one._type_adapter is other._type_adapter
    first[0].field_info.description = "changed"
    assert second[0].field_info.description is None


def test_a_patched_field_class_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from ferroapi._compat import ModelField

    field(int, 5)
    made = []
    original = ModelField.__post_init__

    def noticing(self: ModelField) -> None:
        made.append(self)
        original(self)

    monkeypatch.setattr(ModelField, "__post_init__", noticing)
    field(int, 5)
    assert len(made) == 1


def test_kind_of_parameter_does_not_matter_to_the_adapter() -> None:
    header = make_field(name="q", field_info=Header(default=3, annotation=int, alias="q"), mode="validation")
    query = field(int, 3)
    assert type(header.field_info) is not type(query.field_info)
    assert header._type_adapter is query._type_adapter
