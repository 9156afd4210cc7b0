"""SURFACE A: functions of `routing` (and two more) that instrumentation replaces while the application serves."""

# mypy: ignore-errors
import copy
import dataclasses
from typing import Annotated

import starlette.requests
from pydantic import BaseModel
from tests.both import Stories, ask, replaced, talk

stories = Stories()


class Item(BaseModel):
    a: int


def application(api, log=lambda *parts: None):
    """One path operation of each kind, one of them included."""
    app = api.FastAPI()

    async def number(q: int = 5):
        return q

    @app.get("/async/{n}")
    async def asynchronous(n: int, q: Annotated[int, api.Depends(number)]):
        return [n, q]

    @app.get("/sync/{n}")
    def synchronous(n: int):
        return [n]

    @app.post("/model")
    async def model(item: Item) -> Item:
        return item

    @app.get("/response")
    async def response():
        return api.responses.PlainTextResponse("text")

    @app.websocket("/ws/{n}")
    async def session(websocket: api.WebSocket, n: int, q: Annotated[int, api.Depends(number)]):
        await websocket.accept()
        await websocket.send_text(f"{n} {q}")

    router = api.APIRouter()

    @router.get("/{n}")
    async def included(n: int):
        return n

    app.include_router(router, prefix="/included")
    return app


# The included one first: an inclusion is built when the first request reaches it, here with the first request.
TARGETS = ("/included/3", "/included/x", "/async/1", "/async/x", "/sync/2", "/response", "/nowhere")


async def visit(app, log):
    for target in TARGETS:
        log(target, await ask(app, target))
    log("/model", await ask(app, "/model", method="POST", body={"a": 1}))
    log("/ws", await talk(app, "/ws/4"), await talk(app, "/ws/x"))


async def visit_around(app, log, *changes):
    """Before, during and after the changes, so that plans of either state exist already."""
    for when, made in (("before", ()), ("during", changes), ("after", ())):
        log("--", when)
        with replaced(*made):
            await visit(app, log)


@stories
async def get_request_handler_is_looked_up_at_each_build(api, log):
    original = api.routing.get_request_handler

    def factory(*args, **kwargs):
        assert not args and "dependant" in kwargs
        dependant = kwargs["dependant"]
        name, call = dependant.call.__name__, dependant.call
        log("building", name, sorted(kwargs))

        async def counted(**values):  # as Sentry wraps a synchronous endpoint
            log("calling", name)
            result = call(**values)
            return await result if hasattr(result, "__await__") else result

        dependant.call = counted
        handler = original(*args, **kwargs)

        async def wrapped(request):
            log("handling", type(request).__name__, request.scope["path"], request.scope["endpoint"].__name__)
            return await handler(request)

        return wrapped

    with replaced((api.routing, "get_request_handler", factory)):
        app = application(api)
        await visit(app, log)
    # Handlers that exist keep the wrapper; what is built from here on does not.
    await visit(app, log)
    app.get("/late")(lambda: "late")
    log(await ask(app, "/late"))


@stories
async def get_request_handler_builds_inclusions_lazily(api, log):
    original = api.routing.get_request_handler

    def factory(**kwargs):
        log("building", kwargs["dependant"].path)
        return original(**kwargs)

    app = application(api)
    with replaced((api.routing, "get_request_handler", factory)):
        log("nothing built yet")
        for _ in range(2):
            log(await ask(app, "/included/1"))
        app.include_router(app.routes[-1].original_router, prefix="/again")
        log(await ask(app, "/again/1"))


@stories
async def solve_dependencies_and_a_values_subclass(api, log):
    solve, run = api.routing.solve_dependencies, api.routing.run_endpoint_function
    made = []

    class Values(dict):
        pass

    async def solving(**kwargs):
        log("solve", kwargs["dependant"].path, type(kwargs["request"]).__name__, sorted(kwargs))
        solved = await solve(**kwargs)
        log(
            "solved",
            type(solved).__name__,
            sorted(solved.values),
            len(solved.errors),
            solved.background_tasks,
        )
        made.append(Values(solved.values))
        return dataclasses.replace(solved, values=made[-1])

    async def running(*, dependant, values, is_coroutine):
        assert values is made[-1]
        log("run", type(values).__name__, is_coroutine)
        return await run(dependant=dependant, values=values, is_coroutine=is_coroutine)

    changes = (api.routing, "solve_dependencies", solving), (api.routing, "run_endpoint_function", running)
    await visit_around(application(api), log, *changes)


