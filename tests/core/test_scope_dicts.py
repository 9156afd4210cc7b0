"""Scopes of every shape: where their keys stand must not matter, nor what happens to them during a request."""

# mypy: ignore-errors
import gc
import itertools

import pytest
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from tests.both import Stories, load
from tests.differential.driver import Http, http_scope

stories = Stories()

WRITTEN = ("app", "router", "endpoint", "path_params", "route")


def application(api):
    app = api.FastAPI()

    @app.get("/items/{name}")
    async def item(name: str, q: str = "none", x: str = api.Header("none")):
        return {"name": name, "q": q, "x": x}

    @app.get("/plain")
    async def plain():
        return "plain"

    return app


async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}


async def serve(app, scope):
    """Return what was sent, or the exception."""
    sent = []

    async def send(message):
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        sent.append(repr(error))
    return sent


async def tell(log, app, scope):
    """Log what a request came to, and what it left in the scope."""
    log(*await serve(app, scope))
    written = {key: scope.get(key) for key in WRITTEN}
    log(written["path_params"], getattr(written["endpoint"], "__name__", None))
    log(written["app"] is app, written["router"] is app.router, getattr(written["route"], "path", None))
    log([key for key in scope if key in WRITTEN])


def fresh(target="/items/a?q=1", **more):
    return http_scope(Http(target=target, headers=((b"x", b"2"), (b"host", b"h")))) | more


def in_order(scope):
    return scope


def reversed_order(scope):
    return dict(reversed(scope.items()))


def with_other_strings(scope):
    """Equal keys that are not the same objects."""
    return {"".join(list(key)): value for key, value in scope.items()}


def with_a_hole(scope):
    del scope["scheme"]
    return scope


def with_a_moved_key(scope):
    scope["path"] = scope.pop("path")
    return scope


def with_another_kind_of_key(scope):
    return {1: 2, **scope}


def with_many_keys(scope):
    return {**{f"key {number}": number for number in range(70)}, **scope}


def with_as_many_keys_as_are_known(scope):
    """With what a request writes, more than are read by place."""
    return {**scope, **{f"key {number}": number for number in range(62 - len(scope))}}


def as_attributes(scope):
    class Holder:
        pass

    holder = Holder()
    for key, value in scope.items():
        setattr(holder, key, value)
    return vars(holder)


def of_a_subclass(scope):
    class Scope(dict):
        pass

    return Scope(scope)


def as_left_by_a_request(scope):
    return {**scope, "app": None, "router": None, "path_params": {"z": "1"}, "endpoint": None, "route": 5}


SHAPES = (
    in_order,
    reversed_order,
    with_other_strings,
    with_a_hole,
    with_a_moved_key,
    with_another_kind_of_key,
    with_many_keys,
    with_as_many_keys_as_are_known,
    as_attributes,
    of_a_subclass,
    as_left_by_a_request,
)


@stories.vary("shape", SHAPES)
async def shapes(api, log, shape):
    app = application(api)
    # Each more than once: what the first request taught must hold for the next one's values.
    for target in ("/items/a?q=1", "/items/b", "/plain", "/items/c?q=3", "/nowhere"):
        await tell(log, app, shape(fresh(target)))


@stories
async def shapes_in_turn(api, log):
    app = application(api)
    for target, shape in itertools.product(("/items/a?q=1", "/plain"), SHAPES * 2):
        await tell(log, app, shape(fresh(target)))


@stories.vary("name", ("type", "path", "method", "headers", "query_string", "root_path"))
async def a_key_is_missing(api, log, name):
    app = application(api)
    for _ in range(2):
        scope = fresh()
        del scope[name]
        await tell(log, app, scope)


@stories.vary("name", ("headers", "query_string", "path_params", "path", "root_path", "router"))
async def a_dependency_takes_a_key_away(api, log, name):
    app = api.FastAPI()

    async def take(request: api.Request):
        log(request.scope.pop(name, None) is not None)

    @app.get("/items/{name}", dependencies=[api.Depends(take)])
    async def item(name: str, q: str = "none", x: str = api.Header("none")):
        return {"name": name, "q": q, "x": x}

    for _ in range(2):
        log(*await serve(app, fresh()))


@stories
async def a_dependency_writes_to_the_scope(api, log):
    app = api.FastAPI()

    async def write(request: api.Request):
        request.scope["path_params"] = {"name": "changed"}
        request.scope["query_string"] = b"q=changed"
        request.scope["headers"] = [(b"x", b"changed")]
        request.scope["more"] = 1

    @app.get("/items/{name}", dependencies=[api.Depends(write)])
    async def item(name: str, q: str = "none", x: str = api.Header("none")):
        return {"name": name, "q": q, "x": x}

    for _ in range(2):
        await tell(log, app, fresh())


@stories
async def one_scope_for_two_requests(api, log):
    app = application(api)
    scope = fresh()
    for target in ("/items/b", "/plain"):
        await tell(log, app, scope)
        scope["path"] = target


@stories
async def two_applications_in_turn(api, log):
    apps = [application(api) for _ in range(3)]
    apps[0].mount("/sub", apps[1])
    for _ in range(2):
        for app in apps:
            await tell(log, app, fresh())
        log(*await serve(apps[0], fresh("/sub/items/deep")))
    # An attribute of the first one changes, and it is still itself.
    apps[0].extra = 1
    await tell(log, apps[0], fresh())


@stories
async def messages_belong_to_whoever_gets_them(api, log):
    app = application(api)
    for _ in range(2):
        sent = await serve(app, fresh())
        log(*sent)
        for message in sent:
            log(list(message))
            message.pop("type")
            message["more"] = message
        sent[0]["headers"].append((b"x", b"y"))


test_same_story = stories.test()


def test_the_limit_of_a_body_is_looked_for_under_starlettes_name():
    assert MAX_BODY_SIZE_SCOPE_KEY == "starlette.max_body_size"


@pytest.mark.anyio
async def test_cycles_through_messages_are_collected():
    app = application(load("ferroapi"))

    class Kept:
        pass

    gc.collect()
    for _ in range(3):
        for message in await serve(app, fresh()):
            assert gc.is_tracked(message)
            message["self"] = (message, Kept())
    del message
    gc.collect()
    assert not [kept for kept in gc.get_objects() if type(kept) is Kept]
