"""Arguments of public functions: of other types than those that their annotations name, as far as the reference
takes them."""

# mypy: ignore-errors
import functools
import http
import types
from collections import ChainMap, OrderedDict, UserDict, UserList, deque
from contextlib import AsyncExitStack
from enum import Enum
from typing import Annotated

from pydantic import BaseModel
from tests.both import Stories, ask

stories = Stories()


class Item(BaseModel):
    a: int = 1
    b: str | None = None


class Tag(Enum):
    A = "a"


class Text(str): ...


class Number(int): ...


class OwnList(list): ...


class OwnDict(dict): ...


class Indexed:
    """A sequence that only has `__getitem__`."""

    def __init__(self, items):
        self._items = list(items)

    def __getitem__(self, index):
        return self._items[index]


class Keyed:
    """A mapping that only quacks."""

    def __init__(self, content):
        self._content = content

    def keys(self):
        return self._content.keys()

    def items(self):
        return self._content.items()

    def __getitem__(self, key):
        return self._content[key]

    def get(self, key, default=None):
        return self._content.get(key, default)

    def __iter__(self):
        return iter(self._content)

    def __len__(self):
        return len(self._content)


def sequences(*items):
    """By name, functions that make something of these items: some can be read only once."""
    makers = list, tuple, iter, OwnList, UserList, Indexed, deque
    made = {make.__name__: functools.partial(make, items) for make in makers}
    return made | {"generator": lambda: (item for item in items), **constants(None, ())}


def sets(*items):
    return sequences(*items) | {make.__name__: functools.partial(make, items) for make in (set, frozenset)}


def mappings(content):
    makers = dict, OwnDict, OrderedDict, UserDict, ChainMap, types.MappingProxyType, Keyed
    made = {make.__name__: functools.partial(make, content) for make in makers}
    return made | {"pairs": lambda: list(content.items()), **constants(None)}


def constants(*values):
    return {repr(value): functools.partial(lambda value: value, value) for value in values}


TEXTS = constants(None, "", Text("x"), b"x", 1)
FLAGS = constants(None, 0, 1, "no", [])
OPTIONS = {
    "tags": sequences("t", Tag.A),
    "dependencies": {},  # of each package's own, see below
    "responses": mappings({404: {"description": "x"}})
    | constants({"404": {"description": "x"}}, {http.HTTPStatus.CONFLICT: OwnDict(description="x")}),
    "status_code": constants(None, 0, Number(201), True, 201.0, http.HTTPStatus.CREATED, 204),
    "summary": TEXTS,
    "description": TEXTS,
    "response_description": TEXTS,
    "operation_id": TEXTS,
    "name": TEXTS,
    "deprecated": FLAGS,
    "include_in_schema": FLAGS,
    "response_model_include": sets("a") | mappings({"a": ...}) | constants(False),
    "response_model_exclude": sets("a") | mappings({"a": True}) | constants(False),
    "response_model_by_alias": FLAGS,
    "response_model_exclude_unset": FLAGS,
    "response_model_exclude_defaults": FLAGS,
    "response_model_exclude_none": FLAGS,
    "openapi_extra": mappings({"x-a": 1}),
    "response_model": constants(None, Item, 0, "", int),
    "max_body_size": constants(None, 0, Number(1000)),
    "form_limits": mappings({"max_fields": 3}),
}


async def outcome(log, label, act):
    """Log what `act` gives, or the exception that it raises."""
    try:
        log(label, await act())
    except Exception as exc:
        log(label, type(exc).__name__, str(exc)[:60])


async def visited(app):
    answers = [await ask(app, "/"), await ask(app, "/p"), await ask(app, "/", method="POST", body={"a": 1})]
    return [*answers, await ask(app, "/openapi.json")]


def option_values(api, name):
    return sequences(api.Depends(lambda: 1)) if name == "dependencies" else OPTIONS[name]


