"""Bodies and forms: the same values and errors as the reference, and the same schema of the body."""

import io
from functools import cache
from typing import Annotated, Any, Literal

import anyio
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, Json, Tag
from pydantic_core import PydanticUndefined
from starlette.datastructures import FormData, Headers, UploadFile

from .sides import Side, both


class Item(BaseModel):
    name: str
    price: float = 1.5
    tags: list[str] = []


class Strict(Item):
    model_config = ConfigDict(extra="forbid")


class Open(Item):
    model_config = ConfigDict(extra="allow")


class Aliased(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    user_name: str = Field(alias="userName")
    age: int = Field(validation_alias=AliasChoices("age", "years"))


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: list[int]


class Dog(BaseModel):
    kind: Literal["dog"]
    lives: int


class Empty(BaseModel): ...


def one(annotation: Any, default: Any = ...) -> Any:
    return {"value": (annotation, default)}


# name -> parameters of the function, given a side
DECLARATIONS: dict[str, Any] = {
    "model": lambda p: one(Item),
    "model or none": lambda p: one(Item | None, None),
    "model, embedded": lambda p: one(Annotated[Item, p.Body(embed=True)]),
    "dict": lambda p: one(dict[str, int]),
    "list": lambda p: one(list[Item]),
    "scalar": lambda p: one(Annotated[int, p.Body()]),
    "scalar, optional, embedded": lambda p: one(Annotated[int | None, p.Body(embed=True)], None),
    "two": lambda p: {"item": (Item, ...), "count": (Annotated[int, p.Body(alias="howMany")], 3)},
    "choices": lambda p: {
        "a": (Annotated[int, p.Body(validation_alias=AliasChoices("x", "name"))], ...),
        "b": (Annotated[str, p.Body()], "b"),
    },
    "form scalar": lambda p: one(Annotated[str, p.Form()]),
    "form scalar, optional": lambda p: one(Annotated[str | None, p.Form()], None),
    "form default": lambda p: one(Annotated[str, p.Form(max_length=3)], "d"),
    "form list": lambda p: {
        "tags": (Annotated[list[str], p.Form()], ...),
        "name": (Annotated[str, p.Form()], "n"),
    },
    "form list or none": lambda p: {"tags": (Annotated[list[str] | None, p.Form()], None)},
    "form json": lambda p: one(Annotated[Json[list[int]], p.Form()]),
    "form json model": lambda p: one(Annotated[Json[Item], p.Form()]),
    "form choices": lambda p: {
        "value": (Annotated[str, p.Form(validation_alias=AliasChoices("x", "name"))], ...)
    },
    "form model": lambda p: one(Annotated[Item, p.Form()]),
    "form model, strict": lambda p: one(Annotated[Strict, p.Form()]),
    "form model, open": lambda p: one(Annotated[Open, p.Form()]),
    "form model, aliases": lambda p: one(Annotated[Aliased, p.Form()]),
    "form model or none": lambda p: one(Annotated[Item | None, p.Form()], None),
    "form model or none, required": lambda p: one(Annotated[Item | None, p.Form()]),
    "open form model or none": lambda p: one(Annotated[Open | None, p.Form()], None),
    "empty form model or none": lambda p: one(Annotated[Empty | None, p.Form()], None),
    "form model, default": lambda p: one(Annotated[Item, p.Form()], Item(name="d")),
    "form union": lambda p: one(Annotated[Cat | Dog, p.Form()]),
    "form union or none": lambda p: one(Annotated[Cat | Dog | None, p.Form()], None),
    "form union, discriminated": lambda p: one(Annotated[Cat | Dog, p.Form(discriminator="kind")]),
    "form union, tagged": lambda p: one(Annotated[Annotated[Cat, Tag("miau")] | Dog, p.Form()]),
    "form model and scalar": lambda p: {
        "item": (Annotated[Item, p.Form()], ...),
        "name": (Annotated[str, p.Form()], ...),
        "extra": (Annotated[int, p.Form()], 1),
    },
    "two form models": lambda p: {
        "item": (Annotated[Item, p.Form()], ...),
        "who": (Annotated[Aliased | None, p.Form()], None),
    },
    "file": lambda p: {"upload": (p.UploadFile, ...)},
    "file bytes": lambda p: {"upload": (Annotated[bytes, p.File()], ...)},
    "file bytes or none": lambda p: {"upload": (Annotated[bytes | None, p.File()], None)},
    "files": lambda p: {"uploads": (list[p.UploadFile], ...)},
    "files bytes": lambda p: {"uploads": (Annotated[list[bytes], p.File()], ...)},
    "files bytes set": lambda p: {"uploads": (Annotated[set[bytes] | None, p.File()], None)},
    "file and form": lambda p: {
        "upload": (Annotated[bytes, p.File()], ...),
        "again": (Annotated[p.UploadFile, p.File(alias="upload")], ...),
        "name": (Annotated[str, p.Form()], ...),
    },
    "file in form model": lambda p: {
        "value": (Annotated[Item, p.Form(media_type="multipart/form-data")], ...)
    },
}


def upload(content: bytes, filename: str = "a.txt") -> UploadFile:
    return UploadFile(io.BytesIO(content), size=len(content), filename=filename, headers=Headers({}))


BODIES: dict[str, Any] = {
    "nothing": lambda: PydanticUndefined,
    "null": lambda: None,
    "bytes": lambda: b"raw",
    "number": lambda: 5,
    "text": lambda: "text",
    "list": lambda: [{"name": "a"}, 3],
    "object": lambda: {"name": "a", "price": "2.5"},
    "wrong object": lambda: {"price": "x", "unknown": 1},
    "embedded": lambda: {"value": {"name": "a"}, "item": {"name": "b"}, "howMany": "4", "x": 1},
    "embedded wrong": lambda: {"value": None, "item": [], "howMany": "four", "name": "n"},
    "empty form": lambda: FormData([]),
    "form": lambda: FormData([("name", "a"), ("tags", "x"), ("tags", "y"), ("value", "v"), ("other", "o")]),
    "form, wrong": lambda: FormData([("price", "p"), ("value", "long"), ("extra", "e"), ("userName", "")]),
    "form, empty values": lambda: FormData([("name", ""), ("value", ""), ("tags", ""), ("price", "")]),
    "form, json": lambda: FormData([("value", '[1, "2"]'), ("value", '{"name": "a"}')]),
    "form, json model": lambda: FormData([("value", '{"name": "a"}')]),
    "form, aliases": lambda: FormData([("user_name", "u"), ("years", "5"), ("x", "X"), ("name", "n")]),
    "form, cat": lambda: FormData([("kind", "cat"), ("lives", "1"), ("lives", "2")]),
    "form, dog": lambda: FormData([("kind", "dog"), ("lives", "1")]),
    "form, bird": lambda: FormData([("kind", "bird"), ("lives", "x")]),
    "form, file": lambda: FormData([("upload", upload(b"one")), ("uploads", upload(b"two")), ("name", "n")]),
    "form, files": lambda: FormData(
        [("uploads", upload(b"1")), ("uploads", "text"), ("uploads", upload(b"3")), ("upload", "text")]
    ),
    "form, no file": lambda: FormData(
        [("upload", upload(b"", "")), ("uploads", upload(b"", "")), ("name", "n")]
    ),
}


def function_with(parameters: dict[str, Any]) -> Any:
    defaults = {name: default for name, (_, default) in parameters.items() if default is not ...}
    annotations = {name: annotation for name, (annotation, _) in parameters.items()}
    written = ", ".join(f"{name}=defaults[{name!r}]" if name in defaults else name for name in parameters)
    namespace: dict[str, Any] = {"defaults": defaults}
    exec(f"def endpoint(*, {written}): ...", namespace)
    namespace["endpoint"].__annotations__ = annotations
    return namespace["endpoint"]


@cache
def body_params(side: Side, declare: Any) -> list[Any]:
    dependant = side.get_dependant(path="/", call=function_with(declare(side)))
    return side._get_flat_body_params(dependant)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("declare", DECLARATIONS.values(), ids=DECLARATIONS)
def test_values_and_errors(declare: Any, body: Any) -> None:
    def act(side: Side) -> Any:
        fields = body_params(side, declare)
        embed, received = side._should_embed_body_fields(fields), body()
        return embed, anyio.run(side.request_body_to_args, fields, received, embed), received

    expected, actual = both(act)
    assert actual == expected


@pytest.mark.parametrize("declare", DECLARATIONS.values(), ids=DECLARATIONS)
def test_body_field_and_its_schema(declare: Any) -> None:
    def act(side: Side) -> Any:
        fields = body_params(side, declare)
        embed = side._should_embed_body_fields(fields)
        field = side._get_body_field(body_params=fields, name="the_id", embed_body_fields=embed)
        compat = side._compat
        names = compat.get_model_name_map(compat.get_flat_models_from_fields([field], known_models=set()))
        schemas, definitions = compat.get_definitions(fields=[field], model_name_map=names)
        info = field.field_info
        return [
            (
                field.name,
                field.alias,
                type(info).__name__,
                getattr(info, "media_type", None),
                info.is_required(),
            ),
            list(schemas[field, "validation"].items()),
            definitions,
            [[model.__name__ for model in side._get_form_models(item)] for item in fields],
        ]

    expected, actual = both(act)
    assert actual == expected


def test_no_fields() -> None:
    assert both(lambda side: anyio.run(side.request_body_to_args, [], {}, False))[1].startswith(
        "'AssertionError"
    )
    assert (
        both(lambda side: side._get_body_field(body_params=[], name="x", embed_body_fields=False))[1]
        == "None"
    )
    assert both(lambda side: side._should_embed_body_fields([]))[1] == "False"


@pytest.mark.parametrize("value", ["text", {"kind": ["cat"], "lives": "1"}, {"kind": None, "lives": []}, {}])
def test_normalizing_a_union_branch(value: Any) -> None:
    expected, actual = both(lambda side: side._normalize_form_model(value, model=Cat))
    assert actual == expected


async def test_a_failed_read_puts_the_file_back() -> None:
    from ferroapi.dependencies.utils import _read_file_bytes

    class Broken(UploadFile):
        async def read(self, size: int = -1) -> bytes:
            self.file.read(1)
            raise OSError("broken disk")

    file = Broken(io.BytesIO(b"hello"))
    file.file.seek(2)
    with pytest.raises(OSError, match="broken disk"):
        await _read_file_bytes(file)
    assert file.file.tell() == 2
