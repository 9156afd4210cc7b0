"""The drop-in in one process."""

import pytest

IDENTITY = """
import sys
import fastapi, ferroapi, fastapi.routing, ferroapi.routing, ferroapi._core, fastapi._core
from ferroapi import APIRouter
from ferroapi.openapi import models

assert fastapi is ferroapi and fastapi.FastAPI is ferroapi.FastAPI
assert APIRouter is fastapi.APIRouter
assert ferroapi.routing is fastapi.routing is sys.modules["fastapi.routing"] is sys.modules["ferroapi.routing"]
assert models is sys.modules["fastapi.openapi.models"]
assert fastapi.__name__ == "fastapi" and fastapi.routing.__name__ == "fastapi.routing"
assert fastapi.__spec__.name == "fastapi" and fastapi.__package__ == "fastapi"
assert fastapi.routing.__spec__.name == "fastapi.routing"
assert fastapi.FastAPI.__module__ == "fastapi.applications"
assert fastapi.__ferroapi_version__
assert fastapi._core is ferroapi._core is sys.modules["fastapi._core"] is sys.modules["ferroapi._core"]
print("same")
"""

INSTALL = "import ferroapi.dropin; ferroapi.dropin.install()\n"


def test_both_names_are_one_set_of_modules(python) -> None:
    assert python(INSTALL + IDENTITY) == "same"


def test_own_name_imported_before_is_the_same_object(python) -> None:
    assert python(
        "import ferroapi\nearly = ferroapi\n" + INSTALL + IDENTITY + "assert early is fastapi"
    ).startswith("same")


def test_own_name_alone_is_loaded_under_the_other(python) -> None:
    assert (
        python(INSTALL + "from ferroapi.routing import APIRouter; print(APIRouter.__module__)")
        == "fastapi.routing"
    )


def test_second_call_does_nothing(python) -> None:
    code = (
        INSTALL * 2
        + "import sys, fastapi\n"
        + INSTALL
        + "print(sum('Dropin' in type(f).__name__ for f in sys.meta_path))"
    )
    assert python(code) == "1"


def test_extension_imported_before_is_kept(python) -> None:
    code = "import ferroapi._core\ncore = ferroapi._core\n" + INSTALL
    code += (
        "import fastapi._core, ferroapi._core\nassert fastapi._core is ferroapi._core is core\nprint('kept')"
    )
    assert python(code) == "kept"


def test_real_package_imported_before_is_an_error(python) -> None:
    assert python(
        """
        import fastapi, ferroapi.dropin
        try:
            ferroapi.dropin.install()
        except ferroapi.dropin.DropinError as error:
            print(error)
        """
    ).startswith("'fastapi' is already imported from ")


def test_own_modules_imported_before_are_an_error(python) -> None:
    message = python(
        """
        import ferroapi.dropin, ferroapi.exceptions
        try:
            ferroapi.dropin.install()
        except ferroapi.dropin.DropinError as error:
            print(error)
        """
    )
    assert "ferroapi.exceptions" in message and "first step" in message
    assert "ferroapi.dropin," not in message


def test_package_is_whole_when_imported(python) -> None:
    code = INSTALL + "import fastapi, sys; print({'FastAPI', 'routing', 'status'} <= set(vars(fastapi)))"
    assert python(code) == "True"


def test_modules_removed_and_imported_again_are_new(python) -> None:
    code = (
        INSTALL
        + """
import sys, fastapi, ferroapi.routing
old = fastapi.FastAPI
for name in [name for name in sys.modules if name.partition(".")[0] == "fastapi"]:
    if not name.endswith("._core"):
        del sys.modules[name]
import fastapi, ferroapi, ferroapi.routing
assert fastapi.FastAPI is not old
assert ferroapi is fastapi and ferroapi.routing is fastapi.routing
assert ferroapi.dropin.is_installed()
print("new")
"""
    )
    assert python(code) == "new"


