"""What instrumentation does to a running application: functions and methods replaced, on the module and on classes."""

# mypy: ignore-errors
import copy
import dataclasses
from contextlib import contextmanager
from typing import Annotated

import starlette.requests
import starlette.routing
from pydantic import BaseModel

from ..driver import get, log, post_json, request, ws
from ..registry import differential


class Item(BaseModel):
    a: int


@contextmanager
def replaced(*changes):
    """Replace `(owner, name, new)` for a while."""
    saved = [(owner, name, owner.__dict__.get(name), getattr(owner, name)) for owner, name, _ in changes]
    for owner, name, new in changes:
        setattr(owner, name, new)
    try:
        yield
    finally:
        for owner, name, own, inherited in saved:
            if own is None and isinstance(owner, type):
                delattr(owner, name)
            else:
                setattr(owner, name, inherited if own is None else own)


def routes(api, app):
    def resource(q: int = 0):
        log("enter", q)
        yield q
        log("exit")

    @app.get("/async/{n}")
    async def endpoint(n: int, value: Annotated[int, api.Depends(resource)]):
        return [n, value]

    @app.get("/sync/{n}")
    def sync_endpoint(n: int):
        return [n]

    @app.post("/model")
    async def model(item: Item) -> Item:
        return item

    @app.get("/response")
    async def response():
        return api.responses.PlainTextResponse("text")

    @app.get("/fails")
    async def fails():
        raise ValueError("broken")

    router = api.APIRouter(prefix="/in")

    @router.get("/{n}")
    async def included(n: int):
        return n

    app.include_router(router, prefix="/inc")

    @app.websocket("/ws/{n}")
    async def socket(websocket: api.WebSocket, n: int, value: Annotated[int, api.Depends(resource)]):
        await websocket.accept()
        await websocket.send_json([n, value])

    async def mounted(scope, receive, send):
        await api.responses.PlainTextResponse("mounted")(scope, receive, send)

    app.mount("/mounted", mounted)
    return app


EXCHANGES = (
    get("/async/1?q=2"),
    get("/async/x?q=y"),
    get("/sync/1"),
    post_json("/model", {"a": 1}),
    post_json("/model", {"a": "x"}),
    get("/response"),
    get("/fails"),
    get("/inc/in/3"),
    get("/inc/in/x"),
    get("/mounted/x"),
    get("/nowhere"),
    request("POST", "/sync/1"),
    ws("/ws/5?q=6"),
    ws("/ws/x"),
)


def during_requests(app, make_changes):
    """Apply the changes around each request, warm first so that plans already exist."""

    class Patching:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            with replaced(*make_changes()):
                await self.app(scope, receive, send)

    app.add_middleware(Patching)
    return app


@differential(*EXCHANGES)
def run_endpoint_function(api):
    routing = api.routing
    original = routing.run_endpoint_function

    async def patched(*, dependant, values, is_coroutine):
        log("run", getattr(dependant.call, "__name__", "?"), sorted(values), is_coroutine)
        renamed = copy.copy(dependant)
        call = dependant.call

        if is_coroutine:

            async def wrapper(*args, **kwargs):
                log("wrapped call")
                return await call(*args, **kwargs)
        else:

            def wrapper(*args, **kwargs):
                log("wrapped sync call")
                return call(*args, **kwargs)

        renamed.call = wrapper
        return await original(dependant=renamed, values=values, is_coroutine=is_coroutine)

    return during_requests(routes(api, api.FastAPI()), lambda: [(routing, "run_endpoint_function", patched)])