@stories.vary("name", OPTIONS)
async def options_of_path_operations(api, log, name):
    async def echo(item: Item) -> Item:
        return item

    for label, make in option_values(api, name).items():

        async def decorated(make=make):
            app = api.FastAPI()
            app.get("/", **{name: make()})(lambda: {"a": 1})
            app.post("/", **{name: make()})(echo)
            return await visited(app)

        async def added(make=make):
            app, router = api.FastAPI(), api.APIRouter()
            app.add_api_route("/", lambda: Item(), **{name: make()})
            router.add_api_route("/p", lambda: Item(), **{name: make()})
            app.include_router(router)
            return await visited(app)

        await outcome(log, label, decorated)
        await outcome(log, label, added)


INCLUSIONS = {
    "prefix": constants("/p", Text("/p"), ""),
    "tags": {
        name: make for name, make in sequences("t").items() if name in ("list", "OwnList", "UserList", "None")
    },
    "dependencies": {},
    "responses": OPTIONS["responses"],
    "deprecated": FLAGS,
    "include_in_schema": FLAGS,
    "redirect_slashes": FLAGS,
    "strict_content_type": FLAGS,
}


@stories.vary("name", INCLUSIONS)
async def options_of_routers(api, log, name):
    values = sequences(api.Depends(lambda: 1)) if name == "dependencies" else INCLUSIONS[name]
    for label, make in values.items():

        async def made(make=make):
            app, router = api.FastAPI(), api.APIRouter(**{name: make()})
            router.get("/p")(lambda: {"a": 1})
            app.include_router(router)
            return await visited(app)

        async def included(make=make):
            app, router = api.FastAPI(), api.APIRouter()
            router.get("/p")(lambda: {"a": 1})
            app.include_router(router, **{name: make()})
            return await visited(app)

        async def outermost(make=make):
            app = api.FastAPI(**{name: make()})
            app.get("/p")(lambda: {"a": 1})
            return await visited(app)

        for act in (made, included, outermost):
            await outcome(log, label, act)


APPLICATIONS = {
    "title": TEXTS,
    "version": TEXTS,
    "openapi_tags": sequences({"name": "t"}),
    "servers": sequences({"url": "/x"}),
    "contact": mappings({"name": "x"}),
    "license_info": mappings({"name": "x"}),
    "swagger_ui_init_oauth": mappings({"clientId": "x"}),
    "swagger_ui_parameters": mappings({"a": 1}),
    "openapi_external_docs": mappings({"url": "http://x"}),
    "root_path": constants("", "/x", "/x/", Text("/x")),
    "root_path_in_servers": FLAGS,
    "separate_input_output_schemas": FLAGS,
    "debug": FLAGS,
}


@stories.vary("name", APPLICATIONS)
async def options_of_applications(api, log, name):
    for label, make in APPLICATIONS[name].items():

        async def made(make=make):
            app = api.FastAPI(**{name: make()})
            app.get("/p")(lambda: {"a": 1})
            return [*await visited(app), await ask(app, "/docs")]

        await outcome(log, label, made)


PARAMETERS = {
    "alias": TEXTS,
    "title": TEXTS,
    "examples": sequences(1) | mappings({"a": 1}),
    "openapi_examples": mappings({"a": {"value": 1}}),
    "json_schema_extra": mappings({"a": 1}),
    "deprecated": FLAGS,
    "include_in_schema": FLAGS,
    "convert_underscores": FLAGS,
    "embed": FLAGS,
    "ge": constants(None, 0, Number(1), 1.5),
}


@stories.vary("name", PARAMETERS)
async def options_of_parameters(api, log, name):
    for kind in ("Query", "Header", "Cookie", "Body"):
        for label, make in PARAMETERS[name].items():

            async def made(make=make, kind=kind):
                app = api.FastAPI()
                parameter = getattr(api, kind)(**{name: make()})

                @app.post("/")
                async def endpoint(x: Annotated[int, parameter] = 3):
                    return x

                asked = await ask(
                    app, "/?x=4", method="POST", body={"x": 5}, headers=(("x", "6"), ("cookie", "x=7"))
                )
                return [asked, await ask(app, "/openapi.json")]

            await outcome(log, f"{kind} {label}", made)