def test_reload_keeps_the_module(python) -> None:
    code = (
        INSTALL
        + "import fastapi, importlib\nassert importlib.reload(fastapi) is fastapi\nprint(fastapi.FastAPI)"
    )
    assert python(code) == "<class 'fastapi.applications.FastAPI'>"


def test_hooks_on_the_meta_path_see_real_imports(python) -> None:
    # In the way of wrapt, ddtrace and New Relic: ask the other finders, wrap the loader, look at the module.
    code = (
        """
import sys
from importlib.util import find_spec

class Loader:
    def __init__(self, loader): self.loader = loader
    def create_module(self, spec): return self.loader.create_module(spec)
    def exec_module(self, module):
        self.loader.exec_module(module)
        seen.append((module.__name__, module.__spec__.name, bool(module.__file__)))

class Hook:
    busy = set()
    def find_spec(self, name, path=None, target=None):
        if name not in ("fastapi", "fastapi.routing", "fastapi.applications") or name in self.busy:
            return None
        self.busy.add(name)
        try:
            spec = find_spec(name)
        finally:
            self.busy.remove(name)
        spec.loader = Loader(spec.loader)
        return spec

seen = []
"""
        + INSTALL
        + """
sys.meta_path.insert(0, Hook())
import ferroapi.routing
import fastapi
assert fastapi is ferroapi
print(sorted(seen))
"""
    )
    names = ["fastapi", "fastapi.applications", "fastapi.routing"]
    assert python(code) == str([(name, name, True) for name in names])


def test_modules_have_sources_and_resources(python) -> None:
    code = (
        INSTALL
        + """
import importlib.resources, inspect, pickle, fastapi
assert "class" in inspect.getsource(fastapi.exceptions)
assert "__getattr__" in inspect.getsource(fastapi)
assert importlib.resources.files("fastapi").joinpath("py.typed").is_file()
assert pickle.loads(pickle.dumps(fastapi.HTTPException)) is fastapi.HTTPException
print("ok")
"""
    )
    assert python(code) == "ok"


def test_absent_submodule_is_reported_under_the_name_asked_for(python) -> None:
    code = (
        INSTALL
        + """
for name in ("fastapi.nonsense", "ferroapi.nonsense", "fastapi.routing.deeper"):
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        print(error.name)
"""
    )
    assert python(code).split() == ["fastapi.nonsense", "ferroapi.nonsense", "fastapi.routing.deeper"]


def test_metadata_of_the_real_package_stays(python) -> None:
    code = (
        INSTALL
        + """
import importlib.metadata as m
assert m.version("fastapi") == "0.165.0"
print(m.metadata("fastapi")["Summary"], len([d for d in m.distributions() if d.name == "fastapi"]), sep="|")
"""
    )
    summary, count = python(code).split("|")
    assert summary.startswith("FastAPI framework") and count == "1"


def test_children_inherit_on_request(python) -> None:
    code = """
import subprocess, sys, ferroapi.dropin
ferroapi.dropin.install(children={})
subprocess.run([sys.executable, "-c", "import fastapi; print(hasattr(fastapi, '__ferroapi_version__'))"], check=True)
"""
    assert python(code.format(True)) == "True"
    assert python(code.format(False)) == "False"


@pytest.mark.parametrize("first", ["fastapi", "ferroapi"])
def test_the_protocol_class_is_one_under_both_names(python, first: str) -> None:
    code = (
        INSTALL
        + f"""
import sys, {first}.protocol, fastapi.protocol, ferroapi.protocol, ferroapi._server.leaves
from uvicorn.importer import import_from_string
assert "uvicorn.main" in sys.modules and ferroapi.protocol is fastapi.protocol
found = {{import_from_string(f"{{name}}.protocol:HTTPProtocol") for name in ("fastapi", "ferroapi")}}
assert found == {{fastapi.protocol.HTTPProtocol}}
print(fastapi.protocol.HTTPProtocol.__module__, sys.modules["ferroapi._server.leaves"].__name__)
"""
    )
    assert python(code) == "fastapi.protocol fastapi._server.leaves"
