"""Declarations: the same trees, and the same errors for what cannot be, as the reference."""

import functools
import sys
from collections.abc import AsyncIterator, Generator, Iterable
from typing import Annotated, Any, Optional

import pytest
from pydantic import AliasChoices, BaseModel, Field
from starlette.background import BackgroundTasks
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket
from typing_extensions import TypeAliasType

from .sides import Side, both


class Item(BaseModel):
    name: str


def sub(a: int) -> int:
    return a


def gen(b: str):
    yield b


class Falsy:
    def __call__(self) -> None: ...

    def __bool__(self) -> bool:
        return False


# (annotation, default) of a parameter `value`, given the `params` module, and the path
DECLARATIONS: dict[str, Any] = {
    "nothing": lambda p: (Any,),
    "default": lambda p: (Any, 3),
    "path": lambda p: (int, ..., "/{value}"),
    "path with converter": lambda p: (int, ..., "/{value:path}"),
    "path, inferred default": lambda p: (int, 3, "/{value}"),
    "path, metadata": lambda p: (Annotated[int, Field(gt=3)], 3, "/{value}"),
    "path, default in Annotated": lambda p: (Annotated[int, p.Path()], 3, "/{value}"),
    "path, other class": lambda p: (Annotated[int, p.Query()], ..., "/{value}"),
    "path, not in path": lambda p: (Annotated[int, p.Path()],),
    "path, model": lambda p: (Item, ..., "/{value}"),
    "path, list": lambda p: (list[int], ..., "/{value}"),
    "query": lambda p: (int, 3),
    "query, metadata": lambda p: (Annotated[int, Field(gt=3, alias="b")], 4),
    "query, default twice": lambda p: (Annotated[int, p.Query(3)],),
    "query, default and marker": lambda p: (Annotated[int, p.Query()], 7),
    "query, both places": lambda p: (Annotated[int, p.Query()], p.Query()),
    "query, last wins": lambda p: (Annotated[int, p.Header(), p.Query(alias="q"), Field(gt=1)],),
    "query, dict": lambda p: (Annotated[dict[str, int], p.Query()],),
    "query, list of models": lambda p: (Annotated[list[Item], p.Query()],),
    "query, union with model": lambda p: (Annotated[Item | int, p.Query()],),
    "query, model": lambda p: (Annotated[Item, p.Query()],),
    "query, optional model": lambda p: (Annotated[Optional[Item], p.Query()], None),  # noqa: UP045
    "query, as default": lambda p: (int, p.Query(3, alias="q")),
    "field as default": lambda p: (int, Field(3)),
    "bare param": lambda p: (int, p.Param()),
    "header": lambda p: (Annotated[str, p.Header()],),
    "header, alias": lambda p: (Annotated[str, p.Header(alias="a_b")],),
    "header, choices": lambda p: (Annotated[str, p.Header(validation_alias=AliasChoices("a", "b"))],),
    "cookie": lambda p: (str, p.Cookie(None)),
    "body": lambda p: (Item,),
    "body, list": lambda p: (list[int], [1]),
    "body, metadata": lambda p: (Annotated[list[int], Field(min_length=1)],),
    "form": lambda p: (Annotated[str, p.Form()],),
    "form union": lambda p: (Annotated[Item | sub.__class__, p.Form()],),
    "alias type": lambda p: (TypeAliasType("Alias", Annotated[int, p.Query(alias="q")]),),
    "unusable type": lambda p: (sub.__class__,),
    "request": lambda p: (Request,),
    "websocket": lambda p: (WebSocket,),
    "connection": lambda p: (HTTPConnection,),
    "response": lambda p: (JSONResponse,),
    "tasks": lambda p: (BackgroundTasks,),
    "request, default": lambda p: (Request, None),
    "request as field": lambda p: (Annotated[Request, p.Query()],),
    "response as default": lambda p: (JSONResponse, p.Query()),
    "depends": lambda p: (int, p.Depends(sub)),
    "depends, annotated": lambda p: (Annotated[int, p.Depends(sub, use_cache=False, scope="request")],),
    "depends, from type": lambda p: (Annotated[Item, p.Depends()],),
    "depends, limited": lambda p: (int, p.Depends(sub, max_concurrency=3)),
    "depends, nothing": lambda p: (int, p.Depends(Falsy())),
    "depends, both places": lambda p: (Annotated[int, p.Depends(sub)], p.Depends(sub)),
    "depends and query": lambda p: (Annotated[int, p.Query()], p.Depends(sub)),
    "depends, query as default": lambda p: (Annotated[int, p.Depends(sub)], p.Query()),
    "depends, plain default": lambda p: (Annotated[int, p.Depends(sub)], 3),
    "depends, special type": lambda p: (Annotated[Request, p.Depends(sub)],),
    "security": lambda p: (int, p.Security(sub, scopes=["a", "b"])),
    "unresolved": lambda p: ("NotDefinedAnywhere",),
    "string none": lambda p: ("None",),
}


