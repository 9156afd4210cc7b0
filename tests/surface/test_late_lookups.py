"""Functions that the reference looks up in its modules when they are needed, so that a replacement is used."""

# mypy: ignore-errors
import functools
import importlib
import json
import math

import pytest
import starlette.responses
from tests.both import CANDIDATE, REFERENCE, Stories, ask, replaced, tell

from .late import functions_looked_up, noting, tour

stories = Stories()

MODULES = (
    "applications",
    "concurrency",
    "dependencies.models",
    "dependencies.utils",
    "encoders",
    "exception_handlers",
    "openapi.docs",
    "openapi.utils",
    "routing",
    "security.http",
)
# What is done without these functions here; only who calls them can tell.
EXCEPTIONS = {
    ("dependencies.utils", "cast"),  # says something to type checkers alone
    # Dependencies are solved in one go, so that the public function, which `routing` calls, does not call itself.
    ("dependencies.utils", "solve_dependencies"),
    # Telemetry that is not configured is not asked. Where it is, it is asked in its own module.
    ("routing", "_operation"),
    ("routing", "_route_selected"),
    ("routing", "_run_sync_endpoint"),
    ("routing", "_validation_failed"),
    ("routing", "get_telemetry_data"),
    ("routing", "is_async_callable"),  # the package's own handlers are known to be
    # One walk through the tree keeps what these would find out again at each node.
    ("openapi.utils", "_get_cache_key"),
    ("openapi.utils", "_get_oauth_scopes"),
}
NAMES = [(module, name) for module in MODULES for name in functions_looked_up(module)]


@pytest.mark.parametrize(("module", "name"), [case for case in NAMES if case not in EXCEPTIONS])
def test_a_replacement_is_called(module: str, name: str) -> None:
    """Where the reference calls it in a tour of an application, it is called here; to the same effect."""

    async def story(api, log):
        owner = importlib.import_module(f"{api.__name__}.{module}")
        called = []
        with replaced((owner, name, noting(getattr(owner, name), called))):
            answers = await tour(api)
        log(bool(called))
        for answer in answers:
            log(answer)

    expected, found = (tell(package, story) for package in (REFERENCE, CANDIDATE))
    assert found == expected


def test_exceptions_are_names() -> None:
    assert EXCEPTIONS - set(NAMES) == set()


async def before_during_after(log, visit, *changes):
    for when, made in (("before", ()), ("during", changes), ("after", ())):
        log("--", when)
        with replaced(*made):
            await visit()


class ObjectId:
    def __str__(self):
        return "5f"

    __slots__ = ()


@stories
async def jsonable_encoder_for_what_is_inside(api, log):
    """As applications teach the encoder about `ObjectId`, numpy or NaN."""
    app = api.FastAPI()
    values = {"id": ObjectId(), "list": [ObjectId(), math.nan], "plain": [1, "a", None], 3: {"x": (1,)}}
    app.get("/")(lambda: values)
    app.get("/model")(lambda: {"detail": api.HTTPException(404, {"a": 1})})
    original = api.encoders.jsonable_encoder

    @app.get("/refused")
    async def refused(n: int):
        return n

    @app.get("/lines")
    async def lines():
        yield {"id": ObjectId()}

    def encode(obj, **options):
        log("encode", type(obj).__name__, sorted(options))
        if isinstance(obj, ObjectId):
            return str(obj)
        if isinstance(obj, float) and math.isnan(obj):
            return None
        return original(obj, **options)

    async def visit():
        for target in ("/", "/refused", "/refused?n=1"):
            log(await ask(app, target))
        try:
            log(await ask(app, "/lines"))
        except Exception as exc:
            log(type(exc).__name__)

    await before_during_after(log, visit, (api.encoders, "jsonable_encoder", encode))
    with replaced((api.encoders, "jsonable_encoder", encode)):
        log(original({"a": [ObjectId()]}, by_alias=False, exclude_none=True, custom_encoder={int: str}))


@stories
async def multipart_need_not_be_installed(api, log):
    def complain():
        raise RuntimeError("no forms here")

    app = api.FastAPI()

    def declare():
        @app.post("/form")
        async def form(a: int = api.Form()): ...

    with (
        replaced((api.dependencies.utils, "ensure_multipart_is_installed", complain)),
        pytest.raises(RuntimeError, match="no forms"),
    ):
        declare()
    with replaced((api.dependencies.utils, "ensure_multipart_is_installed", lambda: log("asked"))):
        declare()


THREADED = {
    "routing": ("run_in_threadpool", "iterate_in_threadpool"),
    "dependencies.utils": ("run_in_threadpool", "contextmanager_in_threadpool"),
    "concurrency": ("run_in_threadpool",),
}


@stories.vary("owner", [(module, name) for module, names in THREADED.items() for name in names])
async def threads_of_one_module_alone(api, log, owner):
    app = api.FastAPI()

    def dependency():
        return 1

    def generator():
        yield 2

    @app.get("/")
    def endpoint(a=api.Depends(dependency), b=api.Depends(generator)):
        return a + b

    @app.get("/async")
    async def asynchronous(a=api.Depends(dependency), b=api.Depends(generator)):
        return a + b

    @app.get("/events", response_class=api.sse.EventSourceResponse)
    def events():
        yield 1

    @app.get("/limited")
    async def limited(a=api.Depends(dependency, max_concurrency=1)):
        return a

    module = importlib.import_module(f"{api.__name__}.{owner[0]}")
    original = getattr(module, owner[1])

    def noted(first, *args, **kwargs):
        log(owner[1])
        return original(first, *args, **kwargs)

    async def visit():
        for target in ("/", "/async", "/events", "/limited"):
            log(target, await ask(app, target))

    await before_during_after(log, visit, (module, owner[1], noted))


