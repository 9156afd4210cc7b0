"""`Dependant` and what is derived from one."""

import copy
import dataclasses
import functools
import inspect
import pickle
from typing import Any

import fastapi.dependencies.models as reference
import pytest

from ferroapi.dependencies import models

from .sides import Side, both


def a_call() -> None: ...


def test_the_class_is_the_same_dataclass() -> None:
    shape = [(f.name, f.kw_only, f.compare, f.init, f.repr) for f in dataclasses.fields(reference.Dependant)]
    assert [
        (f.name, f.kw_only, f.compare, f.init, f.repr) for f in dataclasses.fields(models.Dependant)
    ] == shape
    assert (
        both(lambda side: inspect.signature(side.Dependant))[0]
        == both(lambda side: inspect.signature(side.Dependant))[1]
    )
    assert models.Dependant.__module__ == models.__name__
    assert not hasattr(models.Dependant(), "__dict__")
    assert models.Dependant.__hash__ is None


@pytest.mark.parametrize(
    "act",
    [
        lambda side: side.Dependant(),
        lambda side: side.Dependant(
            [], [], [], [], [], [side.Dependant(name="b")], "a", a_call, use_cache=False
        ),
        lambda side: side.Dependant(name="a") == side.Dependant(name="a"),
        lambda side: side.Dependant(name="a") == side.Dependant(name="b"),
        lambda side: side.Dependant(unknown=1),
        lambda side: dataclasses.asdict(side.Dependant(dependencies=[side.Dependant(name="b")])),
        lambda side: copy.deepcopy(side.Dependant(dependencies=[side.Dependant(call=a_call)])),
        lambda side: pickle.loads(pickle.dumps(side.Dependant(call=a_call, path="/"))),
        lambda side: side.Dependant().query_params is side.Dependant().query_params,
    ],
)
def test_objects_behave_the_same(act: Any) -> None:
    expected, actual = both(act)
    assert actual == expected


def gen():
    yield


async def coro() -> None: ...


async def agen():
    yield


def wrapped(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        return func(*args, **kwargs)

    return wrapper


def instance_of(call: Any) -> Any:
    return type("Callable", (), {"__call__": call, "__hash__": None})()


async def method(self) -> None: ...


def gen_method(self):
    yield


CALLS = {
    "none": None,
    "function": a_call,
    "generator": gen,
    "coroutine function": coro,
    "async generator": agen,
    "class": type("Class", (), {"__call__": method}),
    "builtin": len,
    "lambda": lambda: None,
    "instance": instance_of(lambda self: None),
    "instance, coroutine": instance_of(method),
    "instance, generator": instance_of(gen_method),
    "instance, wrapped": instance_of(wrapped(method)),
    "instance of partial": instance_of(functools.partial(method)),
    "bound": instance_of(method).__call__,
    "method wrapper": instance_of(method).__init__,
    **{f"partial {f.__name__}": functools.partial(functools.partial(f)) for f in (gen, coro, agen, a_call)},
    **{f"wrapped {f.__name__}": wrapped(wrapped(f)) for f in (gen, coro, agen, a_call)},
    **{f"wrapped partial {f.__name__}": wrapped(functools.partial(f)) for f in (gen, coro, agen)},
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_callables_are_classified_the_same(call: Any) -> None:
    def classify(side: Side) -> Any:
        kinds = (side._is_gen_callable, side._is_async_gen_callable, side._is_coroutine_callable)
        scopes = [
            side._get_computed_scope(dependant=side.Dependant(call=call, scope=s)) for s in (None, "function")
        ]
        return [kind(call) for kind in kinds], scopes

    expected, actual = both(classify)
    assert actual == expected


def security_tree(side: Side, **options: Any) -> Any:
    scheme = side.security.APIKeyHeader(name="key")
    return side.Dependant(call=a_call, dependencies=[side.Dependant(call=scheme)], **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda side: side.Dependant(call=a_call),
        lambda side: side.Dependant(),
        lambda side: side.Dependant(
            call=gen, own_oauth_scopes=["b", "a"], parent_oauth_scopes=["a", "c", "a"]
        ),
        lambda side: side.Dependant(call=a_call, parent_oauth_scopes=["a"]),
        lambda side: side.Dependant(call=a_call, parent_oauth_scopes=["a"], security_scopes_param_name="s"),
        lambda side: security_tree(side, parent_oauth_scopes=["z", "y"]),
    ],
)
def test_scopes_and_cache_keys(make: Any) -> None:
    def derive(side: Side) -> Any:
        dependant, cache = make(side), {}
        return [
            side._get_oauth_scopes(dependant=dependant),
            side._uses_scopes(dependant=dependant, cache=cache),
            side._get_cache_key(dependant=dependant, uses_scopes_cache=cache),
            side._get_cache_key(dependant=dependant),
            [side._is_security_scheme(dependant=d) for d in (dependant, *dependant.dependencies)],
        ]

    expected, actual = both(derive)
    assert actual == expected
