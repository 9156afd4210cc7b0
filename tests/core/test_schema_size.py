"""Schemas that would take too long to go through are left alone."""

# mypy: ignore-errors
from pydantic import BaseModel, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from ferroapi._compat import ModelField
from ferroapi._compiled.json_reader import json_reader
from ferroapi._compiled.model_writer import model_writer
from ferroapi._compiled.schema_size import is_small


class Leaf(BaseModel):
    a: int


def tower(height: int) -> type[BaseModel]:
    """A model with twice as many ways through it for each floor."""
    below: type[BaseModel] = Leaf
    for floor in range(height):
        below = create_model(f"Floor{floor}", left=(below, ...), right=(below, ...))
    return below


class Node(BaseModel):
    inner: "Node | None" = None


def test_ordinary_models_are_small() -> None:
    many = create_model("Many", **{f"field{number}": (int, 0) for number in range(300)})
    for annotation in (Leaf, list[Leaf], tower(5), many):
        assert is_small(TypeAdapter(annotation).core_schema)


def test_towers_and_recursive_models_are_not() -> None:
    for annotation in (tower(40), Node):
        schema = TypeAdapter(annotation).core_schema
        assert not is_small(schema)
        field = ModelField(field_info=FieldInfo(annotation=annotation), name="x", mode="serialization")
        assert json_reader(field) is None
        assert model_writer(field, {"by_alias": True}) is None


def test_a_tower_that_is_small_is_read_and_written() -> None:
    model = tower(3)
    field = ModelField(field_info=FieldInfo(annotation=model), name="x", mode="serialization")
    value = {"a": 1}
    for _ in range(3):
        value = {"left": value, "right": value}
    made = model(**value)
    text = model_writer(field, {"by_alias": True}).write(made)
    assert text == made.model_dump_json().encode()
    assert json_reader(field).read(text) == made
