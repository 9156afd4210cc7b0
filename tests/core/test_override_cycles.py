"""Overrides that depend on what they override."""

# mypy: ignore-errors
from typing import Annotated, Any

from tests.both import Stories, ask, talk

story = Stories()
test_override_cycles = story.test()


def application(api: Any, log: Any) -> Any:
    """Two dependencies, one below the other, and neighbours that say when they run."""
    app = api.FastAPI()
    app.state.calls = {}

    def noted(name):
        def dependency():
            log("ran", name)
            return name

        app.state.calls[name] = dependency
        return dependency

    first, last = noted("first"), noted("last")

    async def lower():
        return "lower"

    async def upper(value: Annotated[str, api.Depends(lower)]):
        return f"upper of {value}"

    app.state.calls |= {"lower": lower, "upper": upper}

    @app.get("/")
    async def endpoint(
        a: Annotated[Any, api.Depends(first)],
        b: Annotated[Any, api.Depends(upper)],
        c: Annotated[Any, api.Depends(last)],
    ):
        return [a, b, c]

    @app.websocket("/ws")
    async def ws(
        websocket: api.WebSocket, a: Annotated[Any, api.Depends(first)], b: Annotated[Any, api.Depends(upper)]
    ):
        await websocket.accept()
        await websocket.send_text(b)

    return app


def itself(api, lower, upper):
    async def override(value: Annotated[Any, api.Depends(upper)]):
        return f"over {value}"

    return {upper: override}


def itself_below(api, lower, upper):
    async def override(value: Annotated[Any, api.Depends(lower)]):
        return f"over {value}"

    return {lower: override}


def through_another(api, lower, upper):
    async def middle(value: Annotated[Any, api.Depends(upper)]):
        return f"middle {value}"

    async def override(value: Annotated[Any, api.Depends(middle)]):
        return f"over {value}"

    return {upper: override}


def from_below(api, lower, upper):
    """What is below is overridden by something that depends on what is above."""

    async def override(value: Annotated[Any, api.Depends(upper)]):
        return f"over {value}"

    return {lower: override}


def each_other(api, lower, upper):
    async def one(value: Annotated[Any, api.Depends(lower)]):
        return f"one {value}"

    async def two(value: Annotated[Any, api.Depends(upper)]):
        return f"two {value}"

    return {upper: one, lower: two}


def a_class(api, lower, upper):
    class Override:
        def __init__(self, value: Annotated[Any, api.Depends(upper)]):
            self.value = value

    return {upper: Override}


def a_generator(api, lower, upper):
    def override(value: Annotated[Any, api.Depends(upper)]):
        yield f"over {value}"

    return {upper: override}


def uncached(api, lower, upper):
    async def override(value: Annotated[Any, api.Depends(upper, use_cache=False)]):
        return f"over {value}"

    return {upper: override}


def by_itself(api, lower, upper):
    return {upper: upper, lower: lower}


def by_each_other(api, lower, upper):
    """No cycle: what is analyzed anew for the one does not have the other below."""

    async def plain():
        return "plain"

    return {upper: lower, lower: plain}


def by_what_is_below(api, lower, upper):
    return {upper: lower}


def by_what_is_above(api, lower, upper):
    return {lower: upper}


def twice_side_by_side(api, lower, upper):
    """The same override at two places, none inside of the other."""

    async def leaf():
        return "leaf"

    async def override(
        a: Annotated[Any, api.Depends(lower)], b: Annotated[Any, api.Depends(lower, use_cache=False)]
    ):
        return [a, b]

    return {upper: override, lower: leaf}


CASES = [
    itself,
    itself_below,
    through_another,
    from_below,
    each_other,
    a_class,
    a_generator,
    uncached,
    by_itself,
    by_each_other,
    by_what_is_below,
    by_what_is_above,
    twice_side_by_side,
]


def told(log: Any, answer: Any) -> None:
    """Log an answer; CPython words its RecursionError by where the stack ended."""
    log(*(str(part).partition(":")[0] if "RecursionError" in str(part) else part for part in answer))


@story.vary("overrides", CASES)
async def overrides_in_a_cycle(api, log, overrides):
    app = application(api, log)
    calls = app.state.calls
    told(log, await ask(app, "/"))
    made = overrides(api, calls["lower"], calls["upper"])
    app.dependency_overrides = dict(made)
    told(log, await ask(app, "/"))
    told(log, await talk(app, "/ws"))
    app.dependency_overrides.clear()
    told(log, await ask(app, "/"))


@story.vary("overrides", [itself, from_below, by_each_other, twice_side_by_side])
async def overrides_that_become_a_cycle_during_a_request(api, log, overrides):
    app = application(api, log)
    calls = app.state.calls
    made = overrides(api, calls["lower"], calls["upper"])

    def sets():
        log("sets")
        app.dependency_overrides.update(made)

    app.dependency_overrides[calls["first"]] = sets
    told(log, await ask(app, "/"))
    told(log, await ask(app, "/"))


@story
async def a_tree_too_deep_for_the_stack(api, log):
    app = api.FastAPI()

    async def leaf():
        return 0

    async def other():
        return 1

    def deeper(inner):
        async def dependency(value: Annotated[int, api.Depends(inner)]):
            return value

        return dependency

    call = leaf
    for _ in range(60):
        call = deeper(call)

    @app.get("/")
    async def endpoint(value: Annotated[int, api.Depends(call)]):
        return value

    told(log, await ask(app, "/"))
    app.dependency_overrides[leaf] = other
    told(log, await ask(app, "/"))
