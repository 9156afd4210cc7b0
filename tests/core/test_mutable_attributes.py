"""Every public attribute of routes, routers and applications, edited in place or replaced while they serve."""

# mypy: ignore-errors
import json
import re
from typing import Annotated, Any

import starlette.convertors
import starlette.routing
from pydantic import BaseModel
from starlette.middleware import Middleware
from tests.both import Stories, ask, route_of, talk
from tests.differential.driver import Http, http_scope

story = Stories()
test_mutable_attributes = story.test()


class Model(BaseModel):
    a: int = 1
    b: int = 2


class Convertor(starlette.convertors.Convertor):
    """Matches digits in brackets, for `str` in its place."""

    regex = r"\[[0-9]+\]"

    def convert(self, value):
        return value.strip("[]")

    def to_string(self, value):
        return f"[{value}]"


def application(api: Any) -> Any:
    """An application with routes of all kinds: its own, included, a plain one, mounted."""
    app = api.FastAPI()

    @app.get("/own/{name}")
    async def own(name: str, q: int = 0) -> Model:
        return Model(a=q)

    @app.post("/plain", dependencies=[])
    async def plain(response: api.Response):
        return {"plain": True}

    router = api.APIRouter(prefix="/in")

    @router.get("/leaf/{name}")
    async def leaf(name: str, q: int = 0) -> Model:
        return Model(a=q)

    app.include_router(router)
    app.state.inner = router

    async def starlettes(request):
        return api.responses.PlainTextResponse("starlette")

    app.router.routes.append(starlette.routing.Route("/starlette/{name}", starlettes))
    app.mount("/mounted", starlette.routing.Router([starlette.routing.Route("/{name}", starlettes)]))

    @app.get("/fails")
    async def fails():
        raise LookupError("fails")

    @app.websocket("/ws")
    async def ws(websocket: api.WebSocket):
        await websocket.accept()

    return app


