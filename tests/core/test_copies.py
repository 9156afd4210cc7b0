"""SURFACE C: copies of routes, dependants, contexts, routers and applications, before and after they have served."""

# mypy: ignore-errors
import copy
import dataclasses
import pickle
import threading
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated

import cloudpickle
import pytest
import starlette.datastructures
from pydantic import BaseModel
from tests.both import Stories, ask, load, route_of, talk

stories = Stories()


class Item(BaseModel):
    a: int


def dependency(q: int = 1):
    return q


async def endpoint(n: int, request_value: int = 0):
    return n


WHEN = ("before", "after")


async def served(app, when, *targets):
    if when == "after":
        for target in targets:
            await ask(app, target)


def application(api):
    """What is copied: parameters, dependencies, a model, an included router, a WebSocket, a mount."""
    app = api.FastAPI(title="copied")

    @app.get("/n/{n}")
    async def number(n: int, q: Annotated[int, api.Depends(dependency)]):
        return [n, q]

    @app.post("/model")
    async def model(item: Item) -> Item:
        return item

    @app.websocket("/ws/{n}")
    async def ws(websocket: api.WebSocket, n: int):
        await websocket.accept()
        await websocket.send_text(str(n))

    nested = api.APIRouter(prefix="/nested")
    nested.get("/leaf/{n}")(endpoint)
    router = api.APIRouter(prefix="/router", dependencies=[api.Depends(dependency)])
    router.get("/leaf/{n}", status_code=202)(endpoint)
    router.include_router(nested)
    app.include_router(router, prefix="/in")
    app.mount("/mounted", api.responses.PlainTextResponse("mounted"))
    app.state.number = 5
    return app


TARGETS = ("/n/1?q=2", "/n/x", "/in/router/leaf/3", "/in/router/nested/leaf/4?q=z", "/mounted/x", "/none")


async def visit(app, log):
    for target in TARGETS:
        log(target, await ask(app, target))
    log(await ask(app, "/model", method="POST", body={"a": 1}), await talk(app, "/ws/6"))


def shown(dependant):
    if dependant is None:
        return None
    names = [[field.name for field in getattr(dependant, kind)] for kind in ("path_params", "query_params")]
    return (
        names,
        getattr(dependant.call, "__name__", None),
        [shown(child) for child in dependant.dependencies],
    )


@stories.vary("when", WHEN)
async def dependants_copied_shallowly(api, log, when):
    app = application(api)
    await served(app, when, *TARGETS)
    route = route_of(app, "/n/{n}")
    original = route.dependant
    for how in (copy.copy, dataclasses.replace):
        copied = how(original)
        assert copied is not original and copied == original and type(copied) is type(original)
        log(how.__name__, [copied.dependencies is original.dependencies, copied.call is original.call])

        async def other(n, q):
            return "the copy's"

        copied.call = other
        log(shown(copied), shown(original), await ask(app, "/n/1"))
        route.dependant = copied
        route.app = api.routing.request_response(route.get_route_handler())
        log(await ask(app, "/n/1"))
        copied.dependencies.append(copied.dependencies[0])
        log(len(original.dependencies), await ask(app, "/n/1?q=3"))
        copied.dependencies.pop()
        route.dependant = original
        route.app = api.routing.request_response(route.get_route_handler())
        log(await ask(app, "/n/1"))


@stories.vary("when", WHEN)
async def dependants_copied_deeply_and_pickled(api, log, when):
    app = application(api)
    await served(app, when, *TARGETS)
    route = route_of(app, "/n/{n}")
    for how in (copy.deepcopy, lambda value: cloudpickle.loads(cloudpickle.dumps(value))):
        copied = how(route.dependant)
        log(shown(copied), type(copied.dependencies).__mro__[-2].__name__)
        assert copied.dependencies is not route.dependant.dependencies
        copied.dependencies.clear()
        copied.query_params.clear()
        log(shown(copied), shown(route.dependant), await ask(app, "/n/1"))
        sub = api.dependencies.utils.get_parameterless_sub_dependant(
            depends=api.Depends(dependency), path="/"
        )
        copied.dependencies.append(sub)

        async def call(n):
            return ["deep", n]

        copied.call = call
        handler = api.routing.get_request_handler(dependant=copied)
        route.app = api.routing.request_response(handler)
        log(await ask(app, "/n/1?q=x"), await ask(app, "/n/1"))
        route.app = api.routing.request_response(route.get_route_handler())
        log(await ask(app, "/n/1"))


