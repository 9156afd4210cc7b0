"""What stands between the package and Pydantic, against the reference."""

import collections
import dataclasses
import enum
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Optional, Union

import fastapi._compat
import fastapi._compat.v2
import pytest
from fastapi.params import Query as ReferenceQuery
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    PydanticSchemaGenerationError,
    computed_field,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from starlette.datastructures import UploadFile

from ferroapi import _compat, params
from ferroapi._compat import shared, v2
from ferroapi._compat.v2 import ModelField


class Kind(enum.Enum):
    A = "a"


class Leaf(BaseModel):
    """What clients see.\fWhat they do not."""

    model_config = ConfigDict(str_strip_whitespace=True)
    raw: bytes = b""
    kind: Kind = Kind.A


class Tree(BaseModel):
    leaves: list[Leaf]
    parent: Optional["Tree"] = None


class Computed(BaseModel):
    leaf: Leaf

    @computed_field
    @property
    def size(self) -> int:
        return 1


@dataclasses.dataclass
class Data:
    x: int


ANNOTATIONS: list[Any] = [
    int,
    str,
    bytes,
    None,
    Any,
    ...,
    list,
    list[int],
    list[Leaf],
    list[list[int]],
    tuple[int, ...],
    tuple[bytes, UploadFile],
    set[str],
    frozenset[bytes],
    collections.deque[int],
    Sequence[int],
    Mapping[str, int],
    dict[str, int],
    Leaf,
    Data,
    Kind,
    Json[list[int]],
    UploadFile,
    list[UploadFile],
    list[bytes],
    list[bytes | None],
    int | None,
    list[int] | None,
    list[int] | int,
    list[int] | Leaf,
    Union[bytes, None],  # noqa: UP007
    Optional[UploadFile],  # noqa: UP045
    list[bytes] | list[UploadFile],
    Annotated[list[int], "x"],
    Annotated[int | None, "x"],
    Literal["a"],
    type,
    "forward",
]

PREDICATES = [
    "field_annotation_is_sequence",
    "field_annotation_is_complex",
    "field_annotation_is_scalar",
    "field_annotation_is_scalar_sequence",
    "is_bytes_or_nonable_bytes_annotation",
    "is_uploadfile_or_nonable_uploadfile_annotation",
    "is_bytes_sequence_annotation",
    "is_uploadfile_sequence_annotation",
    "annotation_is_pydantic_v1",
]


@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
def test_annotations(annotation: Any, predicate: str) -> None:
    expected = getattr(fastapi._compat.shared, predicate)(annotation)
    assert getattr(shared, predicate)(annotation) == expected


@pytest.mark.parametrize("value", [[], (), set(), collections.deque(), "x", b"x", {}, 1, None])
def test_values(value: Any) -> None:
    assert shared.value_is_sequence(value) == fastapi._compat.shared.value_is_sequence(value)


def test_pydantic_v1_is_noticed() -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydantic import v1

        class Old(v1.BaseModel):
            pass

    assert shared.annotation_is_pydantic_v1(list[Old | None])
    assert shared.annotation_is_pydantic_v1(Old | None)
    assert shared.is_pydantic_v1_model_instance(Old())


def test_undefined_is_pydantics() -> None:
    assert _compat.Undefined is PydanticUndefined
    assert _compat.RequiredParam is PydanticUndefined


FIELDS: list[tuple[Any, dict[str, Any]]] = [
    (int, {}),
    (int, {"default": 1}),
    (int, {"alias": "a"}),
    (int, {"alias": "a", "validation_alias": "b", "serialization_alias": "c"}),
    (int, {"validation_alias": AliasChoices("a", "b"), "gt": 3}),
    (int, {"validation_alias": "", "serialization_alias": ""}),
    (list[int], {"default_factory": list, "max_length": 2}),
    (Leaf, {}),
    (bytes, {"title": "T", "min_length": 1}),
]