async def answer(app: Any, log: Any, method: str, target: str, body: bytes = b"") -> None:
    """Log a whole response."""
    scope = http_scope(Http(target=target, method=method))
    if body:
        scope["headers"].append((b"content-type", b"application/json"))
    script = [{"type": "http.request", "body": body}]
    parts = []

    async def receive():
        return script.pop() if script else {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            headers = [
                pair
                for pair in message["headers"]
                if pair[0] in (b"allow", b"location", b"content-type", b"x")
            ]
            # The order of methods is that of a set.
            parts.extend([message["status"], [(name, sorted(value.split(b", "))) for name, value in headers]])
        elif len(message["body"]) < 300:
            parts.append(message["body"])

    try:
        await app(scope, receive, send)
    except Exception as exc:
        parts.append(repr(exc))
    route = scope.get("route")
    log(method, target, *parts, getattr(route, "name", None), scope.get("path_params"))


async def look(app: Any, log: Any) -> None:
    """Ask everything."""
    for target in ("/own/x", "/in/leaf/x", "/starlette/x", "/mounted/x"):
        for method in ("GET", "HEAD", "POST", "DELETE"):
            await answer(app, log, method, target)
    for target in (
        "/own/[5]?q=7",
        "/own/x?q=x",
        "/own/x/",
        "/in/leaf/[5]?q=7",
        "/in/leaf/x/",
        "/other/x",
        "/in/other/x",
    ):
        await answer(app, log, "GET", target)
    await answer(app, log, "POST", "/plain", b'{"a": 5}')
    await answer(app, log, "GET", "/fails")
    await answer(app, log, "GET", "/none")
    log("ws", await talk(app, "/ws"))


ROUTES = {
    "own": lambda app: route_of(app, "/own/{name}"),
    "inner": lambda app: route_of(app.state.inner, "/in/leaf/{name}"),
    "starlette": lambda app: route_of(app, "/starlette/{name}"),
}


def denied(api):
    def dependency():
        raise api.HTTPException(418, "denied")

    return dependency


def regex_of(path):
    regex, _, _ = starlette.routing.compile_path(path)
    return regex


async def other_endpoint(*args, **kwargs):
    return {"other": True}


OF_ROUTES = {
    "methods.add": lambda api, route: route.methods.add("DELETE"),
    "methods.discard": lambda api, route: route.methods.discard("GET"),
    "methods.clear": lambda api, route: route.methods.clear(),
    "methods |=": lambda api, route: route.methods.update(["POST", "DELETE"]),
    "methods.swap": lambda api, route: (route.methods.discard("GET"), route.methods.add("POST")),
    "methods.replace": lambda api, route: setattr(route, "methods", {"DELETE"}),
    "methods = None": lambda api, route: setattr(route, "methods", None),
    "methods = list": lambda api, route: setattr(route, "methods", ["POST"]),
    "methods = frozenset": lambda api, route: setattr(route, "methods", frozenset({"POST"})),
    "methods, replaced and edited": lambda api, route: (
        setattr(route, "methods", {"POST"}),
        route.methods.add("GET"),
        route.methods.discard("POST"),
    ),
    "path": lambda api, route: setattr(route, "path", "/other/{name}"),
    "path_regex": lambda api, route: setattr(route, "path_regex", re.compile("^/other/(?P<name>.*)$")),
    "path and regex": lambda api, route: (
        setattr(route, "path", "/other/{name}"),
        setattr(route, "path_regex", regex_of("/other/{name}")),
    ),
    "path_format": lambda api, route: setattr(route, "path_format", "/format/{name}"),
    "param_convertors[]": lambda api, route: route.param_convertors.update(name=Convertor()),
    "param_convertors.clear": lambda api, route: route.param_convertors.clear(),
    "param_convertors": lambda api, route: setattr(route, "param_convertors", {"name": Convertor()}),
    "convertor's attribute": lambda api, route: (
        setattr(route.param_convertors["name"], "convert", lambda value: value.upper())
        if type(route.param_convertors["name"]) is Convertor
        else route.param_convertors.update(name=Convertor())
    ),
    "name": lambda api, route: setattr(route, "name", "another name"),
    "endpoint": lambda api, route: setattr(route, "endpoint", other_endpoint),
    "app": lambda api, route: setattr(route, "app", api.responses.PlainTextResponse("app")),
    "include_in_schema": lambda api, route: setattr(route, "include_in_schema", False),
}
OF_API_ROUTES = {
    "dependencies.append": lambda api, route: route.dependencies.append(api.Depends(denied(api))),
    "dependencies": lambda api, route: setattr(route, "dependencies", [api.Depends(denied(api))]),
    "dependant.dependencies.append": lambda api, route: route.dependant.dependencies.append(
        api.dependencies.utils.get_dependant(path=route.path, call=denied(api))
    ),
    "dependant.call": lambda api, route: setattr(route.dependant, "call", other_endpoint),
    "dependant.query_params.clear": lambda api, route: route.dependant.query_params.clear(),
    "dependant": lambda api, route: setattr(
        route, "dependant", api.dependencies.utils.get_dependant(path=route.path, call=other_endpoint)
    ),
    "status_code": lambda api, route: setattr(route, "status_code", 201),
    "response_model": lambda api, route: setattr(route, "response_model", dict),
    "response_field": lambda api, route: setattr(route, "response_field", None),
    "response_class": lambda api, route: setattr(route, "response_class", api.responses.PlainTextResponse),
    "response_model_include": lambda api, route: setattr(route, "response_model_include", {"a"}),
    "response_model_exclude": lambda api, route: setattr(route, "response_model_exclude", {"a"}),
    "response_model_exclude_unset": lambda api, route: setattr(route, "response_model_exclude_unset", True),
    "response_model_by_alias": lambda api, route: setattr(route, "response_model_by_alias", False),
    "strict_content_type": lambda api, route: setattr(route, "strict_content_type", False),
    "dependency_overrides_provider": lambda api, route: setattr(route, "dependency_overrides_provider", None),
    "body_field": lambda api, route: setattr(route, "body_field", None),
    "form_limits": lambda api, route: route.form_limits.update(max_files=1),
    "max_body_size": lambda api, route: setattr(route, "max_body_size", 1),
    "tags": lambda api, route: route.tags.append("tag"),
    "responses": lambda api, route: route.responses.update({404: {"description": "none"}}),
    "callbacks": lambda api, route: setattr(route, "callbacks", []),
    "handler built again": lambda api, route: setattr(
        route, "app", api.routing.request_response(route.get_route_handler())
    ),
    "status, handler built again": lambda api, route: (
        setattr(route, "status_code", 201),
        setattr(route, "app", api.routing.request_response(route.get_route_handler())),
    ),
}


async def changed(api: Any, log: Any, before: int, change: Any) -> None:
    """Serve, change, serve, change again, serve."""
    app = application(api)
    for _ in range(before):
        await look(app, lambda *parts: None)
    await look(app, log)
    for label in ("changed", "changed again"):
        try:
            change(app)
        except Exception as exc:
            log("the change fails", repr(exc))
        log(label)
        await look(app, log)
    log("at last")
    await look(app, log)


@story.vary("name", [*OF_ROUTES, *OF_API_ROUTES])
async def an_attribute_of_a_route(api, log, name):
    change = {**OF_ROUTES, **OF_API_ROUTES}[name]
    for kind, find in ROUTES.items():
        if kind == "starlette" and name in OF_API_ROUTES:
            continue
        log(kind)
        await changed(api, log, 2 * (kind == "own"), lambda app, find=find: change(api, find(app)))


class Adds:
    """Middleware that adds a header."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def adding(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x", b"added")]
            await send(message)

        await self.app(scope, receive, adding)


def route(api, path="/other/{name}", label="late"):
    async def endpoint(name: str):
        return label

    return api.routing.APIRoute(path, endpoint)


OF_ROUTERS = {
    "routes.append": lambda api, router: router.routes.append(route(api)),
    "routes.insert": lambda api, router: router.routes.insert(0, route(api, "/own/{name}")),
    "routes.pop": lambda api, router: router.routes.pop(0),
    "routes[0]": lambda api, router: router.routes.__setitem__(0, route(api)),
    "routes[:]": lambda api, router: router.routes.__setitem__(slice(None), [route(api)]),
    "del routes[:2]": lambda api, router: router.routes.__delitem__(slice(0, 2)),
    "routes +=": lambda api, router: router.routes.__iadd__([route(api)]),
    "routes.extend": lambda api, router: router.routes.extend([route(api)]),
    "routes.sort": lambda api, router: router.routes.sort(
        key=lambda item: getattr(item, "path", ""), reverse=True
    ),
    "routes.reverse": lambda api, router: router.routes.reverse(),
    "routes.clear": lambda api, router: router.routes.clear(),
    "routes = list": lambda api, router: setattr(router, "routes", [*router.routes[1:], route(api)]),
    "redirect_slashes": lambda api, router: setattr(router, "redirect_slashes", False),
    "default": lambda api, router: setattr(
        router, "default", api.responses.PlainTextResponse("default", 410)
    ),
    "prefix": lambda api, router: setattr(router, "prefix", "/prefix"),
    "dependencies.append": lambda api, router: router.dependencies.append(api.Depends(denied(api))),
    "dependencies": lambda api, router: setattr(router, "dependencies", [api.Depends(denied(api))]),
    "dependency_overrides_provider": lambda api, router: setattr(
        router, "dependency_overrides_provider", None
    ),
    "default_response_class": lambda api, router: setattr(
        router, "default_response_class", api.responses.PlainTextResponse
    ),
    "form_limits": lambda api, router: router.form_limits.update(max_files=1),
    "max_body_size": lambda api, router: setattr(router, "max_body_size", 1),
    "on_startup": lambda api, router: router.on_startup.append(lambda: None),
    "middleware_stack": lambda api, router: setattr(
        router, "middleware_stack", api.responses.PlainTextResponse("stack")
    ),
    "strict_content_type": lambda api, router: setattr(router, "strict_content_type", False),
    "route_class": lambda api, router: setattr(
        router, "route_class", type("Own", (api.routing.APIRoute,), {})
    ),
}


def takes(api, text):
    async def handler(request, exc):
        return api.responses.PlainTextResponse(text, 418)

    return handler


def without_stack(change):
    """The same change, and the stack built anew."""

    def both(api, app):
        change(api, app)
        app.middleware_stack = None

    return both


OF_APPLICATIONS = {
    "exception_handlers[]": lambda api, app: app.exception_handlers.update(
        {LookupError: takes(api, "lookup")}
    ),
    "exception_handlers": lambda api, app: setattr(app, "exception_handlers", {404: takes(api, "missing")}),
    "user_middleware.insert": lambda api, app: app.user_middleware.insert(0, Middleware(Adds)),
    "user_middleware": lambda api, app: setattr(app, "user_middleware", [Middleware(Adds)]),
    "debug": lambda api, app: setattr(app, "title", "title"),
    "root_path": lambda api, app: setattr(app, "root_path", "/root"),
    "max_body_size": lambda api, app: setattr(app, "max_body_size", 1),
    "dependency_overrides": lambda api, app: setattr(app, "dependency_overrides", {denied: denied}),
    "router": lambda api, app: setattr(app, "router", application(api).state.inner),
    "state": lambda api, app: setattr(app.state, "other", 1),
    "middleware_stack": lambda api, app: setattr(
        app, "middleware_stack", api.responses.PlainTextResponse("stack")
    ),
}
OF_APPLICATIONS |= {
    f"{name}, stack built again": without_stack(change)
    for name, change in OF_APPLICATIONS.items()
    if name.startswith(("exception", "user"))
}


@story.vary("name", OF_ROUTERS)
async def an_attribute_of_a_router(api, log, name):
    for kind, find in (("app", lambda app: app.router), ("inner", lambda app: app.state.inner)):
        log(kind)
        await changed(api, log, 0, lambda app, find=find: OF_ROUTERS[name](api, find(app)))


@story.vary("name", OF_APPLICATIONS)
async def an_attribute_of_an_application(api, log, name):
    await changed(api, log, 1, lambda app: OF_APPLICATIONS[name](api, app))


class Loud(list):
    """A list with ways of its own."""

    hidden = False

    def __iter__(self):
        return iter(()) if self.hidden else super().__iter__()


class Quacks:
    """A sequence that is no list."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]

    def __iter__(self):
        return iter(self.items)


@story.vary("kind", [Loud, tuple, Quacks])
async def sequences_of_another_kind_keep_their_ways(api, log, kind):
    for find in (lambda app: app.router, lambda app: app.state.inner):
        for before in (0, 2):
            app = application(api)
            router = find(app)
            for _ in range(before):
                await answer(app, log, "GET", "/own/x")
                await answer(app, log, "GET", "/in/leaf/x")
            routes = kind(router.routes)
            router.routes = routes
            log(type(router.routes).__name__, router.routes is routes)
            for edit in (
                lambda: None,
                lambda: setattr(routes, "hidden", True),
                lambda: setattr(routes, "hidden", False),
                lambda: routes.insert(0, route(api, "/own/{name}", "first")),
                lambda: routes.items.insert(0, route(api, "/own/{name}", "first")),
                lambda: routes.clear(),
                lambda: setattr(router, "routes", [route(api, "/own/{name}", "last")]),
            ):
                try:
                    edit()
                except AttributeError as exc:
                    log(type(exc).__name__)
                for target in ("/own/x", "/in/leaf/x", "/none"):
                    await answer(app, log, "GET", target)


@story
async def methods_of_a_route_are_one_set(api, log):
    """It stays what it was given: a set, with all that sets can do."""
    app = application(api)
    found = ROUTES["own"](app)
    for edit in (
        lambda methods: methods.update({"PUT"}, ["POST"]),
        lambda methods: methods.difference_update({"PUT"}),
        lambda methods: methods.intersection_update({"GET"}),
        lambda methods: methods.symmetric_difference_update({"GET", "PUT"}),
        lambda methods: methods.remove("PUT"),
        lambda methods: methods.add("GET"),
        lambda methods: methods.__ior__({"HEAD"}),
        lambda methods: methods.__iand__({"GET"}),
        lambda methods: methods.__isub__({"HEAD"}),
        lambda methods: methods.__ixor__({"POST"}),
    ):
        edit(found.methods)
        log(sorted(found.methods), isinstance(found.methods, set), found.methods == set(found.methods))
        for method in ("GET", "HEAD", "PUT", "POST"):
            await answer(app, log, method, "/own/x")
    log(json.dumps(sorted(found.methods | {"X"})), sorted(found.methods.copy()), found.methods.pop())


@story
async def an_override_provider_is_changed(api, log):
    app = api.FastAPI()

    async def dependency():
        return "dependency"

    @app.get("/")
    async def endpoint(value: Annotated[str, api.Depends(dependency)]):
        return value

    log(await ask(app, "/"))
    app.dependency_overrides[dependency] = lambda: "override"
    log(await ask(app, "/"))
    found = route_of(app, "/")

    class Provider:
        dependency_overrides = {dependency: lambda: "of another"}

    found.dependency_overrides_provider = Provider
    log(await ask(app, "/"))
    found.app = api.routing.request_response(found.get_route_handler())
    log(await ask(app, "/"))
    Provider.dependency_overrides = {}
    log(await ask(app, "/"))
    app.router.dependency_overrides_provider = Provider
    app.get("/late")(endpoint)
    log(await ask(app, "/late"))
