"""Objects changed after they were built, copies of them, and coroutines driven by hand."""

# mypy: ignore-errors
import asyncio
import copy
import pickle
from contextlib import AsyncExitStack
from typing import Annotated

import anyio

from ..driver import get, log, post_json, request
from ..registry import differential


def find(app, path):
    return next(route for route in app.router.routes if getattr(route, "path", None) == path)


@differential(
    get("/call"),
    get("/request-name"),
    get("/connection-name"),
    get("/response-name"),
    get("/tasks-name"),
    get("/params/5"),
    get("/params/x"),
    get("/insert"),
    get("/included/leaf"),
    get("/status"),
    get("/rebuild"),
    get("/overridden"),
    get("/overridden"),
    get("/mutate-overrides"),
    get("/overridden"),
)
def dependants(api):
    app = api.FastAPI()

    def noted(label):
        def dependency():
            log("dependency", label)
            return label

        return dependency

    async def endpoint(**values):
        return {key: type(value).__name__ for key, value in values.items()}

    def prepared(path, **attributes):
        app.add_api_route(path, endpoint_without_parameters, name=path)
        dependant = find(app, path).dependant
        dependant.call = endpoint
        for name, value in attributes.items():
            setattr(dependant, name, value)

    async def endpoint_without_parameters():
        return "unchanged"

    prepared("/call")
    prepared("/request-name", request_param_name="req")
    prepared("/connection-name", http_connection_param_name="conn")
    prepared("/response-name", response_param_name="resp")
    prepared("/tasks-name", background_tasks_param_name="tasks")

    @app.get("/params/{n}")
    async def params(n: int):
        return n

    @app.get("/strings/{n}")
    async def strings(n: str):
        return n

    find(app, "/params/{n}").dependant.path_params = find(app, "/strings/{n}").dependant.path_params

    @app.get("/insert")
    async def insert(first: Annotated[str, api.Depends(noted("first"))]):
        return first

    sub = api.dependencies.utils.get_parameterless_sub_dependant
    find(app, "/insert").dependant.dependencies.insert(
        0, sub(depends=api.Depends(noted("zeroth")), path="/insert")
    )

    router = api.APIRouter()

    @router.get("/leaf")
    async def leaf():
        return "leaf"

    app.include_router(router, prefix="/included")
    for route in app.router.routes:
        if hasattr(route, "effective_candidates"):
            for context in route.effective_candidates():
                context.dependant.dependencies.append(
                    sub(depends=api.Depends(noted("on context")), path=context.path)
                )

    @app.get("/status")
    async def status():
        return "status"

    @app.get("/rebuild")
    async def rebuild():
        return "rebuilt"

    find(app, "/status").status_code = 299
    route = find(app, "/rebuild")
    route.status_code = 298
    route.app = api.routing.request_response(route.get_route_handler())

    original = noted("original")

    @app.get("/overridden")
    async def overridden(value: Annotated[str, api.Depends(original)]):
        app.dependency_overrides[original] = noted("replaced by the first request")
        return value

    @app.get("/mutate-overrides")
    async def mutate():
        app.dependency_overrides.pop(original)
        app.dependency_overrides |= {original: noted("second")}
        return "mutated"

    return app


@differential(
    get("/a"),
    get("/b"),
    get("/copy/5"),
    get("/copy/x"),
    get("/c/d"),
    get("/deep/leaf/1"),
    get("/deep/leaf/x"),
    get("/shallow"),
)
def copies(api):
    app = api.FastAPI()

    def dependency(q: int = 1):
        return q

    def add(path):
        @app.get(path, name=path)
        async def endpoint(q: Annotated[int, api.Depends(dependency)], n: int = 0):
            return [path, q, n]

    add("/a")
    add("/b")
    router = api.APIRouter()

    @router.get("/leaf/{n}")
    async def leaf(n: int):
        return n

    deep = copy.deepcopy(router)
    app.include_router(deep, prefix="/deep")
    route = copy.deepcopy(router.routes[0])
    route.path = "/copy/{n}"
    route.path_regex, route.path_format, route.param_convertors = api.routing.compile_path("/copy/{n}")
    app.router.routes.append(route)
    dependant = find(app, "/b").dependant
    find(app, "/b").dependant = copy.copy(dependant)
    shallow = copy.copy(find(app, "/b"))
    shallow.path_regex = api.routing.compile_path("/shallow")[0]
    app.router.routes.append(shallow)
    return app