def shape(dependant: Any) -> Any:
    lists = ("path_params", "query_params", "header_params", "cookie_params", "body_params")
    names = [slot for slot in type(dependant).__slots__ if slot.endswith("_param_name")]
    return {
        "call": dependant.call,
        "plain": [dependant.name, dependant.path, dependant.use_cache, dependant.scope],
        "oauth": [dependant.own_oauth_scopes, dependant.parent_oauth_scopes],
        "limit": getattr(dependant.concurrency, "max_concurrency", None),
        "special": {name: getattr(dependant, name) for name in names},
        "fields": {name: [field_shape(field) for field in getattr(dependant, name)] for name in lists},
        "dependencies": [shape(child) for child in dependant.dependencies],
    }


def field_shape(field: Any) -> Any:
    info = field.field_info
    return [
        (field.name, field.alias, field.validation_alias, field.mode, type(info).__name__),
        (info.annotation, info.default, info.default_factory, info.metadata, info.alias, info.is_required()),
    ]


def filled(declared: tuple[Any, ...]) -> tuple[Any, ...]:
    return declared + (None, ..., "/")[len(declared) :]


@pytest.mark.parametrize("declare", DECLARATIONS.values(), ids=DECLARATIONS)
def test_one_parameter(declare: Any) -> None:
    def act(side: Side) -> Any:
        annotation, default, path = filled(declare(side.params))
        return shape(side.dependant(annotation, default, path=path))

    expected, actual = both(act)
    assert actual == expected


def test_a_shared_marker_is_not_changed() -> None:
    def act(side: Side) -> Any:
        marker = side.params.Query(gt=2)
        for default in (..., 3, 4):
            side.dependant(Annotated[int, marker], default)
        return marker.default, marker.alias, marker.annotation, marker.metadata

    expected, actual = both(act)
    assert actual == expected


def nested(side: Side) -> Any:
    p = side.params

    def leaf(q: str, scopes: side.SecurityScopes, h: Annotated[str, p.Header()] = "h"): ...

    def middle(
        request: Request, x=p.Security(leaf, scopes=["leaf"]), y=p.Depends(leaf), c: str = p.Cookie("c")
    ): ...

    def endpoint(
        item_id: int, a=p.Security(middle, scopes=("a", "b")), b=p.Depends(gen), body: Item = None
    ): ...

    return side.get_dependant(path="/{item_id}", call=endpoint, parent_oauth_scopes=["top"])


def test_a_tree() -> None:
    expected, actual = both(lambda side: shape(nested(side)))
    assert actual == expected


def test_a_tree_made_flat() -> None:
    def act(side: Side) -> Any:
        dependant = nested(side)
        flat = side.get_flat_params(dependant)
        return [field.name for field in flat], [field.name for field in side._get_flat_body_params(dependant)]

    expected, actual = both(act)
    assert actual == expected


def test_parameter_models_made_flat() -> None:
    def act(side: Side) -> Any:
        dependant = side.dependant(Annotated[Item, side.params.Query()])
        return [field_shape(field) for field in side.get_flat_params(dependant)]

    expected, actual = both(act)
    assert actual == expected