@stories
async def bodies_may_be_forbidden(api, log):
    app = api.FastAPI()
    app.get("/")(lambda: {"a": 1})

    @app.get("/model")
    async def model() -> dict[str, int]:
        return {"a": 1}

    @app.get("/error")
    async def error():
        raise api.HTTPException(400, "no")

    async def visit():
        for target in ("/", "/model", "/error", "/nowhere"):
            log(target, await ask(app, target))

    for module in (api.routing, api.exception_handlers):
        await before_during_after(
            log, visit, (module, "is_body_allowed_for_status_code", lambda status: False)
        )


@stories
async def get_dependant_for_overrides(api, log):
    app = api.FastAPI()

    def dependency(q: int = 1):
        return q

    @app.get("/")
    async def endpoint(value=api.Depends(dependency)):
        return value

    app.dependency_overrides[dependency] = lambda: 2
    original = api.dependencies.utils.get_dependant

    def analyze(**given):
        if not failing:
            log("analyze", sorted(given))
        if failing:
            raise ValueError("not this one")
        return original(**given)

    async def visit():
        log(await ask(app, "/"))

    for failing in (False, True):
        await before_during_after(log, visit, (api.dependencies.utils, "get_dependant", analyze))


@stories.vary("where", ["json", "responses"])
async def what_writes_json(api, log, where):
    app = api.FastAPI()
    app.get("/")(lambda: {"a": [1, "ä"], "b": None})

    @app.get("/async")
    async def asynchronous():
        return {"a": [1, "ä"], "b": None}

    @app.get("/error")
    async def error(n: int):
        raise api.HTTPException(400, "no")

    class Shouting:
        JSONDecodeError = json.JSONDecodeError

        @staticmethod
        def dumps(content, **options):
            return original(content, **options).upper()

    original = json.dumps
    change = (json, "dumps", Shouting.dumps) if where == "json" else (starlette.responses, "json", Shouting)

    async def visit():
        for target in ("/", "/async", "/error?n=1", "/error", "/nowhere"):
            # The driver's own `json` is not for this.
            log(target, await ask(app, target))

    await before_during_after(log, visit, change)


@stories
async def the_class_of_requests(api, log):
    class Own(api.Request):
        def __init__(self, *args):
            super().__init__(*args)
            log("made")

    app = api.FastAPI()

    @app.get("/{n}")
    async def endpoint(request: api.Request, n: int):
        return type(request).__name__

    @app.get("/plain/{n}")
    async def plain(n: int):
        return n

    async def visit():
        for target in ("/1", "/plain/1"):
            log(target, await ask(app, target))

    await before_during_after(log, visit, (api.routing, "Request", Own))


PARAMETER_FUNCTIONS = (
    "request_params_to_args",
    "request_body_to_args",
    "_validate_value_with_model_field",
    "_get_multidict_value",
    "get_missing_field_error",
    "_solve_generator",
    "SecurityScopes",
    "BackgroundTasks",
    "Response",
)


@stories.vary("name", PARAMETER_FUNCTIONS)
async def parts_of_solving(api, log, name):
    """Replaced by what fails, in an application that has served: the failure is the answer."""
    app = api.FastAPI()

    async def generator():
        yield 1

    @app.post("/{n}")
    async def endpoint(
        n: int,
        a: int = api.Body(embed=True),
        b: int = api.Body(2),
        g: int = api.Depends(generator),
        q: str = "q",
    ):
        return [n, a, b, g, q]

    @app.get("/tasks")
    async def injected(
        tasks: api.BackgroundTasks, response: api.Response, scopes: api.security.SecurityScopes
    ): ...

    def fail(*args, **kwargs):
        raise KeyError(name)

    async def visit():
        for target, body in (("/1", {"a": 1}), ("/1", {}), ("/x", {"a": 1})):
            if name != "Response":  # on the reference there is one even if nobody asks for it
                log(target, await ask(app, target, method="POST", body=body))
        if not name.startswith("request_"):  # which is called without parameters, too
            log(await ask(app, "/tasks"))

    await before_during_after(log, visit, (api.dependencies.utils, name, fail))


@stories
async def parameters_may_be_added_otherwise(api, log):
    utils = api.dependencies.utils
    original = utils.add_non_field_param_to_dependency

    class Clock(api.Request):
        """A type of an application's own, which it wants to see as the response."""

    def add(*, param_name, type_annotation, dependant):
        log(param_name, getattr(type_annotation, "__name__", type_annotation))
        if type_annotation is Clock:
            dependant.response_param_name = param_name
            return True
        return original(param_name=param_name, type_annotation=type_annotation, dependant=dependant)

    def note(*, field, dependant):
        log(field.name, dependant.path)
        dependant.query_params.append(field)

    async def endpoint(clock: Clock, request: api.Request, q: int, body: dict): ...

    with replaced((utils, "add_non_field_param_to_dependency", add), (utils, "add_param_to_fields", note)):
        made = utils.get_dependant(path="/x", call=endpoint)
    log(made.response_param_name, made.request_param_name, [field.name for field in made.query_params])
    log([field.name for field in made.body_params])


@stories
def replacing_and_deleting(api, log):
    utils = api.dependencies.utils
    original = utils.deepcopy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "deepcopy", functools.partial(original))
        log(utils.deepcopy is original)
    log(utils.deepcopy is original)


test_same_story = stories.test()
