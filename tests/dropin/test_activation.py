"""`ferroapi dropin enable | disable | status`: the drop-in for a whole environment."""

import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

from .conftest import run
from .test_install import IDENTITY

# The import itself would take much longer.
SHOW = """
from importlib.util import find_spec
print("ours" if "ferroapi" in find_spec("fastapi").origin else "real")
"""


class Environment:
    """A virtual environment with the packages of this one, both `fastapi` and `ferroapi` among them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True, timeout=50)
        (self.packages,) = directory.glob("lib/python*/site-packages")
        self.python = str(directory / "bin" / "python")
        spec = find_spec("ferroapi")
        assert spec is not None and spec.origin is not None
        self.own = self.packages / "own.pth"
        self.own.write_text(str(Path(spec.origin).parents[1]))
        self.packages.joinpath("others.pth").write_text(sysconfig.get_path("purelib"))

    def run(self, *arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        return run([self.python, *arguments], self.directory, **changes)

    def show(self, *options: str, code: str = SHOW, **changes: str | None) -> str:
        done = self.run(*options, "-c", code, **changes)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def dropin(self, command: str) -> tuple[int, str]:
        done = self.run("-m", "ferroapi", "dropin", command)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def fresh(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "fresh")


@pytest.fixture(scope="module")
def enabled(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("activation") / "enabled")
    assert made.dropin("enable")[0] == 0
    return made


def test_enabled_and_disabled_again(fresh: Environment) -> None:
    before = set(fresh.packages.iterdir())
    status, message = fresh.dropin("status")
    assert status == 1 and message.startswith("Disabled") and "another fastapi" in message
    assert fresh.dropin("disable")[0] == 0 and fresh.show() == "real"
    for word in ("Now", "Still"):
        status, message = fresh.dropin("enable")
        assert status == 0 and message.startswith(f"{word} enabled") and "ferroapi dropin disable" in message
        assert fresh.show() == "ours"
    status, message = fresh.dropin("status")
    assert (
        status == 0 and message.startswith("Enabled") and "gives" not in message and ": ferroapi, " in message
    )
    for word in ("Now", "Still"):
        assert fresh.dropin("disable")[1].startswith(f"{word} disabled")
        assert fresh.show() == "real"
    assert set(fresh.packages.iterdir()) == before


@pytest.mark.parametrize("option", ["-I", "-E", "-s", "-P"])
def test_options_of_the_interpreter(enabled: Environment, option: str) -> None:
    assert enabled.show(option) == "ours"


def test_a_changed_path(enabled: Environment, tmp_path: Path) -> None:
    assert enabled.show(PYTHONPATH=str(tmp_path)) == "ours"
    assert enabled.show(PYTHONPATH=sysconfig.get_path("purelib")) == "ours"


def test_without_site_there_is_no_drop_in(enabled: Environment) -> None:
    assert enabled.show("-S", PYTHONPATH=sysconfig.get_path("purelib")) == "real"


@pytest.mark.parametrize(
    "first",
    [
        "",
        "import ferroapi",
        "import ferroapi.dropin",
        "import ferroapi._core",
        "from ferroapi import FastAPI",
    ],
)
def test_both_names_are_one_set_of_modules(enabled: Environment, first: str) -> None:
    assert enabled.show(code=f"{first}\n{IDENTITY}") == "same"


def test_it_goes_together_with_the_other_ways(enabled: Environment) -> None:
    install = "import ferroapi.dropin; ferroapi.dropin.install()\n"
    assert enabled.show(code=install + IDENTITY) == "same"
    done = enabled.run("-m", "ferroapi", "exec", "--check", "--", "python", "-I", "-c", IDENTITY)
    assert done.stdout.strip() == "same", done.stderr


def test_a_process_can_opt_out(enabled: Environment) -> None:
    assert enabled.show(FERROAPI_DROPIN="0") == "real"


def test_a_start_imports_one_module(enabled: Environment, fresh: Environment) -> None:
    code = "import sys; print(*sorted(sys.modules))"
    more = set(enabled.show(code=code).split()) - set(fresh.show(code=code).split())
    assert more == {"_ferroapi_dropin"}


def test_looking_for_distributions_does_not_activate_it(enabled: Environment) -> None:
    code = """
import importlib.metadata, sys
assert importlib.metadata.version("fastapi") == "0.165.0"
print("ferroapi.dropin" in sys.modules)
"""
    assert enabled.show(code=code) == "False"


def test_an_uninstalled_package_leaves_nothing_broken(fresh: Environment) -> None:
    fresh.dropin("enable")
    fresh.own.unlink()
    for code in (SHOW, "import fastapi.routing; print('real')"):
        done = fresh.run("-c", code)
        assert (done.stdout.strip(), done.stderr) == ("real", "")
    fresh.packages.joinpath("_ferroapi_dropin.py").unlink()
    done = fresh.run("-c", SHOW)
    assert (done.stdout.strip(), done.stderr) == ("real", "")


def test_a_place_that_can_t_be_written_to_is_refused(fresh: Environment) -> None:
    # A directory in the place of the file: permissions don't stop a superuser.
    fresh.packages.joinpath("ferroapi-dropin.pth").mkdir()
    status, message = fresh.dropin("enable")
    assert status == 1 and "ferroapi-dropin.pth: Is a directory" in message
    assert not fresh.packages.joinpath("_ferroapi_dropin.py").exists()


@pytest.mark.parametrize("arguments", [[], ["on"], ["enable", "now"]])
def test_wrong_arguments(enabled: Environment, arguments: list[str]) -> None:
    done = enabled.run("-m", "ferroapi", "dropin", *arguments)
    assert (done.returncode, done.stderr) == (2, "usage: ferroapi dropin enable | disable | status\n")