@pytest.mark.parametrize("kind", ["Depends", "Security"])
@pytest.mark.parametrize("options", [{}, {"dependency": sub, "scope": "request"}, {"dependency": 3}])
def test_dependencies_without_parameter(kind: str, options: dict[str, Any]) -> None:
    def act(side: Side) -> Any:
        depends = getattr(side.params, kind)(**options, **({"scopes": ["s"]} if kind == "Security" else {}))
        return shape(side.get_parameterless_sub_dependant(depends=depends, path="/"))

    expected, actual = both(act)
    assert actual == expected


@pytest.mark.parametrize("outer_scope", [None, "request", "function"])
@pytest.mark.parametrize("inner_scope", [None, "request", "function"])
@pytest.mark.parametrize("named", [True, False])
def test_scopes_that_cannot_be_nested(outer_scope: Any, inner_scope: Any, named: bool) -> None:
    def act(side: Side) -> Any:
        def outer(x=side.params.Depends(gen, scope=inner_scope)):
            yield x

        call = outer if named else functools.partial(outer)
        return shape(side.get_dependant(path="/", call=call, scope=outer_scope))["plain"]

    expected, actual = both(act)
    assert actual == expected


def test_adding_by_hand() -> None:
    def act(side: Side) -> Any:
        dependant = side.Dependant()
        for name, kind in (
            ("r", Request),
            ("w", WebSocket),
            ("j", JSONResponse),
            ("i", int),
            ("u", list[int]),
        ):
            added = side.add_non_field_param_to_dependency(
                param_name=name, type_annotation=kind, dependant=dependant
            )
            assert added in (True, None)
        for kind in ("Query", "Header", "Cookie", "Path"):
            info = getattr(side.params, kind)
            path = "/{value}" if kind == "Path" else "/"
            source = side.dependant(Annotated[int, info()], path=path)
            (field,) = getattr(source, f"{kind.lower()}_params")
            side.add_param_to_fields(field=field, dependant=dependant)
        return shape(dependant)

    expected, actual = both(act)
    assert actual == expected


def test_adding_a_body_parameter_by_hand_is_refused() -> None:
    def act(side: Side) -> Any:
        (field,) = side.dependant(Item).body_params
        side.add_param_to_fields(field=field, dependant=side.Dependant())

    expected, actual = both(act)
    assert actual == expected
    assert "non-body parameters must be in path, query, header or cookie: value" in actual


def returning(annotation: Any) -> Any:
    def func(): ...

    func.__annotations__ = {"return": annotation}
    return func


def unannotated(): ...


STREAMS = [
    Iterable[int],
    AsyncIterator[Item],
    Generator[str, None, None],
    Iterable,
    list[int],
    int,
    None,
    "int",
]


@pytest.mark.parametrize("annotation", [*STREAMS, "None", "Missing", "Iterable[int]"])
def test_return_annotations(annotation: Any) -> None:
    def act(side: Side) -> Any:
        typed = side.get_typed_return_annotation(returning(annotation))
        return typed, side.get_stream_item_type(typed)

    expected, actual = both(act)
    assert actual == expected


def test_signatures_are_those_of_the_function_under_decorators() -> None:
    @functools.wraps(sub)
    def wrapper(*args: Any) -> Any: ...

    for call in (sub, wrapper, functools.partial(sub, a=3), Item, unannotated, Falsy()):
        expected, actual = both(lambda side, call=call: side.get_typed_signature(call))
        assert actual == expected
    assert both(lambda side: side.get_typed_return_annotation(unannotated)) == ("None", "None")


@pytest.mark.parametrize("missing", ["python_multipart", "multipart"])
def test_a_form_without_a_form_parser(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    if missing == "multipart":
        monkeypatch.setitem(sys.modules, "multipart", None)
    else:
        other = type(sys)("multipart")
        other.__version__ = "1.0"
        monkeypatch.setitem(sys.modules, "multipart", other)
        monkeypatch.setitem(sys.modules, "multipart.multipart", None)
    expected, actual = both(lambda side: side.dependant(Annotated[str, side.params.Form()]))
    assert actual == expected
    assert "pip" in actual
