"""The package's lazy names, under its own name."""

import importlib.metadata
import types

import fastapi
import pytest

import ferroapi


def public_names(module: types.ModuleType) -> set[str]:
    return {name for name in vars(module) if not name.startswith("_")}


def test_names_are_those_of_the_reference() -> None:
    # The reference's namespace also has whatever submodules this process has imported meanwhile.
    incidental = {"testclient", "cli", "staticfiles", "templating"}
    assert set(ferroapi.__all__) == public_names(fastapi) - incidental


@pytest.mark.parametrize("name", sorted(ferroapi.__all__))
def test_each_name_is_there_and_is_what_the_reference_calls_it(name: str) -> None:
    ours, theirs = getattr(ferroapi, name), getattr(fastapi, name)
    assert ours.__name__ == theirs.__name__.replace("fastapi.", "ferroapi.")
    if isinstance(theirs, types.ModuleType):
        assert isinstance(ours, types.ModuleType)
    else:
        assert type(ours) is type(theirs)
        assert ours.__module__ == theirs.__module__.replace("fastapi.", "ferroapi.")


def test_version_is_the_reference_s_and_the_own_one_is_apart() -> None:
    assert ferroapi.__version__ == fastapi.__version__
    assert importlib.metadata.version("ferroapi") == ferroapi.__ferroapi_version__


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ferroapi' has no attribute 'Nonsense'"):
        ferroapi.Nonsense  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_dir_lists_names_before_they_are_used() -> None:
    assert set(ferroapi.__all__) <= set(dir(ferroapi))


def test_import_is_cheap_and_names_come_on_demand(python) -> None:
    code = """
        import sys, ferroapi, ferroapi.dropin
        print(*{"starlette", "pydantic", "ferroapi.applications", "ferroapi._core"} & set(sys.modules))
        assert ferroapi.routing.APIRouter is ferroapi.APIRouter
        """
    assert python(code) == ""


def test_neither_the_server_nor_its_protocol_is_imported_by_an_application(python) -> None:
    code = """
        import sys
        from ferroapi import *
        app = FastAPI()
        app.get("/")(lambda: 1)
        names = {"uvicorn", "ferroapi.protocol", "ferroapi._server", "ferroapi._uvicorn"} & set(sys.modules)
        import ferroapi.protocol
        print(*names, *sorted(vars(sys.modules["ferroapi.protocol"])["__all__"]))
        """
    assert python(code) == "HTTPProtocol"


def test_a_replaced_name_stays(python) -> None:
    python(
        """
        import ferroapi
        from ferroapi.applications import FastAPI

        class Sub(FastAPI): ...

        ferroapi.FastAPI = Sub
        from ferroapi import FastAPI as found
        assert found is Sub
        """
    )


def test_star_import_gives_the_public_names(python) -> None:
    python(
        """
        from ferroapi import *
        assert FastAPI and routing.APIRouter is APIRouter and status.HTTP_200_OK == 200
        """
    )