@differential(*EXCHANGES)
def solve_dependencies(api):
    routing = api.routing
    original = routing.solve_dependencies

    class Values(dict):
        pass

    async def patched(**kwargs):
        log("solve", kwargs["dependant"].path, type(kwargs["request"]).__name__, "async_exit_stack" in kwargs)
        solved = await original(**kwargs)
        log("solved", sorted(solved.values), len(solved.errors), solved.background_tasks)
        return dataclasses.replace(solved, values=Values(solved.values))

    run = routing.run_endpoint_function

    async def run_patched(*, dependant, values, is_coroutine):
        log("values are", type(values).__name__)
        return await run(dependant=dependant, values=values, is_coroutine=is_coroutine)

    return during_requests(
        routes(api, api.FastAPI()),
        lambda: [(routing, "solve_dependencies", patched), (routing, "run_endpoint_function", run_patched)],
    )


@differential(*EXCHANGES)
def other_functions(api):
    routing = api.routing
    serialize, threadpool, encoder = (
        routing.serialize_response,
        routing.run_in_threadpool,
        routing.jsonable_encoder,
    )

    async def serialize_patched(**kwargs):
        log("serialize", type(kwargs["response_content"]).__name__, kwargs.get("field") is not None)
        return await serialize(**kwargs)

    async def threadpool_patched(func, *args, **kwargs):
        log("threadpool")
        return await threadpool(func, *args, **kwargs)

    def encoder_patched(value, *args, **kwargs):
        log("encode", type(value).__name__, sorted(kwargs))
        return encoder(value, *args, **kwargs)

    return during_requests(
        routes(api, api.FastAPI()),
        lambda: [
            (routing, "serialize_response", serialize_patched),
            (routing, "run_in_threadpool", threadpool_patched),
            (routing, "jsonable_encoder", encoder_patched),
        ],
    )


@differential(*EXCHANGES)
def handler_factories(api):
    routing = api.routing
    original, response_original = routing.get_request_handler, routing.request_response

    def factory(*args, **kwargs):
        call = kwargs["dependant"].call
        log("building", len(args), sorted(kwargs)[:3], getattr(call, "__name__", "?"))
        handler = original(*args, **kwargs)

        async def wrapped(request):
            log("in handler", request.scope["path"], request.scope.get("route") is not None)
            return await handler(request)

        return wrapped

    def response_factory(func):
        app = response_original(func)

        async def wrapped(scope, receive, send):
            log("in request_response")
            await app(scope, receive, send)

        return wrapped

    with replaced((routing, "get_request_handler", factory), (routing, "request_response", response_factory)):
        return routes(api, api.FastAPI())


@differential(*EXCHANGES)
def class_methods(api):
    def logging(owner, name):
        original = getattr(owner, name)

        if name == "matches":

            def patched(self, scope):
                match, child = original(self, scope)
                if match.value:
                    log(owner.__name__, "matches", getattr(self, "path", "?"), match.name, sorted(child))
                return match, child
        else:

            async def patched(self, scope, receive, send):
                log(owner.__name__, name, getattr(self, "path", "?"), scope.get("path_params"))
                await original(self, scope, receive, send)

        return owner, name, patched

    app = routes(api, api.FastAPI())
    return during_requests(
        app,
        lambda: [
            logging(api.routing.APIRoute, "handle"),
            logging(api.routing.APIRoute, "matches"),
            logging(starlette.routing.Route, "handle"),
            logging(starlette.routing.Mount, "handle"),
            logging(starlette.routing.WebSocketRoute, "handle"),
        ],
    )


@differential(*EXCHANGES, get("/looks/1"), get("/looks/x"))
def request_init(api):
    """Requests may be made later than on the reference, or not at all, but each goes through `__init__`."""
    original = starlette.requests.Request.__init__
    app = routes(api, api.FastAPI())

    def init(self, scope, *args, **kwargs):
        original(self, scope, *args, **kwargs)
        self.seen_by_the_patch = True

    def dependency(request: api.Request):
        log("dependency sees", request.seen_by_the_patch)
        return request

    @app.get("/looks/{n}")
    async def looks(request: api.Request, n: int, same: Annotated[object, api.Depends(dependency)]):
        log("endpoint sees", request.seen_by_the_patch, same is request)
        return n

    @app.exception_handler(ValueError)
    async def handler(request, exc):
        return api.responses.PlainTextResponse(f"handled {request.url.path} {request.seen_by_the_patch}", 400)

    @app.exception_handler(api.exceptions.RequestValidationError)
    async def invalid(request, exc):
        return api.responses.PlainTextResponse(f"invalid {request.seen_by_the_patch}", 422)

    @app.exception_handler(404)
    async def missing(request, exc):
        return api.responses.PlainTextResponse(f"missing {request.seen_by_the_patch}", 404)

    return during_requests(app, lambda: [(starlette.requests.Request, "__init__", init)])


