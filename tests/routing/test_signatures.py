"""The public methods of the application and the router are called and introspected as the reference's."""

import inspect
import re
from inspect import formatannotation
from typing import Annotated, Any, ForwardRef, get_origin, get_type_hints

import fastapi
import pytest

import ferroapi

VERBS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
CLASSES = ["FastAPI", "APIRouter"]
METHODS = [
    (cls, name)
    for cls in CLASSES
    for name, member in vars(getattr(fastapi, cls)).items()
    if inspect.isfunction(member) and (not name.startswith("_") or name in ("__init__", "__call__"))
]


def without_doc(annotation: Any) -> str:
    while get_origin(annotation) is Annotated:
        annotation = annotation.__origin__
    text = (
        f"{annotation.__forward_arg__!r}"
        if isinstance(annotation, ForwardRef)
        else formatannotation(annotation)
    )
    return re.sub(r"\b(?:ferro|fast)api\.(?:\w+\.)*", "", text)


def plain(default: Any) -> Any:
    if type(default).__name__ == "DefaultPlaceholder":
        value = default.value
        return "Default", getattr(value, "__qualname__", value)
    return default.__qualname__ if isinstance(default, type) else default


def shape(function: Any) -> tuple[list[tuple[Any, ...]], str]:
    signature = inspect.signature(function)
    parameters = [
        (p.name, p.kind.name, plain(p.default), without_doc(p.annotation))
        for p in signature.parameters.values()
    ]
    return parameters, without_doc(signature.return_annotation)


@pytest.mark.parametrize(("cls", "name"), METHODS)
def test_signature_is_the_references(cls: str, name: str) -> None:
    assert shape(getattr(getattr(ferroapi, cls), name)) == shape(getattr(getattr(fastapi, cls), name))


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("name", [*VERBS, "api_route", "add_api_route", "include_router"])
def test_method_introspection(cls: str, name: str) -> None:
    method = vars(getattr(ferroapi, cls))[name]
    assert inspect.isfunction(method)
    assert (method.__name__, method.__qualname__) == (name, f"{cls}.{name}")
    assert list(get_type_hints(method))[:-1] == list(inspect.signature(method).parameters)[1:]
    assert name.upper() in method.__doc__ or "_rout" in name


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), (("/", "/", "/"), {}), (("/",), {"wrong": 1}), (("/",), {"path": "/"})]
)
def test_wrong_arguments_raise_what_the_reference_raises(
    cls: str, args: tuple[str, ...], kwargs: dict[str, Any]
) -> None:
    def error(module: Any, name: str) -> str:
        with pytest.raises(TypeError) as caught:
            getattr(getattr(module, cls)(), name)(*args, **kwargs)
        return str(caught.value)

    for name in [*VERBS, "api_route", "add_api_route"]:
        assert error(ferroapi, name) == error(fastapi, name)


def recording_router(module: Any, calls: list[tuple[str, tuple[Any, ...], list[str]]]) -> Any:
    """Make a router of `module` that notes each link of the chain with its arguments."""

    class Recording(module.APIRouter):  # type: ignore[misc]
        def get(self, *args: Any, **kwargs: Any) -> Any:
            calls.append(("get", args, list(kwargs)))
            return super().get(*args, **kwargs)

        def api_route(self, *args: Any, **kwargs: Any) -> Any:
            calls.append(("api_route", args, list(kwargs)))
            assert kwargs.get("methods") != ["GET"] or kwargs["path"] == "/"
            return super().api_route(*args, **kwargs)

        def add_api_route(self, *args: Any, **kwargs: Any) -> Any:
            calls.append(("add_api_route", args, list(kwargs)))
            super().add_api_route(*args, **kwargs)

    return Recording()


def endpoint() -> str:
    return "here"


def declare(app: Any, way: str) -> None:
    if way == "add_api_route":
        app.add_api_route("/", endpoint)
    else:
        getattr(app, way)("/", summary="x")(endpoint)


@pytest.mark.parametrize("way", ["get", "api_route", "add_api_route"])
def test_each_link_of_the_chain_can_be_overridden(way: str) -> None:
    def links(module: Any) -> list[tuple[str, tuple[Any, ...], set[str]]]:
        calls: list[tuple[str, tuple[Any, ...], list[str]]] = []
        app = module.FastAPI()
        app.router = recording_router(module, calls)
        declare(app, way)
        assert app.router.routes[-1].path == "/"
        return [(name, args, set(kwargs)) for name, args, kwargs in calls]

    assert links(ferroapi) == links(fastapi)


def test_an_override_on_the_application_comes_first() -> None:
    seen = []

    class App(ferroapi.FastAPI):
        def get(self, path: str, **options: Any) -> Any:
            seen.append((path, options))
            return super().get(f"/v1{path}", **options)

    app = App()
    app.get("/items", tags=["a"])(endpoint)
    assert seen == [("/items", {"tags": ["a"]})]
    assert app.url_path_for("endpoint") == "/v1/items"


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_register_their_method(verb: str) -> None:
    app = ferroapi.FastAPI()
    getattr(app, verb)("/app")(endpoint)
    router = ferroapi.APIRouter()
    getattr(router, verb)(path="/router")(endpoint)
    assert app.routes[-1].methods == router.routes[-1].methods == {verb.upper()}


def test_each_call_has_its_own_options() -> None:
    app = ferroapi.FastAPI()
    app.get("/a", tags=["x"])(endpoint)
    app.get("/b")(endpoint)
    assert [route.tags for route in app.routes[-2:]] == [["x"], []]


def test_one_decorator_registers_several_functions() -> None:
    app = ferroapi.FastAPI()
    decorate = app.api_route("/a", methods=["GET", "POST"])
    first, second = decorate(lambda: 1), decorate(lambda: 2)
    assert [route.endpoint for route in app.routes[-2:]] == [first, second]
    assert app.routes[-1].methods == {"GET", "POST"}