@stories.vary("when", WHEN)
async def routes_copied(api, log, when):
    app = application(api)
    await served(app, when, *TARGETS)
    original = route_of(app, "/n/{n}")
    # The application that provides overrides is shared, as it can't be copied deeply.
    deep = partial(copy.deepcopy, memo={id(app): app})
    for number, how in enumerate((copy.copy, deep)):
        copied = how(original)
        path = f"/copy{number}/{{n}}"
        copied.path = path
        copied.path_regex, copied.path_format, copied.param_convertors = api.routing.compile_path(path)
        app.router.routes.append(copied)
        log(await ask(app, f"/copy{number}/1?q=2"), await ask(app, "/n/1"), copied.app is original.app)
        copied.dependant.dependencies.clear()
        log("copy", shown(copied.dependant), "original", shown(original.dependant))
        log(await ask(app, f"/copy{number}/2?q=x"), await ask(app, "/n/2?q=x"))

        async def rebuilt(n: int):
            return ["rebuilt", n]

        copied.dependant = api.dependencies.utils.get_dependant(path=path, call=rebuilt)
        copied.app = api.routing.request_response(copied.get_route_handler())
        log(await ask(app, f"/copy{number}/3"), await ask(app, "/n/3"))
        original.dependant = api.dependencies.utils.get_dependant(path=original.path, call=original.endpoint)
        original.app = api.routing.request_response(original.get_route_handler())


@stories.vary("when", WHEN)
async def websocket_routes_copied(api, log, when):
    app = application(api)
    if when == "after":
        await talk(app, "/ws/1")
    copied = copy.deepcopy(route_of(app, "/ws/{n}"))
    copied.path_regex = api.routing.compile_path("/copy/{n}")[0]
    app.router.routes.append(copied)
    log(await talk(app, "/copy/1"), await talk(app, "/ws/2"))
    copied.dependant.path_params.clear()
    log(await talk(app, "/ws/x"))


@stories.vary("when", WHEN)
async def routers_copied_deeply(api, log, when):
    """Cadwyn: a router per version, each copied from the one before and changed."""
    app, router = api.FastAPI(), api.APIRouter()
    router.get("/leaf/{n}")(endpoint)
    router.get("/other")(lambda: "other")
    app.include_router(router, prefix="/v1")
    await served(app, when, "/v1/leaf/1")
    copied = copy.deepcopy(router)
    assert type(copied) is type(router) and copied.routes[0] is not router.routes[0]
    copied.get("/new")(lambda: "new")
    copied.routes[0].dependant.dependencies.append(
        api.dependencies.utils.get_parameterless_sub_dependant(depends=api.Depends(dependency), path="/")
    )
    copied.routes[1].endpoint = lambda: "changed"
    app.include_router(copied, prefix="/v2")
    for version in ("/v1", "/v2"):
        for path in ("/leaf/1", "/leaf/1?q=x", "/other", "/new"):
            log(version, path, await ask(app, version + path))
    log(shown(router.routes[0].dependant), shown(copied.routes[0].dependant))
    copied._mark_routes_changed()
    log(await ask(app, "/v1/leaf/1"), await ask(app, "/v2/leaf/1"))
    shallow = copy.copy(router)
    log(shallow.routes is router.routes)
    other = api.FastAPI()
    other.router.routes = list(copied.routes)
    log(await ask(other, "/leaf/3"), await ask(other, "/leaf/3?q=x"), await ask(other, "/new"))
    for alone in (copied, shallow, router):
        log(await ask(within_stack(alone), "/leaf/4"), await ask(within_stack(alone), "/leaf/x?q=y"))


def within_stack(app):
    """What an application does around its router."""

    async def serve(scope, receive, send):
        async with AsyncExitStack() as stack:
            scope["fastapi_middleware_astack"] = stack
            await app(scope, receive, send)

    return serve


@stories.vary("when", WHEN)
async def contexts_and_inclusions_copied(api, log, when):
    app = application(api)
    await served(app, when, *TARGETS)
    included = next(route for route in app.routes if hasattr(route, "effective_candidates"))
    context = included.effective_candidates()[0]
    assert vars(context) is context.__dict__
    log(sorted(name for name in vars(context) if not name.startswith("_")))
    for how in (copy.copy, partial(copy.deepcopy, memo={id(app): app})):
        copied = how(context)
        log(copied.path, copied.dependant is context.dependant, copied.app is context.app)
        copied.path = "/changed"
        copied.dependant = None
        log(context.path, await ask(app, "/in/router/leaf/1"), await ask(app, "/in/router/leaf/1?q=x"))
    copied = copy.copy(included)
    other = api.FastAPI()
    other.router.routes.append(copied)
    log(await ask(other, "/in/router/leaf/1?q=2"), await ask(other, "/in/router/nested/leaf/2"))
    included.original_router.get("/late")(lambda: "late")
    log(await ask(other, "/in/router/late"), await ask(app, "/in/router/late"))


