"""The table and what is frozen beside it belong together, and are whole."""

import json
from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from .environment import _closure, _pinned
from .library import ROOT, Library, load_table

LIBRARIES = load_table()


def versions(library: Library) -> dict[str, str]:
    lines = [line.split("==") for line in library.lock.read_text().splitlines()]
    return {canonicalize_name(name): version for name, version in lines}


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
class TestLibrary:
    def test_is_frozen_with_the_reference_that_everything_is_compared_with(self, library: Library) -> None:
        # What is new in the table is frozen and recorded by its first run.
        frozen = versions(library) if library.lock.exists() or library.short else {}
        if not frozen:
            return
        assert frozen[canonicalize_name(library.name)] == library.version
        for name, _, version in (line.partition("==") for line in _pinned()):
            assert frozen[canonicalize_name(name)] == version

    def test_most_of_its_tests_pass_on_the_reference(self, library: Library) -> None:
        records = json.loads(library.baseline.read_text()) if library.baseline.exists() else {}
        assert records or not library.short
        for record in records.values():
            failing = [name for name, kind in record["others"].items() if kind == "failed"]
            assert record["passed"] > len(failing)

    def test_has_tests(self, library: Library) -> None:
        own = Path(__file__).parent / "own" / library.name
        assert bool(library.sha256) != own.is_dir()


def test_nothing_is_there_for_a_library_that_is_gone() -> None:
    here = Path(__file__).parent
    for folder in (ROOT / "requirements" / "ecosystem", here / "baseline", here / "own"):
        assert {file.stem for file in folder.iterdir()} <= set(LIBRARIES)


@pytest.mark.parametrize("reason", ["", "  "])
def test_what_is_left_out_has_a_reason(tmp_path: Path, reason: str) -> None:
    table = tmp_path / "table.toml"
    row = f'[one]\nversion = "1"\nabout = "x"\nrequires = []\ndeselect = {{ "t.py::a" = "{reason}" }}\n'
    table.write_text(row)
    with pytest.raises(ValueError, match="no reason to leave out"):
        load_table(table)


def test_files_and_tests_are_left_out_and_workers_are_bounded() -> None:
    library = Library("one", "1", (), "x", workers=1, deselect={"t.py": "slow", "u.py::a": "network"})
    arguments = library.arguments(4)
    assert {"--ignore=t.py", "--deselect=u.py::a"} < set(arguments)
    assert arguments[arguments.index("-n") + 1] == "1"


class Fake(Distribution):
    def __init__(self, name: str, *requires: str) -> None:
        self.fields = Message()
        self.fields["Name"], self.fields["Version"] = name, "1"
        for requirement in requires:
            self.fields["Requires-Dist"] = requirement

    @property
    def metadata(self) -> Message:
        return self.fields

    def read_text(self, filename: str) -> str | None:
        return self.fields.as_string() if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


def test_closure_follows_extras_and_markers() -> None:
    distributions = [
        Fake("one", "Two[fast]>=1", 'old; python_version < "3"', 'more; extra == "all"'),
        Fake("Two", "three", 'four; extra == "fast"', 'five; extra == "slow"'),
        *map(Fake, ["three", "four", "five", "more", "other"]),
    ]
    installed = {canonicalize_name(fake.name): fake for fake in distributions}
    assert _closure(["one"], installed) == {"one==1", "Two==1", "three==1", "four==1"}
    assert _closure(["one[all]", "five"], installed) > {"more==1", "five==1"}
