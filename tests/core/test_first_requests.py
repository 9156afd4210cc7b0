"""The first request to a route compiles it; the user's stack does not notice, nor do values that look like schemas."""

# mypy: ignore-errors
import sys
from typing import Annotated, Any, Literal

import anyio
import pytest
from pydantic import BaseModel, create_model
from tests.both import Stories, ask

import ferroapi
from ferroapi._compiled.unnested import run

# Of frames by which the first request may be deeper than the next.
MARGIN = 20


def nested(name, depth, around=lambda annotation: annotation):
    """A model with so many models inside each other, and a value of it."""
    model, value = create_model(f"{name}Leaf", value=(int, ...)), {"value": 7}
    for level in range(depth):
        model = create_model(f"{name}{level}", child=(around(model), ...), value=(int, ...))
        value = {"child": [value] if around is as_list else value, "value": 7}
    return model, value


def as_list(annotation):
    return list[annotation]


def optional(annotation):
    return annotation | None


async def depth_of(app, path, body):
    """How deep the stack gets above the application while it answers."""
    depth = deepest = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal depth, deepest
        if event == "call":
            depth += 1
            deepest = max(deepest, depth)
        elif event == "return":
            depth -= 1

    async def measured(scope, receive, send):
        sys.setprofile(profile)
        try:
            await app(scope, receive, send)
        finally:
            sys.setprofile(None)

    assert await ask(measured, path, method="POST", body=body) == (200, body)
    return deepest


@pytest.mark.parametrize("around", [lambda annotation: annotation, optional, as_list])
@pytest.mark.parametrize("way", ["in", "out", "both"])
def test_models_inside_each_other_need_no_deeper_stack(around, way) -> None:
    app = ferroapi.FastAPI()

    def declare(name):
        model, body = nested(name, 50, around)
        taken: Any = Annotated[Any, ferroapi.Body()] if way == "out" else model

        @app.post(f"/{name}", response_model=None if way == "in" else model)
        async def endpoint(body: taken):
            return body

        return f"/{name}", body

    async def main() -> None:
        # What is done once for the whole application
        await depth_of(app, *declare("warm"))
        path, body = declare("measured")
        first, second = [await depth_of(app, path, body) for _ in range(2)]
        assert first <= second + MARGIN

    anyio.run(main)


def test_calls_are_run_one_after_another_and_their_results_sent_back() -> None:
    def count(number):
        return 0 if not number else 1 + (yield count(number - 1))

    assert run(count(10 * sys.getrecursionlimit())) == 10 * sys.getrecursionlimit()


def test_an_error_inside_comes_out() -> None:
    def fail(number):
        if not number:
            raise KeyError("inside")
        return (yield fail(number - 1))

    with pytest.raises(KeyError, match="inside"):
        run(fail(5))


stories = Stories()
LIKE_SCHEMAS = [
    {"type": "definitions"},
    {"type": "definitions", "definitions": [{}], "schema": 1},
    {"type": "definitions", "definitions": [], "schema": {"type": "definition-ref", "schema_ref": "x"}},
    {"type": "definition-ref"},
    {"type": "definition-ref", "schema_ref": "missing"},
    {"type": "nullable"},
    {"type": "model", "schema": {}},
    {"type": ["unhashable"]},
]


@stories.vary("default", LIKE_SCHEMAS)
async def a_default_that_looks_like_a_schema(api, log, default):
    app = api.FastAPI()

    class Inner(BaseModel):
        value: dict[str, Any] = default
        choice: Literal["definitions"] = "definitions"

    class Model(BaseModel):
        options: dict[str, Any] = default
        more: list[Any] = [default]
        inner: Inner = Inner()
        number: int = 1

    @app.post("/")
    async def endpoint(body: Model) -> Model:
        return body

    for body in ({}, {"options": {}}, {"more": [1], "inner": {}}, {"number": "x"}):
        log(await ask(app, "/", method="POST", body=body))


test_same_story = stories.test()