@stories.vary("when", WHEN)
async def applications_copied_shallowly(api, log, when):
    app = application(api)
    await served(app, when, *TARGETS)
    copied = copy.copy(app)
    log(copied.router is app.router, copied.middleware_stack is app.middleware_stack, copied.title)
    copied.get("/late")(lambda: "late")
    log(await ask(copied, "/late"), await ask(app, "/late"))
    await visit(copied, log)
    scope = {}
    await ask(copied, "/n/1", scope=scope)
    log(scope["app"] is copied)
    copied.router = api.APIRouter()
    copied.middleware_stack = None
    copied.router.add_api_route("/only", lambda: "of the copy")
    log(
        await ask(copied, "/only"), await ask(app, "/only"), await ask(app, "/n/1"), await ask(copied, "/n/1")
    )


# Pickling. The reference can't pickle locks: libraries that pickle applications bring reducers for them.


class Pickler(cloudpickle.CloudPickler):
    """As Ray Serve's: locks are made anew, `State` is rebuilt of its values."""

    def reducer_override(self, obj):
        if isinstance(obj, type(threading.Lock())):
            return threading.Lock, ()
        if type(obj) is starlette.datastructures.State:
            return starlette.datastructures.State, (dict(obj._state),)
        return super().reducer_override(obj)


def pickled(value):
    import io

    buffer = io.BytesIO()
    Pickler(buffer).dump(value)
    return pickle.loads(buffer.getvalue())


@stories.vary("when", WHEN)
async def applications_pickled(api, log, when):
    app = application(api)
    if when == "after":
        await visit(app, lambda *parts: None)
        app.openapi()
    copied = pickled(app)
    assert copied is not app and copied.router is not app.router and type(copied) is type(app)
    log(copied.title, copied.state.number, copied.router.routes[0] is app.router.routes[0])
    await visit(copied, log)
    scope = {}
    await ask(copied, "/in/router/leaf/1", scope=scope)
    assert scope["app"] is copied and scope["router"] is copied.router
    copied.get("/late")(lambda: "late")
    route_of(copied, "/n/{n}").dependant.dependencies.clear()
    copied.dependency_overrides[dependency] = lambda: 99
    log(await ask(copied, "/late"), await ask(app, "/late"), await ask(app, "/n/1?q=x"))
    log(await ask(copied, "/in/router/leaf/1?q=x"), await ask(app, "/in/router/leaf/1?q=x"))
    await visit(pickled(copied), log)
    log(copied.openapi() == app.openapi(), sorted(copied.openapi()["paths"]))


@stories.vary("when", WHEN)
async def routers_and_routes_pickled(api, log, when):
    app = application(api)
    await served(app, when, *TARGETS)
    included = next(route for route in app.routes if hasattr(route, "effective_candidates"))
    parts = {
        "router": included.original_router,
        "inclusion": included,
        "route": route_of(app, "/n/{n}"),
        "context": included.effective_candidates()[0],
        "dependant": route_of(app, "/n/{n}").dependant,
    }
    for name, part in parts.items():
        copied = pickled(part)
        assert type(copied) is type(part)
        log(name, getattr(copied, "path", None), repr(copied) == repr(part))
    fresh = api.FastAPI()
    fresh.include_router(pickled(included.original_router), prefix="/p")
    fresh.router.routes.append(pickled(route_of(app, "/n/{n}")))
    for target in ("/p/router/leaf/1", "/p/router/nested/leaf/2", "/n/3", "/n/x"):
        log(target, await ask(fresh, target))


@stories
async def pickled_with_middleware_handlers_and_overrides(api, log):
    from starlette.middleware.gzip import GZipMiddleware

    app = application(api)
    app.add_middleware(GZipMiddleware)

    @app.exception_handler(404)
    async def missing(request, exc):
        return api.responses.PlainTextResponse("own 404", 404)

    app.dependency_overrides[dependency] = lambda: 7
    for _ in range(2):
        await visit(pickled(app), log)
        await visit(app, lambda *parts: None)


@stories
async def pickled_subclasses(api, log):
    class Route(api.routing.APIRoute):
        def get_route_handler(self):
            original = super().get_route_handler()

            async def handler(request):
                response = await original(request)
                return api.responses.PlainTextResponse(f"own {response.body}")

            return handler

    class Application(api.FastAPI):
        pass

    app = Application()
    app.router.route_class = Route
    app.get("/")(lambda: 1)
    for _ in range(2):
        copied = pickled(app)
        log(type(copied).__name__, await ask(copied, "/"), await ask(app, "/"))


test_same_story = stories.test()


@pytest.mark.parametrize("when", WHEN)
def test_plain_pickle_of_parts_that_allow_it(when: str) -> None:
    """What holds no function of a closure can be pickled by the standard library, too."""
    import asyncio

    api = load("ferroapi")
    app = api.FastAPI(openapi_url=None)
    app.get("/{n}")(endpoint)
    asyncio.run(served(app, when, "/1"))
    dependant = app.routes[-1].dependant
    assert shown(pickle.loads(pickle.dumps(dependant))) == shown(dependant)