@pytest.mark.parametrize(("annotation", "options"), FIELDS)
def test_fields(annotation: Any, options: dict[str, Any]) -> None:
    ours, expected = (
        cls(field_info=FieldInfo(annotation=annotation, **options), name="n")
        for cls in (ModelField, fastapi._compat.ModelField)
    )
    for attribute in ("alias", "validation_alias", "serialization_alias", "default", "mode", "config"):
        assert getattr(ours, attribute) == getattr(expected, attribute), attribute
    for value in (1, "4", [1, "x"], {"raw": "x"}, b"", None):
        assert ours.validate(value, loc=("query", 0)) == expected.validate(value, loc=("query", 0))
    assert hash(ours) == id(ours)


def test_serialization() -> None:
    field = ModelField(field_info=FieldInfo(annotation=Leaf), name="n", mode="serialization")
    assert field.serialize(Leaf()) == {"raw": "", "kind": "a"}
    assert field.serialize(Leaf(), mode="python", include={"kind"}) == {"kind": Kind.A}
    assert field.serialize_json(Leaf(), exclude_defaults=True) == b"{}"


def test_impossible_annotation() -> None:
    class Unknown:
        pass

    with pytest.raises(PydanticSchemaGenerationError):
        ModelField(field_info=FieldInfo(annotation=Unknown), name="n")


def test_missing_error() -> None:
    loc = ("query", "a")
    assert list(_compat.get_missing_field_error(loc).items()) == list(
        fastapi._compat.get_missing_field_error(loc).items()
    )


@pytest.mark.parametrize("annotation", [list[int], set[int], Sequence[int] | None, tuple[int, ...], list])
def test_sequence_values(annotation: Any) -> None:
    ours, expected = (
        package.serialize_sequence_value(
            field=package.ModelField(field_info=FieldInfo(annotation=annotation), name="n"), value=[1, 2]
        )
        for package in (_compat, fastapi._compat)
    )
    assert (type(ours), ours) == (type(expected), expected)


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("annotation", [Tree, list[Tree], Computed, dict[str, Leaf | Kind], int], ids=str)
def test_schemas(annotation: Any, separate: bool) -> None:
    def schemas(package: Any) -> Any:
        fields = [
            package.ModelField(field_info=FieldInfo(annotation=annotation), name="some_name", mode=mode)
            for mode in ("validation", "serialization")
        ]
        models = package.get_flat_models_from_fields(fields, known_models=set())
        names = package.get_model_name_map(models)
        mapping, definitions = package.get_definitions(
            fields=fields, model_name_map=names, separate_input_output_schemas=separate
        )
        own = [
            package.get_schema_from_model_field(
                field=field,
                model_name_map=names,
                field_mapping=mapping,
                separate_input_output_schemas=separate,
            )
            for field in fields
        ]
        return names, definitions, own

    assert schemas(_compat) == schemas(fastapi._compat)


def test_copied_declaration() -> None:
    annotation = Annotated[int, Field(gt=1, description="d")]
    ours = v2.copy_field_info(field_info=params.Query(alias="a"), annotation=annotation)
    expected = fastapi._compat.copy_field_info(field_info=ReferenceQuery(alias="a"), annotation=annotation)
    assert type(ours) is params.Query
    for attribute in ("alias", "annotation", "metadata", "description", "_attributes_set"):
        assert getattr(ours, attribute) == getattr(expected, attribute), attribute


def test_model_fields_are_remembered() -> None:
    fields = _compat.get_cached_model_fields(Tree)
    assert _compat.get_cached_model_fields(Tree) is fields
    assert [(field.name, field.config) for field in fields] == [("leaves", {}), ("parent", {})]
    body = _compat.create_body_model(fields=fields, model_name="Body")
    assert list(body.model_fields) == ["leaves", "parent"]


def test_forward_references() -> None:
    assert _compat.evaluate_forwardref("int", {}, {}) is int
    reference = fastapi._compat.evaluate_forwardref("Missing", {}, {})
    assert _compat.evaluate_forwardref("Missing", {}, {}) == reference


def test_scalar_fields() -> None:
    assert _compat.is_scalar_field(ModelField(field_info=params.Query(annotation=int), name="n"))
    assert not _compat.is_scalar_field(ModelField(field_info=params.Body(annotation=int), name="n"))
    assert not _compat.is_scalar_field(ModelField(field_info=params.Query(annotation=list[int]), name="n"))
