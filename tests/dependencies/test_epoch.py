"""What moves the epoch: every change of a live dependant, and nothing else."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from ferroapi import _epoch
from ferroapi._epoch import Tracked, TrackedList
from ferroapi.dependencies.models import Dependant
from ferroapi.dependencies.utils import get_dependant
from ferroapi.params import Depends

LIST_FIELDS = ("path_params", "query_params", "header_params", "cookie_params", "body_params", "dependencies")


@pytest.fixture
def bumps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    monkeypatch.setattr(_epoch, "bump_epoch", lambda: seen.append(1))
    return seen


def iadd(items: list[int]) -> None:
    items += [9]


def imul(items: list[int]) -> None:
    items *= 2


MUTATIONS: dict[str, Callable[[list[int]], Any]] = {
    "append": lambda items: items.append(4),
    "extend": lambda items: items.extend((4, 5)),
    "insert": lambda items: items.insert(1, 4),
    "remove": lambda items: items.remove(2),
    "pop": lambda items: items.pop(0),
    "clear": lambda items: items.clear(),
    "sort": lambda items: items.sort(key=lambda item: -item),
    "reverse": lambda items: items.reverse(),
    "set": lambda items: items.__setitem__(0, 7),
    "set slice": lambda items: items.__setitem__(slice(0, 2), [7]),
    "delete": lambda items: items.__delitem__(0),
    "iadd": iadd,
    "imul": imul,
}


@pytest.mark.parametrize("mutate", MUTATIONS.values(), ids=MUTATIONS)
def test_every_mutation_of_a_list(mutate: Callable[[list[int]], Any], bumps: list[int]) -> None:
    tracked, ordinary = TrackedList([3, 1, 2]), [3, 1, 2]
    assert mutate(tracked) == mutate(ordinary)
    assert tracked == ordinary
    assert bumps == [1]


def test_no_mutating_method_is_forgotten() -> None:
    reading = {"copy", "count", "index"}
    mutating = {name for name in vars(list) if not name.startswith("_")} - reading
    mutating |= {"__setitem__", "__delitem__", "__iadd__", "__imul__"}
    assert mutating <= set(vars(TrackedList))


def test_a_mutation_that_fails_half_way(bumps: list[int]) -> None:
    def broken():
        yield 1
        raise LookupError

    items: TrackedList[int] = TrackedList()
    with pytest.raises(LookupError):
        items.extend(broken())
    assert items == [1]
    assert bumps == [1]


def test_a_list_stays_a_list(bumps: list[int]) -> None:
    items = TrackedList([[1], [2]])
    assert repr(items) == "[[1], [2]]"
    assert items == [[1], [2]]
    assert not hasattr(items, "__dict__")
    for copied in (copy.copy(items), copy.deepcopy(items)):
        assert type(copied) is TrackedList
        assert copied == items
    assert copy.copy(items)[0] is items[0]
    assert copy.deepcopy(items)[0] is not items[0]
    assert bumps == []
    assert type(pickle.loads(pickle.dumps(items))) is TrackedList


def test_a_list_that_holds_itself() -> None:
    items: TrackedList[Any] = TrackedList()
    items.append(items)
    copied = copy.deepcopy(items)
    assert copied[0] is copied


class Node(Tracked):
    kind = "class level"

    def __init__(self) -> None:
        self.value = 1

    @property
    def doubled(self) -> int:
        raise AssertionError("a getter ran")

    @doubled.setter
    def doubled(self, value: int) -> None:
        self.__dict__["value"] = value // 2

    def __getattr__(self, name: str) -> Any:
        raise AssertionError("__getattr__ ran")


def test_attributes(bumps: list[int]) -> None:
    node = Node()
    node.other = 1
    node.kind = "own"
    assert bumps == []
    node.value = node.value
    assert bumps == []
    node.value = 2
    node.doubled = 6
    assert node.value == 3
    del node.other
    node.__class__ = type("Other", (Node,), {})
    assert len(bumps) == 4


def test_construction_is_no_change(bumps: list[int]) -> None:
    def sub(a: int, b: list[str]): ...
    def call(value: str, x=Depends(sub)): ...

    dependant = get_dependant(path="/{value}", call=call)
    assert [field.name for field in dependant.path_params] == ["value"]
    for made in (copy.copy(dependant), copy.deepcopy(dependant), dataclasses.replace(dependant, name="x")):
        assert type(made.dependencies) is TrackedList
    assert bumps == []


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Dependant)])
def test_every_field_of_a_dependant(name: str, bumps: list[int]) -> None:
    dependant = Dependant()
    setattr(dependant, name, getattr(dependant, name))
    assert bumps == []
    setattr(dependant, name, ["new"] if name in LIST_FIELDS else "new")
    assert bumps == [1]


def test_lists_of_a_dependant_are_tracked(bumps: list[int]) -> None:
    child = Dependant()
    given = Dependant(dependencies=[child])
    assigned = Dependant()
    assigned.dependencies = [child]
    assert bumps == [1]
    for dependant in (given, assigned, Dependant(), pickle.loads(pickle.dumps(Dependant()))):
        for name in LIST_FIELDS:
            assert type(getattr(dependant, name)) is TrackedList
    bumps.clear()
    given.dependencies.insert(0, child)
    assigned.dependencies += [child]
    assert len(bumps) == 2


def test_a_subclass_with_its_own_slots(bumps: list[int]) -> None:
    @dataclasses.dataclass(slots=True)
    class Extended(Dependant):
        custom: list[str] = dataclasses.field(default_factory=list)

    class Plain(Dependant):
        __slots__ = ("custom",)

    source = Dependant(name="x", dependencies=[Dependant()])
    values = {field.name: getattr(source, field.name) for field in dataclasses.fields(source)}
    extended, plain = Extended(**values, custom=["own"]), Plain(**values)
    plain.custom = ["own"]
    assert bumps == []
    for dependant in (extended, plain, copy.copy(extended), copy.copy(plain)):
        assert dependant.name == "x"
        assert dependant.custom == ["own"]
        assert dependant.dependencies is source.dependencies
    extended.custom = []
    assert bumps == [1]
