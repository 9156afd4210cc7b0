"""The document's models: fields, order and JSON schema are the reference's."""

import re
from typing import Any

import pytest
from fastapi.openapi import models as reference
from pydantic import BaseModel, TypeAdapter

from ferroapi.openapi import models


def public_types(module: Any) -> dict[str, type]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


NAMES = sorted(public_types(reference))


def test_same_names() -> None:
    assert sorted(public_types(models)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_same_fields_and_schema(name: str) -> None:
    candidate, expected = getattr(models, name), getattr(reference, name)
    assert TypeAdapter(candidate).json_schema() == TypeAdapter(expected).json_schema()
    if issubclass(expected, BaseModel):
        assert fields(candidate) == fields(expected)
        assert candidate.model_config == expected.model_config


def fields(model: type[BaseModel]) -> list[str]:
    return [
        f"{name} {re.sub(' at 0x[0-9a-f]+', '', repr(field))}" for name, field in model.model_fields.items()
    ]
