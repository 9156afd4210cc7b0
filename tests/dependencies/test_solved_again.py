"""What a tree's second solving shares with the first, and what it does anew."""

# mypy: ignore-errors
import inspect
from contextlib import AsyncExitStack
from typing import Annotated, Any, Optional

from pydantic_core import core_schema
from tests.both import Stories, ask, route_of
from tests.differential.driver import Http, http_scope

stories = Stories()


async def solve(api, app, path, *, scope=None, **options):
    """Solve the tree of a route by the public function."""
    made = {**http_scope(Http(target=scope or path)), "path_params": {}}
    async with AsyncExitStack() as stack:
        made |= {"fastapi_inner_astack": stack, "fastapi_function_astack": stack}
        return await api.dependencies.utils.solve_dependencies(
            request=api.Request(made),
            dependant=route_of(app, path).dependant,
            dependency_overrides_provider=app,
            async_exit_stack=stack,
            embed_body_fields=False,
            **options,
        )


RESULTS = [None, 0, "", [], "text"]


@stories.vary("result", RESULTS)
async def results_are_shared_with_the_next_solving(api, log, result):
    app, calls = api.FastAPI(), []

    def plain():
        calls.append("plain")
        return result

    async def coroutine(plain=api.Depends(plain)):
        calls.append("coroutine")
        return result

    def generator():
        calls.append("enter")
        yield result
        calls.append("exit")

    def never_shared():
        calls.append("never shared")
        return result

    @app.get("/", dependencies=[api.Depends(coroutine), api.Depends(never_shared, use_cache=False)])
    def endpoint(plain=api.Depends(plain), generator=api.Depends(generator)): ...

    first = await solve(api, app, "/")
    second = await solve(api, app, "/", dependency_cache=first.dependency_cache)
    log(calls, second.values, list(second.dependency_cache.values()))
    log(first.dependency_cache is second.dependency_cache)
    third = await solve(api, app, "/", dependency_cache={})
    log(len(calls), third.dependency_cache == first.dependency_cache)


@stories
async def a_result_that_was_given_is_used(api, log):
    app = api.FastAPI()

    def one(): ...
    def two(one=api.Depends(one)): ...

    @app.get("/")
    def endpoint(one=api.Depends(one), two=api.Depends(two)): ...

    keys = list((await solve(api, app, "/")).dependency_cache)
    for given in (None, "given"):
        for key in keys:
            solved = await solve(api, app, "/", dependency_cache={key: given})
            log(given, keys.index(key), solved.values, list(solved.dependency_cache.values()))


def counted(make):
    """A type whose schema `make` builds from how many were built; and the list of them."""
    builds = []

    class Number(int):
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            builds.append(None)
            return make(len(builds))

    return Number, builds


def overridden(api, override, **routes):
    app = api.FastAPI(**routes)

    def limit(limit: int = 0): ...

    @app.get("/")
    async def endpoint(limit: Annotated[Any, api.Depends(limit)]):
        return limit

    @app.websocket("/ws")
    async def session(websocket: api.WebSocket, limit: Annotated[Any, api.Depends(limit)]):
        await websocket.accept()
        await websocket.send_json(limit)

    app.dependency_overrides[limit] = override
    return app


@stories
async def an_override_is_analyzed_for_each_solving(api, log):
    number, builds = counted(lambda build: core_schema.int_schema(gt=build))

    def override(limit: number):
        return limit

    app = overridden(api, override)
    for _ in range(3):
        log(await ask(app, "/?limit=3"), len(builds))
    solved = await solve(api, app, "/", scope="/?limit=9")
    log(solved.values, len(builds))
    app.dependency_overrides.clear()
    log(await ask(app, "/?limit=3"), len(builds))


@stories
async def an_override_that_can_be_analyzed_once(api, log):
    def make(build):
        if build == 2:
            raise api.HTTPException(503, "not now")
        return core_schema.int_schema()

    number, builds = counted(make)

    def override(limit: number):
        return limit

    app = overridden(api, override)
    for _ in range(3):
        log(await ask(app, "/?limit=3"), len(builds))


@stories
async def an_override_whose_signature_changes(api, log):
    def override(**given):
        return given

    def first(a: int = 1): ...
    def second(b: str, limit: int = 2): ...

    override.__signature__ = inspect.signature(first)
    app = overridden(api, override)
    log(await ask(app, "/?a=5"))
    override.__signature__ = inspect.signature(second)
    log(await ask(app, "/?a=5"))
    log(await ask(app, "/?b=x"))
    override.__signature__ = inspect.signature(first)
    log(await ask(app, "/?b=x"))


@stories
async def dependencies_beside_an_override_are_analyzed_too(api, log):
    number, builds = counted(lambda build: core_schema.int_schema())
    app = api.FastAPI()

    def beside(n: number = 1):
        return n

    def replaced(): ...

    @app.get("/")
    def endpoint(beside=api.Depends(beside), replaced=api.Depends(replaced)):
        return [beside, replaced]

    declared = len(builds)
    for overrides in ({}, {replaced: lambda: "new"}, {}):
        app.dependency_overrides = overrides
        for _ in range(2):
            log(await ask(app, "/?n=4"), len(builds) - declared)


@stories
async def an_override_that_depends_on_what_it_overrides(api, log):
    app = api.FastAPI()

    def one():
        return 1

    def indirect(one=api.Depends(one)):
        return one

    @app.get("/")
    def endpoint(one=api.Depends(one)):
        return one

    def direct_override(one=api.Depends(one)):
        return one

    def indirect_override(one=api.Depends(indirect)):
        return one

    for override in (direct_override, indirect_override):
        app.dependency_overrides[one] = override
        status, body, error = await ask(app, "/")
        log(status, body, error.partition(":")[0])


@stories
async def a_name_that_is_unknown_fails_when_a_value_is_there(api, log):
    app = api.FastAPI(openapi_url=None)

    def optional(item: Optional["Nowhere"] = api.Body(None)):  # noqa: F821
        return "optional"

    def listed(items: list["Nowhere"] = api.Body([])):  # noqa: F821
        return "listed"

    def asked(filters: "Nowhere" = None, page: int = 1):  # noqa: F821
        return page

    def required(filters: Annotated["Nowhere", api.Header()]):  # noqa: F821
        return "required"

    for dependency in (optional, listed, asked, required):
        app.post(f"/{dependency.__name__}")(lambda found=api.Depends(dependency): found)
    for path in ("/optional", "/listed", "/asked", "/asked?page=2", "/required"):
        log(path, await ask(app, path, method="POST"))
    for path, body in (("/optional", {}), ("/listed", [1]), ("/asked?filters=1", None)):
        status, text, *error = await ask(app, path, method="POST", body=body)
        log(path, status, text, [text.partition(":")[0] for text in error])
    status, text, *error = await ask(app, "/required", method="POST", headers=(("filters", "x"),))
    log(status, text, [text.partition(":")[0] for text in error])


test_same_story = stories.test()