@stories
async def options_of_dependencies(api, log):
    values = {
        "use_cache": FLAGS,
        "scope": constants(None, "function", "request"),
        "max_concurrency": constants(None, 1, Number(2)),
        "scopes": sets("a"),
    }
    for kind, names in (
        ("Depends", ("use_cache", "scope", "max_concurrency")),
        ("Security", ("use_cache", "scopes")),
    ):
        for name in names:
            for label, make in values[name].items():

                async def made(kind=kind, name=name, make=make):
                    app, calls = api.FastAPI(), []
                    dependency = getattr(api, kind)(lambda: calls.append(1) or len(calls), **{name: make()})

                    @app.get("/")
                    async def endpoint(a=dependency, b=dependency):
                        return [a, b]

                    return await visited(app)

                await outcome(log, f"{kind} {name} {label}", made)


@stories
async def arguments_of_the_encoder(api, log):
    encode = api.encoders.jsonable_encoder
    given = {
        "include": sets("a") | mappings({"a": ...}),
        "exclude": sets("a") | mappings({"a": True}),
        "custom_encoder": mappings({int: str}),
        **dict.fromkeys(("by_alias", "exclude_unset", "exclude_none", "sqlalchemy_safe"), FLAGS),
    }
    for name, values in given.items():
        for label, make in values.items():
            for content in (Item(), {"a": 1, "b": None, "_sa": 2}, [{"a": 1}], 1):

                async def encoded(name=name, make=make, content=content):
                    return encode(content, **{name: make()})

                await outcome(log, f"{name} {label}", encoded)


def solving_arguments(api, dependency):
    key = dependency, (), ""
    providers = [
        types.SimpleNamespace(dependency_overrides=make({dependency: lambda: 9}))
        for make in (dict, OwnDict, UserDict, types.MappingProxyType, Keyed)
    ]
    return {
        "body": mappings({"b": 5}) | constants(b"x", [1]),
        "dependency_overrides_provider": {
            **constants(None, 0, [], ""),
            **{f"provider {index}": lambda found=found: found for index, found in enumerate(providers)},
            "none": lambda: types.SimpleNamespace(dependency_overrides=None),
        },
        "dependency_cache": {
            make.__name__: lambda make=make: make({key: 42}) for make in (dict, OwnDict, UserDict, ChainMap)
        },
        "embed_body_fields": FLAGS,
        "async_exit_stack": constants(None, "x"),
    }


@stories
async def arguments_of_solve_dependencies(api, log):
    utils = api.dependencies.utils

    def dependency(q: int = 1):
        return q

    async def endpoint(n: int, a=api.Depends(dependency), b: int = api.Body(7, embed=True)): ...

    dependant = utils.get_dependant(path="/{n}", call=endpoint)
    for name, values in solving_arguments(api, dependency).items():
        for label, make in values.items():

            async def solved(name=name, make=make):
                async with AsyncExitStack() as stack:
                    scope = {
                        "type": "http",
                        "method": "GET",
                        "path": "/1",
                        "query_string": b"",
                        "headers": [],
                    }
                    scope |= {"path_params": {"n": "1"}, "fastapi_inner_astack": stack}
                    scope["fastapi_function_astack"] = stack
                    given = {
                        "body": {"b": 1},
                        "async_exit_stack": stack,
                        "embed_body_fields": True,
                        name: make(),
                    }
                    result = await utils.solve_dependencies(
                        request=api.Request(scope), dependant=dependant, **given
                    )
                return result.values, result.errors, sorted(result.dependency_cache.values())

            await outcome(log, f"{name} {label}", solved)


@stories
async def arguments_of_readers(api, log):
    utils = api.dependencies.utils

    async def endpoint(
        x: int, y: list[int] = api.Query([]), h: str = api.Header(""), b: int = api.Body(1)
    ): ...

    dependant = utils.get_dependant(path="/{x}", call=endpoint)
    received = mappings({"x": "1", "y": "2", "h": "3"})
    for label, make in received.items():
        for kind, fields in sequences(*dependant.path_params, *dependant.query_params).items():

            async def read(make=make, fields=fields):
                return utils.request_params_to_args(fields(), make())

            await outcome(log, f"{label} {kind}", read)
        for kind, fields in sequences(*dependant.body_params).items():
            if kind not in ("iter", "generator", "deque"):

                async def read_body(make=make, fields=fields):
                    return await utils.request_body_to_args(fields(), make(), True)

                await outcome(log, f"body {label} {kind}", read_body)


test_same_story = stories.test()