def module_endpoint(n: int = 0):
    return n


@differential(get("/"), get("/?n=3"), get("/?n=x"), get("/nowhere"))
def pickled_routes(api):
    app = api.FastAPI(openapi_url=None)
    app.get("/")(module_endpoint)
    route = find(app, "/")
    try:
        text = f"pickled {len(pickle.dumps(route.dependant)) > 0}"
    except Exception as exc:
        text = type(exc).__name__
    app.get("/nowhere")(lambda: text)
    return app


@differential(get("/solve?q=4"), get("/solve?q=x"), get("/private"), get("/contexts/1"))
def by_hand(api):
    """`solve_dependencies` from a bare scope, and the names other libraries read."""
    app = api.FastAPI()
    utils = api.dependencies.utils

    def resource(q: int):
        log("enter")
        yield q * 2
        log("exit")

    async def target(value: Annotated[int, api.Depends(resource)], request: api.Request, x: str = "d"):
        return value

    @app.get("/solve")
    async def solve(request: api.Request):
        dependant = utils.get_dependant(path="/", call=target)
        scope = {
            "type": "http",
            "path": "/",
            "headers": [],
            "query_string": request.scope["query_string"],
            "path_params": {},
        }
        async with AsyncExitStack() as outer, AsyncExitStack() as inner:
            scope |= {"fastapi_inner_astack": outer, "fastapi_function_astack": inner}
            solved = await utils.solve_dependencies(
                request=api.Request(scope),
                dependant=dependant,
                async_exit_stack=outer,
                embed_body_fields=False,
            )
            values = {
                key: value if isinstance(value, (int, str)) else type(value).__name__
                for key, value in solved.values.items()
            }
            return [values, solved.errors, len(solved.dependency_cache), solved.background_tasks]

    @app.get("/private")
    async def private():
        dependant = utils.get_dependant(path="/{p}", call=module_endpoint)
        return [
            [field.alias for field in utils.get_flat_params(dependant)],
            dependant.path,
            utils._should_embed_body_fields([]),
            [route.path for route in api.routing.iter_route_contexts(app.routes)],
        ]

    router = api.APIRouter(prefix="/contexts")

    @router.get("/{n}")
    async def contexts(request: api.Request, n: int):
        context = request.scope["fastapi"]["effective_route_context"]
        return [
            context.path,
            context.path_format,
            context.original_route.path,
            sorted(vars(context))[:3],
            request.scope["route"].path,
        ]

    app.include_router(router, prefix="")
    return app


class Pause:
    """An awaitable that hands a token to whoever drives the coroutine."""

    def __init__(self, token):
        self.token = token

    def __await__(self):
        return (yield self.token)


@differential(
    *(
        get(f"/{how}/{where}")
        for how in ("close", "throw", "value", "drop")
        for where in ("endpoint", "dependency", "teardown", "body")
    )
)
def driven_by_hand(api):
    class Driver:
        """Drive the inner application as an event loop would, and stop it at its first pause."""

        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            how = scope["path"].split("/")[1]

            async def sending(message):
                log("sends", message["type"], message.get("status"))

            async def receiving():
                return {"type": "http.request", "body": b""}

            inner = self.app(scope, receiving, sending)
            try:
                log("yielded", inner.send(None))
                if how == "close":
                    inner.close()
                    log("closed")
                elif how == "throw":
                    inner.throw(KeyError("thrown"))
                elif how == "value":
                    log("again", inner.send("sent"))
                    inner.send("more")
                else:
                    del inner
                    log("dropped")
            except StopIteration as stop:
                log("finished", stop.value)
            except Exception as exc:
                log("raised", type(exc).__name__, exc)
            if how != "drop":
                try:
                    inner.send(None)
                except (StopIteration, RuntimeError) as exc:
                    log("afterwards", type(exc).__name__, exc)
            await api.responses.PlainTextResponse("driven")(scope, receive, send)

    app = api.FastAPI()
    app.add_middleware(Driver)

    def sync_free(where):
        async def dependency():
            try:
                if where == "dependency":
                    log("dependency got", await Pause("in dependency"))
                yield
            except BaseException as exc:
                log("dependency saw", type(exc).__name__)
                raise
            finally:
                log("dependency finally")
            if where == "teardown":
                log("teardown got", await Pause("in teardown"))

        return dependency

    def add(how, where):
        @app.get(f"/{how}/{where}", name=f"{how} {where}", dependencies=[api.Depends(sync_free(where))])
        async def endpoint():
            try:
                if where == "endpoint":
                    log("endpoint got", await Pause("in endpoint"))
                if where == "body":

                    class Body(api.responses.PlainTextResponse):
                        async def __call__(self, scope, receive, send):
                            log("response got", await Pause("in response"))
                            await super().__call__(scope, receive, send)

                    return Body("x")
            finally:
                log("endpoint finally")
            return "done"

    for how in ("close", "throw", "value", "drop"):
        for where in ("endpoint", "dependency", "teardown", "body"):
            add(how, where)
    return app


