"""SURFACE E: private names that are public in practice."""

# mypy: ignore-errors
import dataclasses
import importlib
import importlib.metadata
import inspect
from typing import Annotated

import pytest
from pydantic import BaseModel
from tests.both import Stories, load

stories = Stories()

NAMES = {
    "routing": "_IncludedRouter _EffectiveRouteContext _iter_routes_with_context _DefaultLifespan",
    "dependencies.utils": (
        "_get_body_field _get_flat_body_params _should_embed_body_fields _get_form_models _get_param_aliases"
        " _get_multidict_value _normalize_form_model get_cached_model_fields get_parameterless_sub_dependant"
        " get_dependant solve_dependencies SolvedDependency request_params_to_args request_body_to_args"
    ),
    "dependencies.models": "Dependant _get_cache_key _is_coroutine_callable _is_gen_callable",
    "openapi.utils": "_get_openapi_dependency_data _get_openapi_operation_parameters get_openapi",
    "datastructures": "_Unset Default DefaultPlaceholder",
    "_compat": "ModelField Undefined lenient_issubclass",
    "_compat.v2": "ModelField Undefined get_missing_field_error",
}


def parameters(obj):
    """Names, kinds and defaults; defaults of the packages' own types by class."""
    try:
        signature = inspect.signature(obj)
    except (TypeError, ValueError):
        return None
    simple = (int, str, bool, type(None), tuple)
    return [
        (
            name,
            item.kind.name,
            item.default if isinstance(item.default, simple) else type(item.default).__name__,
        )
        for name, item in signature.parameters.items()
    ]


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in NAMES.items() for name in names.split()]
)
def test_name(module: str, name: str) -> None:
    ours = getattr(importlib.import_module(f"ferroapi.{module}"), name)
    theirs = getattr(importlib.import_module(f"fastapi.{module}"), name)
    assert parameters(ours) == parameters(theirs)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)
    if inspect.isclass(theirs):
        assert inspect.isclass(ours) and ours.__name__ == theirs.__name__
        assert dataclasses.is_dataclass(ours) == dataclasses.is_dataclass(theirs)
        if dataclasses.is_dataclass(theirs):
            names = [[field.name for field in dataclasses.fields(cls)] for cls in (ours, theirs)]
            assert names[0] == names[1]


def test_solve_dependencies_shows_body_with_a_default() -> None:
    from ferroapi.dependencies.utils import solve_dependencies

    parameter = inspect.signature(solve_dependencies).parameters["body"]
    assert parameter.default is not inspect.Parameter.empty and parameter.kind is parameter.KEYWORD_ONLY


def test_versions_parse_and_agree() -> None:
    import ferroapi

    assert ferroapi.__version__ == importlib.metadata.version("fastapi")
    assert [int(part) for part in ferroapi.__version__.split(".")] == [0, 165, 0]


def test_unset_is_one_object() -> None:
    from ferroapi import params
    from ferroapi.datastructures import _Unset

    defaults = [
        inspect.signature(cls).parameters["default_factory"].default for cls in (params.Query, params.Body)
    ]
    assert defaults == [_Unset, _Unset] and all(default is _Unset for default in defaults)


class Item(BaseModel):
    a: int
    b: str = "b"


@stories
def model_fields(api, log):
    compat = importlib.import_module(f"{api.__name__}._compat")

    async def endpoint(
        plain: int,
        renamed: Annotated[int, api.Query(alias="Other")],
        validated: Annotated[int, api.Query(validation_alias="Third")] = 3,
        header: Annotated[str | None, api.Header()] = None,
    ): ...

    dependant = api.dependencies.utils.get_dependant(path="/", call=endpoint)
    for field in [*dependant.query_params, *dependant.header_params]:
        assert isinstance(field, compat.ModelField)
        for name in ("alias", "validation_alias", "serialization_alias"):
            assert isinstance(getattr(type(field), name), property)
        log(
            field.name,
            field.alias,
            field.validation_alias,
            field.field_info.annotation,
            field.field_info.is_required(),
        )
        log(field.default is compat.Undefined, field.validate("5", {}, loc=("x",)))
        log(api.dependencies.utils._get_param_aliases(field))
        log(
            repr(
                api.dependencies.utils._get_multidict_value(
                    field, api.datastructures.QueryParams("plain=1"), alias="plain"
                )
            )
        )


