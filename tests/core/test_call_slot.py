"""Calling an application: whoever looks at, wraps or replaces `FastAPI.__call__` sees an ordinary method."""

# mypy: ignore-errors
import asyncio
import gc
import inspect
import warnings

import pytest
from tests.both import Stories, ask, replaced
from tests.core.test_live_changes import application
from tests.differential.driver import Http, http_scope

stories = Stories()


async def ignore(*_):
    return {"type": "http.request", "body": b"", "more_body": False}


@stories
async def it_is_a_coroutine_function(api, log):
    app = application(api)
    await ask(app, "/plain")
    log(inspect.isfunction(api.FastAPI.__call__), inspect.iscoroutinefunction(app.__call__))
    log(asyncio.iscoroutinefunction(app.__call__), inspect.signature(app))
    log(callable(app), api.FastAPI.__call__.__qualname__)


@stories
async def nothing_happens_before_it_is_awaited(api, log):
    app = application(api)
    app.root_path = "/proxy"
    for _ in range(2):
        scope = http_scope(Http(target="/plain"))
        before = dict(scope)
        call = app(scope, ignore, ignore)
        log(scope == before)
        await call
        log(scope["root_path"], scope["app"] is app)


@stories
async def it_is_not_awaited(api, log):
    app = application(api)
    await ask(app, "/plain")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        app(http_scope(Http(target="/plain")), ignore, ignore)
        app(http_scope(Http(target="/plain")), ignore, ignore).close()
        gc.collect()
    log(*(f"{warning.category.__name__}: {warning.message}" for warning in caught))


@stories
async def root_path_changes(api, log):
    app = application(api)
    for path in ("/a", "", "/b", None, "/c"):
        app.root_path = path
        scope = {}
        await ask(app, "/plain", scope=scope)
        log(scope.get("root_path"))


@stories
async def arguments_by_name_and_wrong_ones(api, log):
    app = application(api)
    await ask(app, "/plain")
    await app(http_scope(Http(target="/plain")), receive=ignore, send=ignore)
    await app(scope=http_scope(Http(target="/plain")), receive=ignore, send=ignore)
    for arguments in ((), ({},), ({}, ignore, ignore, None)):
        with pytest.raises(TypeError) as caught:
            app(*arguments)
        log(caught.value)


@stories
async def method_is_replaced_and_restored(api, log):
    app = application(api)
    original = api.FastAPI.__call__

    async def noted(self, scope, receive, send):
        log("called", scope["path"])
        await original(self, scope, receive, send)

    log(await ask(app, "/plain"))
    with replaced((api.FastAPI, "__call__", noted)):
        log(await ask(app, "/plain"))
    log(await ask(app, "/plain"))


@stories
async def subclasses(api, log):
    class Plain(api.FastAPI):
        pass

    class Noting(api.FastAPI):
        async def __call__(self, scope, receive, send):
            log("called", scope["path"])
            await super().__call__(scope, receive, send)

    async def later(self, scope, receive, send):
        log("later", scope["path"])
        await api.FastAPI.__call__(self, scope, receive, send)

    for cls in (Plain, Noting):
        app = cls()
        app.get("/")(lambda: 1)
        for _ in range(2):
            log(await ask(app, "/"))
        cls.__call__ = later
        log(await ask(app, "/"))
        del cls.__call__
        log(await ask(app, "/"))


@stories
async def on_the_instance_it_means_nothing(api, log):
    app = application(api)
    app.__call__ = None
    log(await ask(app, "/plain"))


@stories
async def scopes_that_are_no_requests(api, log):
    app = application(api)
    await ask(app, "/plain")
    for scope in ({"type": "other"}, {}, None):
        try:
            log(await app(scope, ignore, ignore))
        except Exception as error:
            log(type(error).__name__, error)


test_same_story = stories.test()
