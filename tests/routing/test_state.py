"""What a route derives from its options: the same as the reference, for each of a table of options."""

import enum
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import fastapi
import fastapi.routing
import fastapi.sse
import pytest
from pydantic import BaseModel
from starlette.responses import PlainTextResponse

import ferroapi
import ferroapi.routing
import ferroapi.sse


class Item(BaseModel):
    name: str


class Status(enum.IntEnum):
    TEAPOT = 418


def plain(item_id: int) -> Item:
    """First line.

    Second.\fNot for the schema.
    """
    raise NotImplementedError


def body(item: Item, q: str = "") -> PlainTextResponse:
    raise NotImplementedError


def stream() -> Iterator[Item]:
    yield Item(name="a")


async def astream() -> AsyncIterator[Item]:
    yield Item(name="a")


def untyped():  # type: ignore[no-untyped-def]
    ...


OPTIONS: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("/items/{item_id:int}", plain, {}),
    ("/items/{item_id}", plain, {"methods": ["get", "Post"], "status_code": Status.TEAPOT, "tags": ["a"]}),
    ("/items/{item_id}", plain, {"response_model": None, "description": "Own", "operation_id": "op"}),
    ("/body", body, {"name": "other", "deprecated": True, "responses": {404: {"model": Item}}}),
    ("/stream", stream, {}),
    ("/astream", astream, {"max_body_size": 3}),
    ("/raw", stream, {"response_class": PlainTextResponse}),
    (
        "/untyped",
        untyped,
        {"responses": {"4XX": {"description": "No model"}}, "form_limits": {"max_files": 1}},
    ),
]
COMPARED = [
    "path",
    "path_format",
    "methods",
    "name",
    "unique_id",
    "operation_id",
    "status_code",
    "tags",
    "description",
    "responses",
    "deprecated",
    "response_model",
    "stream_item_type",
    "is_sse_stream",
    "is_json_stream",
    "include_in_schema",
    "max_body_size",
    "form_limits",
    "_embed_body_fields",
    "response_description",
]
FIELDS = ["response_field", "stream_item_field", "body_field"]


def described(
    package: Any, path: str, endpoint: Callable[..., Any], options: dict[str, Any]
) -> dict[str, Any]:
    route = package.routing.APIRoute(path, endpoint, **options)
    fields = {name: getattr(getattr(route, name), "name", None) for name in FIELDS}
    return {
        **{name: getattr(route, name) for name in COMPARED},
        **fields,
        "regex": route.path_regex.pattern,
        "response_fields": {code: field.name for code, field in route.response_fields.items()},
        "dependencies": len(route.dependant.dependencies),
    }


@pytest.mark.parametrize(("path", "endpoint", "options"), OPTIONS)
def test_state_is_the_references(path: str, endpoint: Callable[..., Any], options: dict[str, Any]) -> None:
    assert described(ferroapi, path, endpoint, options) == described(fastapi, path, endpoint, options)


def test_server_sent_events() -> None:
    for package in (ferroapi, fastapi):
        response_class = package.sse.EventSourceResponse
        route = package.routing.APIRoute("/", astream, response_class=response_class)
        assert route.is_sse_stream
        assert not route.is_json_stream
        assert route.stream_item_type is Item


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_body_size": -1}, ValueError),
        ({"status_code": 204, "response_model": Item}, AssertionError),
        ({"responses": {204: {"model": Item}}}, AssertionError),
        ({"responses": {404: "text"}}, AssertionError),
        ({"path": "/{a}/{a}"}, ValueError),
        ({"endpoint": "not callable"}, AssertionError),
        ({"form_limits": {"max_rows": 1}}, ValueError),
    ],
)
def test_errors_are_the_references(options: dict[str, Any], error: type[Exception]) -> None:
    messages = []
    for package in (ferroapi, fastapi):
        with pytest.raises(error) as caught:
            package.routing.APIRoute(**{"path": "/", "endpoint": untyped, "name": "untyped", **options})
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
