"""Parameter declarations."""

import copy
import pickle
import warnings
from typing import Any

import fastapi
import fastapi.params
import pytest
from pydantic import AliasChoices, AliasPath

import ferroapi
from ferroapi import param_functions, params
from ferroapi.datastructures import _Unset
from ferroapi.exceptions import FastAPIDeprecationWarning

KINDS = ["Path", "Query", "Header", "Cookie", "Body", "Form", "File"]

OPTIONS: list[dict[str, Any]] = [
    {},
    {"default": 1},
    {"default": None, "title": None},
    {"default_factory": list},
    {"alias": "a"},
    {"alias": "a", "validation_alias": "b"},
    {"alias": "a", "serialization_alias": "c", "alias_priority": 1},
    {"alias": None, "validation_alias": None, "serialization_alias": None},
    {"validation_alias": AliasChoices("a", AliasPath("b", 0))},
    {"gt": 1, "ge": 2.5, "lt": 3, "le": 4, "multiple_of": 2, "strict": True, "allow_inf_nan": False},
    {"min_length": 1, "max_length": 2, "pattern": "^x"},
    {"max_digits": 3, "decimal_places": 1, "union_mode": "smart", "fail_fast": True},
    {"examples": ["x"], "openapi_examples": {"a": {"value": 1}}, "deprecated": True},
    {"include_in_schema": False, "json_schema_extra": {"x": 1}, "validate_default": True},
    {"discriminator": "kind", "description": "d"},
]


def state(field: Any) -> dict[str, Any]:
    found = {name: getattr(field, name) for name in field._attributes_set}
    found |= vars(field)
    found |= {"set": field._attributes_set, "metadata": repr(field.metadata), "repr": repr(field)}
    return {name: plain(value) for name, value in found.items()}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    name = type(value).__name__
    return (
        (name, str(value))
        if name in {"ParamTypes", "DefaultPlaceholder"} and name == "ParamTypes"
        else ("unset" if name == "DefaultPlaceholder" else value)
    )


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "none")
@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_the_same(kind: str, options: dict[str, Any]) -> None:
    if kind == "Path":
        options = {name: value for name, value in options.items() if name != "default"}
    ours = getattr(ferroapi, kind)(**options)
    assert type(ours) is getattr(params, kind)
    assert state(ours) == state(getattr(fastapi, kind)(**options))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("Header", {"convert_underscores": False}),
        ("Body", {"embed": True, "media_type": "text/plain"}),
        ("Form", {"media_type": "text/plain"}),
        ("File", {"media_type": "text/plain"}),
    ],
)
def test_own_options_are_the_same(kind: str, options: dict[str, Any]) -> None:
    assert state(getattr(ferroapi, kind)(**options)) == state(getattr(fastapi, kind)(**options))


@pytest.mark.parametrize("kind", KINDS)
def test_class_takes_an_annotation(kind: str) -> None:
    assert getattr(params, kind)(annotation=int).annotation is int


@pytest.mark.parametrize("kind", [*KINDS, "Param"])
@pytest.mark.parametrize(
    ("options", "message", "attribute", "value"),
    [
        ({"regex": "^x"}, "`regex` has been deprecated, please use `pattern` instead", "metadata", None),
        ({"example": 1}, "`example` has been deprecated, please use `examples` instead", "example", 1),
    ],
)
def test_deprecated_options_warn_where_they_are_used(
    kind: str, options: dict[str, Any], message: str, attribute: str, value: Any
) -> None:
    with pytest.warns(FastAPIDeprecationWarning) as caught:
        field = getattr(param_functions, kind, getattr(params, kind))(**options)
    assert [(str(w.message), w.filename) for w in caught] == [(message, __file__)]
    if value is not None:
        assert getattr(field, attribute) == value
    else:
        assert [general.pattern for general in field.metadata] == ["^x"]


def test_no_warning_without_deprecated_options() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ferroapi.Query(example=_Unset, regex=None).example is _Unset


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("package", ["params", "param_functions"])
def test_unknown_option(kind: str, package: str) -> None:
    def message(root: Any) -> str:
        with pytest.raises(TypeError) as caught:
            getattr(getattr(root, package), kind)(nonsense=1)
        return str(caught.value)

    assert message(ferroapi) == message(fastapi)


def test_path_has_no_default() -> None:
    with pytest.raises(AssertionError, match=r"^Path parameters cannot have a default value$"):
        ferroapi.Path(1)
    assert params.Path().is_required()


def test_positional_default() -> None:
    assert ferroapi.Query(5).default == 5
    with pytest.raises(TypeError, match="positional"):
        ferroapi.Query(5, 6)


def test_user_subclass() -> None:
    class Tenant(params.Header):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(alias="X-Tenant", **kwargs)

    tenant = Tenant(min_length=2)
    assert (tenant.alias, tenant.in_, repr(tenant)) == (
        "X-Tenant",
        params.ParamTypes.header,
        "Tenant(PydanticUndefined)",
    )
    assert copy.copy(tenant).convert_underscores is True


def provide() -> None: ...


class TestDepends:
    def test_same_as_reference(self) -> None:
        assert repr(ferroapi.Depends(provide, scope="request")) == repr(
            fastapi.Depends(provide, scope="request")
        )
        assert repr(ferroapi.Security(provide, scopes=["a"])) == repr(fastapi.Security(provide, scopes=["a"]))

    def test_is_a_hashable_value(self) -> None:
        assert ferroapi.Depends(provide) == ferroapi.Depends(provide)
        assert hash(ferroapi.Depends(provide)) == hash(ferroapi.Depends(provide))
        with pytest.raises(AttributeError):
            ferroapi.Depends(provide).use_cache = False

    @pytest.mark.parametrize("limit", [0, -1, True, 1.0, "1"])
    def test_refuses_a_limit(self, limit: Any) -> None:
        with pytest.raises(ValueError, match=r"^max_concurrency must be a positive integer or None$"):
            ferroapi.Depends(provide, max_concurrency=limit)

    def test_each_declaration_has_its_own_limit_and_copies_share_it(self) -> None:
        first = ferroapi.Depends(provide, max_concurrency=2)
        second = ferroapi.Depends(provide, max_concurrency=2)
        assert first._concurrency is not second._concurrency
        replace = copy.replace if hasattr(copy, "replace") else __import__("dataclasses").replace
        assert replace(first, use_cache=False)._concurrency is first._concurrency
        assert replace(first, max_concurrency=3)._concurrency.max_concurrency == 3
        assert replace(first, max_concurrency=None)._concurrency is None

    def test_pickles(self) -> None:
        assert pickle.loads(pickle.dumps(ferroapi.Depends(provide))) == ferroapi.Depends(provide)