@stories
async def solve_dependencies_changes_the_outcome(api, log):
    solve = api.routing.solve_dependencies

    async def solving(**kwargs):
        solved = await solve(**kwargs)
        if solved.errors:
            return dataclasses.replace(solved, values=solved.values | {"n": 77}, errors=[])
        solved.response.headers["x-solved"] = "yes"
        return dataclasses.replace(solved, values=dict.fromkeys(solved.values, 88))

    app = application(api)
    with replaced((api.routing, "solve_dependencies", solving)):
        for target in ("/async/1", "/included/x"):
            log(await ask(app, target))


@stories
async def run_endpoint_function_with_a_copied_dependant(api, log):
    original = api.routing.run_endpoint_function

    async def running(*, dependant, values, is_coroutine):  # as New Relic does
        log("run", dependant.call.__name__, values, is_coroutine)
        call, traced = dependant.call, copy.copy(dependant)

        async def asynchronous(*args, **kwargs):
            log("traced")
            return await call(*args, **kwargs)

        def synchronous(*args, **kwargs):
            log("traced in a thread")
            return call(*args, **kwargs)

        traced.call = asynchronous if is_coroutine else synchronous
        result = await original(dependant=traced, values=values, is_coroutine=is_coroutine)
        assert dependant.call is call
        return result

    await visit_around(application(api), log, (api.routing, "run_endpoint_function", running))


@stories
async def serialize_response_sees_every_result_that_is_no_response(api, log):
    original = api.routing.serialize_response

    async def serializing(**kwargs):
        log("serialize", repr(kwargs["response_content"]), kwargs["field"] is not None, sorted(kwargs))
        return await original(**kwargs)

    await visit_around(application(api), log, (api.routing, "serialize_response", serializing))


@stories
async def run_in_threadpool_and_jsonable_encoder(api, log):
    threadpool, encoder = api.routing.run_in_threadpool, api.routing.jsonable_encoder

    async def in_threadpool(func, *args, **kwargs):
        log("in a thread")
        return await threadpool(func, *args, **kwargs)

    def encoding(value, *args, **kwargs):
        log("encode", value)
        return {"encoded": encoder(value, *args, **kwargs)}

    for name, new in (("run_in_threadpool", in_threadpool), ("jsonable_encoder", encoding)):
        await visit_around(application(api), log, (api.routing, name, new))


@stories
async def request_response_is_used_for_routes_and_inclusions(api, log):
    original = api.routing.request_response

    def wrapping(func):
        app = original(func)

        async def wrapped(scope, receive, send):
            log("in request_response", scope["path"])
            await app(scope, receive, send)

        return wrapped

    with replaced((api.routing, "request_response", wrapping)):
        app = application(api)
        await visit(app, log)
    await visit(app, log)


@stories
async def swagger_page_is_looked_up_globally(api, log):
    def page(**kwargs):
        return api.responses.HTMLResponse(f"own page {sorted(kwargs)}")

    app = api.FastAPI()
    status, text = await ask(app, "/docs")
    log(status, "swagger-ui" in text)
    with replaced((api.applications, "get_swagger_ui_html", page)):
        log(await ask(app, "/docs"))
    log("own page" in (await ask(app, "/docs"))[1])


@stories
async def every_request_goes_through_its_init(api, log):
    original = starlette.requests.Request.__init__
    seen = []

    def init(self, *args, **kwargs):
        seen.append(type(self).__name__)
        original(self, *args, **kwargs)
        self.marked = True

    app = application(api)

    def dependency(request: api.Request):
        return request

    @app.get("/looks/{n}")
    async def looks(request: api.Request, n: int, same: Annotated[object, api.Depends(dependency)]):
        assert same is request
        return request.marked

    @app.exception_handler(api.exceptions.RequestValidationError)
    async def invalid(request, exc):
        return api.responses.PlainTextResponse(f"invalid {request.marked}", 422)

    @app.exception_handler(404)
    async def missing(request, exc):
        return api.responses.PlainTextResponse(f"missing {request.marked}", 404)

    await ask(app, "/looks/1")
    with replaced((starlette.requests.Request, "__init__", init)):
        for target in ("/looks/1", "/looks/x", "/nowhere", "/async/1", "/sync/1", "/included/1"):
            seen.clear()
            log(target, await ask(app, target))
            assert seen, "no request object was made"
    log(await ask(app, "/async/1"))


test_same_story = stories.test()