@differential(get("/async/1"), get("/fails"), get("/nowhere"), get("/async/x"))
def stack_attributes(api):
    app = routes(api, api.FastAPI())
    stack = app.build_middleware_stack()
    log(type(stack).__name__, stack.debug, stack.handler)

    async def handler(request, exc):
        log("set on the stack")
        return api.responses.PlainTextResponse(f"late handler {exc}", 500)

    stack.handler = handler
    inner, names = stack.app, []
    while inner is not None:
        names.append(type(inner).__name__)
        inner = (
            getattr(inner, "app", None) if type(inner).__name__ not in ("APIRouter", "Dispatcher") else None
        )
    app.middleware_stack = stack
    log([name for name in names if name in ("ServerErrorMiddleware", "ExceptionMiddleware")])
    return app


@differential(get("/swap/None"), get("/async/1"), get("/swap/own"), get("/async/1"), get("/async/1"))
def stack_replaced_live(api):
    app = routes(api, api.FastAPI())

    @app.get("/swap/{kind}")
    async def swap(kind: str):
        async def own(scope, receive, send):
            log("own stack")
            app.middleware_stack = None
            await api.responses.PlainTextResponse("own")(scope, receive, send)

        app.middleware_stack = None if kind == "None" else own
        return kind

    return app


@differential(*EXCHANGES)
def subclasses(api):
    class App(api.FastAPI):
        extra = "set"

        def __init__(self, **options):
            self.early = True
            super().__init__(**options)

        async def __call__(self, scope, receive, send):
            log("App.__call__", scope["type"])
            await super().__call__(scope, receive, send)

        def add_api_route(self, path, endpoint, **options):
            log("add_api_route", path)
            super().add_api_route(path, endpoint, **options)

    class Router(api.APIRouter):
        async def __call__(self, scope, receive, send):
            log("Router.__call__", scope["path"])
            await super().__call__(scope, receive, send)

        def add_api_route(self, path, endpoint, **options):
            log("Router.add_api_route", path)
            super().add_api_route(path, endpoint, **options)

    app = App()
    app.router.__class__ = Router
    return routes(api, app)


@differential(get("/own/1"), get("/replaced"), get("/rebuilt/x"), get("/not-found/x"))
def route_apps(api):
    class OwnApp(api.routing.APIRoute):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            inner = self.app

            async def app(scope, receive, send):
                log("own app")
                await inner(scope, receive, send)

            self.app = app

    app = api.FastAPI()
    router = api.APIRouter(route_class=OwnApp)
    router.get("/own/{n}")(lambda n: n)
    app.include_router(router)
    app.get("/replaced")(lambda: "never")
    app.get("/rebuilt/{n}")(lambda n: n)

    async def text(scope, receive, send):
        await api.responses.PlainTextResponse("replaced app")(scope, receive, send)

    by_path = {getattr(route, "path", None): route for route in app.router.routes}
    by_path["/replaced"].app = text
    rebuilt = by_path["/rebuilt/{n}"]
    rebuilt.app = api.routing.request_response(rebuilt.get_route_handler())

    async def default(scope, receive, send):
        log("default", scope["path"])
        await api.responses.PlainTextResponse("own default", 404)(scope, receive, send)

    app.router.default = default
    return app