@stories
def body_helpers(api, log):
    utils = api.dependencies.utils

    async def one(item: Item): ...
    async def two(item: Item, count: Annotated[int, api.Body()]): ...
    async def form(item: Annotated[Item, api.Form()]): ...
    async def fields(a: Annotated[int, api.Form()], b: Annotated[str, api.Form()]): ...
    async def embedded(item: Annotated[Item, api.Body(embed=True)]): ...

    for call in (one, two, form, fields, embedded):
        flat = utils._get_flat_body_params(utils.get_dependant(path="/", call=call))
        embed = utils._should_embed_body_fields(flat)
        body = utils._get_body_field(body_params=flat, name="body_name", embed_body_fields=embed)
        log(call.__name__, [field.name for field in flat], embed, body.name, type(body.field_info).__name__)
        log([[model.__name__ for model in utils._get_form_models(field)] for field in flat])
    log([field.name for field in utils.get_cached_model_fields(Item)])
    log(utils._normalize_form_model({"a": "1", "other": ["x"]}, model=Item))


@stories
def parameterless_dependants(api, log):
    def dependency(q: int, h: Annotated[str, api.Header()]): ...

    depends = api.Depends(dependency, use_cache=False, scope="function")
    sub = api.dependencies.utils.get_parameterless_sub_dependant(depends=depends, path="/{q}")
    log(sub.name, sub.call is dependency, sub.use_cache, sub.path, sub.scope)
    log([field.name for field in sub.path_params], [field.name for field in sub.header_params])


@stories
def openapi_helpers(api, log):
    openapi = importlib.import_module(f"{api.__name__}.openapi.utils")
    bearer = api.security.HTTPBearer()
    app = api.FastAPI()

    @app.get("/{n}", dependencies=[api.Security(bearer, scopes=["a"])])
    async def endpoint(n: int, q: str = "x"): ...

    data = openapi._get_openapi_dependency_data(app.routes[-1].dependant)
    log(
        type(data).__name__,
        [field.name for field in data.path_params],
        [field.name for field in data.query_params],
    )
    compat = importlib.import_module(f"{api.__name__}._compat")
    fields = openapi.get_fields_from_routes(app.routes)
    names = compat.get_model_name_map(compat.get_flat_models_from_fields(fields, known_models=set()))
    mapping, definitions = compat.get_definitions(fields=fields, model_name_map=names)
    log(sorted(definitions))
    operation = openapi._get_openapi_operation_parameters
    log(operation(dependency_data=data, model_name_map=names, field_mapping=mapping))


@stories
def lifespan_and_routes_with_context(api, log):
    app = api.FastAPI()
    log(type(app.router.lifespan_context).__name__)
    assert isinstance(app.router.lifespan_context, api.routing._DefaultLifespan)
    router = api.APIRouter()
    router.get("/x")(lambda: None)
    app.include_router(router, prefix="/p")
    for route, context in api.routing._iter_routes_with_context(app.routes):
        log(type(route).__name__, route.path, context and context.path)


@stories
def dependants_are_dataclasses_to_build_upon(api, log):
    """As faststream: a subclass with slots of its own, filled from the fields of another."""
    Dependant = api.dependencies.models.Dependant

    @dataclasses.dataclass(slots=True)
    class Own(Dependant):
        custom: str = "own"

    async def call(n: int, q: str = ""): ...

    made = api.dependencies.utils.get_dependant(path="/{n}", call=call)
    values = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    own = Own(**values, custom="given")
    log(own.custom, own.call is call, own.path, [field.name for field in own.path_params], own == own)
    changed = dataclasses.replace(made, name="renamed")
    log(changed.name, changed.call is call, made.name, changed == made, repr(Dependant())[:40])


@pytest.mark.parametrize(
    "name", ["routing", "applications", "params", "dependencies.utils", "encoders", "responses"]
)
def test_modules_are_real(name: str) -> None:
    module = importlib.import_module(f"ferroapi.{name}")
    assert module.__spec__.name == module.__name__ and module.__file__
    assert load("ferroapi").__name__ == "ferroapi"


test_same_story = stories.test()