@differential(get("/together"), get("/nested"), request("POST", "/cancel"), post_json("/shield", {}))
def concurrency(api):
    class Runner:
        """Turn one request into several at once."""

        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def one(n, sink):
                async def sending(message):
                    sink.append((n, message["type"], message.get("body", b"")))

                state = {"n": n}
                await self.app(dict(scope, path=f"/step/{n}", state=state, fastapi={}), receive, sending)

            if scope["path"] == "/together":
                sink = []
                async with anyio.create_task_group() as group:
                    for n in range(5):
                        group.start_soon(one, n, sink)
                log(sorted(body for _, kind, body in sink if kind.endswith("body")))
            if scope["path"] == "/cancel":
                async with anyio.create_task_group() as group:
                    group.start_soon(one, 99, [])
                    await started.wait()
                    group.cancel_scope.cancel()
                log("cancelled")
            await self.app(scope, receive, send)

    app = api.FastAPI()
    app.add_middleware(Runner)
    started = anyio.Event()

    async def resource(n: int):
        try:
            yield n
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            if n == 99:
                log("cleaned up after cancellation")

    @app.get("/step/{n}")
    @app.post("/step/{n}", include_in_schema=False)
    async def step(n: int, request: api.Request, value: Annotated[int, api.Depends(resource)]):
        if n == 99:
            started.set()
            await anyio.sleep_forever()
        await anyio.sleep(0.001 * (5 - n))
        return [n, value, request.state.n]

    @app.get("/together")
    async def together():
        return "done"

    @app.post("/cancel")
    async def cancel():
        return "done"

    @app.get("/nested")
    async def nested():
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0)
            with anyio.move_on_after(0.01) as scope:
                await anyio.sleep_forever()
        return scope.cancelled_caught

    @app.post("/shield")
    async def shield():
        with anyio.move_on_after(0.01), anyio.CancelScope(shield=True):
            await anyio.sleep(0.02)
        return "survived"

    return app


@differential(
    get("/timeout"), get("/wait-for"), get("/gather"), get("/task"), get("/executor"), backends=("asyncio",)
)
def asyncio_only(api):
    app = api.FastAPI()

    async def slow():
        try:
            await asyncio.sleep(10)
        finally:
            log("slow ended")

    @app.get("/timeout")
    async def timeout():
        try:
            async with asyncio.timeout(0.01):
                await slow()
        except TimeoutError:
            return "timed out"

    @app.get("/wait-for")
    async def wait_for():
        try:
            await asyncio.wait_for(slow(), 0.01)
        except TimeoutError:
            return "timed out"

    @app.get("/gather")
    async def gather():
        return await asyncio.gather(*(asyncio.sleep(0, n) for n in range(3)))

    @app.get("/task")
    async def task():
        made = asyncio.create_task(slow())
        await asyncio.sleep(0)
        made.cancel()
        await asyncio.wait([made])
        return made.cancelled()

    @app.get("/executor")
    async def executor():
        return await asyncio.get_running_loop().run_in_executor(None, lambda: "from a thread")

    return app
