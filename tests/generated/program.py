"""One seed as a program: its source, its run on a package, and what differs between two packages."""

import ast
import functools
import inspect
import json
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import anyio

from ..differential import compare, driver
from ..differential.registry import CANDIDATE, REFERENCE, load
from .applications import make_application
from .choices import Choices
from .exchanges import Step, make_steps
from .forms import make_form
from .layers import LAYER_BLOCKS
from .mixtures import make_mixture
from .prelude import BLOCKS, HEADER
from .stacks import make_stack
from .streams import make_stream
from .telemetry import make_telemetry

NAMES = (REFERENCE, CANDIDATE)
# Where tasks race, the order on trio is random by design.
_RACES = re.compile(
    r"BaseMiddleware|FileResponse|Streaming|EventSource|JSONLines|yield|parts\(|middleware\('http'\)"
)
EXCHANGES = 24
"""Requests for each application."""


@dataclass(frozen=True)
class Program:
    """An application as source text on the reference, and what is done with it."""

    seed: int
    source: str
    steps: tuple[Step, ...]
    backend: str = "asyncio"
    kind: str = "application"

    @property
    def filename(self) -> str:
        """What tracebacks and messages say the source is called."""
        return f"<generated {self.seed}>"


def make_program(seed: int, kind: str = "application") -> Program:
    """The program of a seed, of one of `KINDS`; the same for ever."""
    return _application(seed) if kind == "application" else _special(seed, kind)


_MAKERS: dict[str, Callable[[Choices, int], tuple[str, list[Step]]]] = {
    "stack": make_stack,
    "mixture": make_mixture,
    "stream": make_stream,
    "telemetry": make_telemetry,
    "form": make_form,
}
KINDS = ("application", *_MAKERS)
"""What a program can be about: whole applications, or one area more closely."""


def _special(seed: int, kind: str) -> Program:
    """A program about one area."""
    choices = Choices(f"{kind} {seed}")
    body, steps = _MAKERS[kind](choices, EXCHANGES)
    mentioned = "\n".join([body, *(step for step in steps if isinstance(step, str))])
    if ":hex" in mentioned:
        mentioned += "\nHexConvertor"
    source = "\n\n".join([HEADER, *_blocks(mentioned), f"{body}\n"])
    if "debug=True" in body:
        steps = [step if isinstance(step, str) else replace(step, only_last_line=True) for step in steps]
    backend = "trio" if seed % 4 == 0 and not _RACES.search(mentioned) else "asyncio"
    return Program(seed, source, tuple(steps), backend, kind)


def _application(seed: int) -> Program:
    choices = Choices(seed)
    application = make_application(choices)
    steps = make_steps(choices, application, EXCHANGES)
    body = f"{application.source}\n"
    mentioned = "\n".join([body, *(step for step in steps if isinstance(step, str))])
    if ":hex" in body:
        mentioned += "\nHexConvertor"
    source = "\n\n".join([HEADER, *_blocks(mentioned), body])
    races = re.search(r"BaseMiddleware|EventSourceResponse|middleware\('http'\)", body)
    if "debug=True" in body:  # the body of an error shows the frames of the framework
        steps = [step if isinstance(step, str) else replace(step, only_last_line=True) for step in steps]
    races = races or any(reach.endpoint.streams for reach in application.reaches)
    return Program(seed, source, tuple(steps), "trio" if seed % 4 == 0 and not races else "asyncio")


def _blocks(text: str) -> list[str]:
    """The parts of the prelude that `text` needs, in their order."""
    kept: list[str] = []
    for block, names in reversed(_defined()):
        if any(re.search(rf"\b{name}\b", text) for name in names):
            kept.insert(0, block)
            text += f"\n{block}"
    return kept


@functools.cache
def _defined() -> list[tuple[str, list[str]]]:
    found = []
    for block in (*BLOCKS, *LAYER_BLOCKS):
        names: list[str] = []
        for node in ast.parse(block).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.append(node.name)
            elif isinstance(node, ast.ImportFrom):
                names += [alias.asname or alias.name for alias in node.names]
            elif isinstance(node, ast.Assign):
                names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        found.append((block, names))
    return found


@dataclass
class Run:
    """What one package did with a program."""

    refused: list[str]
    """Declarations that raised."""
    outcomes: list[driver.Outcome | str]
    """One for each step; for a change of the application its `SEEN`, or the text of the exception that it raised."""
    openapi: str


def run(program: Program, package: str) -> Run:
    """Execute the source on `package` and do the steps."""
    source = program.source.replace("from fastapi", f"from {package}")
    # Kept by the identity of functions, which those of programs before this one may have had.
    load(package).routing._endpoint_context_cache.clear()
    lines = source.splitlines(keepends=True)
    linecache.cache[program.filename] = (len(source), None, lines, program.filename)
    module = ModuleType("generated")
    space = module.__dict__
    space["log"] = driver.log
    sys.modules["generated"] = module  # where pydantic looks for the names in annotations
    with patch("gzip.time", SimpleNamespace(time=lambda: 0.0)):
        try:
            exec(compile(source, program.filename, "exec"), space)
            app = space["app"]
        except Exception as error:
            return Run([str(driver.shown_chain(error))], [], "")
        outcomes = anyio.run(_serve, program, space, backend=program.backend)
        return Run(list(space.get("REFUSED", [])), outcomes, _openapi(app))


async def _serve(program: Program, space: dict[str, Any]) -> list[driver.Outcome | str]:
    outcomes: list[driver.Outcome | str] = []
    for step in program.steps:
        if isinstance(step, str):
            try:
                exec(compile(step, program.filename, "exec"), space)
                outcomes.append(str(space.pop("SEEN", "done")))
            except Exception as error:
                outcomes.append(str(driver.shown_chain(error)))
        else:
            outcomes.append(await driver.drive(space["app"], step, timeout=8.0))
    return outcomes


def _openapi(app: Any) -> str:
    try:
        return json.dumps(app.openapi(), indent=1, ensure_ascii=False)
    except Exception as error:
        return "\n".join(": ".join(link) for link in driver.shown_chain(error))


@dataclass(frozen=True)
class Difference:
    """Where two packages part: at a step (or None), and how."""

    step: int | None
    lines: tuple[str, ...]

    @property
    def kind(self) -> str:
        """What sort of difference it is, to keep it the same while a program is reduced."""
        return re.sub(r"\[\d+\]|\d+ entries.*", "", self.lines[0].splitlines()[0].split(":")[0])


def compared(program: Program, *, names: tuple[str, str] = NAMES) -> tuple[list[Difference], Run]:
    """Run the program on both packages; every difference, and the reference's run."""
    reference, candidate = run(program, names[0]), run(program, names[1])
    return list(_differences(program, reference, candidate, names)), reference


def _differences(program: Program, left: Run, right: Run, names: tuple[str, str]) -> Iterator[Difference]:
    def same(text: str) -> str:
        # Names in a schema that are not unique get the module of their class as a prefix.
        return compare.same_text(text.replace(f"{names[1]}__", f"{names[0]}__"), names)

    refused = [same(text) for text in left.refused], [same(text) for text in right.refused]
    if refused[0] != refused[1]:
        yield Difference(None, _first_part("refused", *refused))
    for index, (step, one, other) in enumerate(
        zip(program.steps, left.outcomes, right.outcomes, strict=False)
    ):
        if isinstance(one, str) or isinstance(other, str) or isinstance(step, str):
            if not isinstance(one, str) or not isinstance(other, str) or same(one) != same(other):
                yield Difference(index, _first_part("change", str(one).splitlines(), str(other).splitlines()))
            continue
        lines = compare.differences(step, one, other, names)
        if lines:
            yield Difference(index, tuple(lines))
    if same(left.openapi) != same(right.openapi):
        yield Difference(
            None, _first_part("openapi", same(left.openapi).splitlines(), same(right.openapi).splitlines())
        )


def _first_part(what: str, left: list[str], right: list[str]) -> tuple[str, ...]:
    for index in range(max(len(left), len(right))):
        if left[index : index + 1] != right[index : index + 1]:
            return f"{what}:", *(
                f"    {side} {lines[index : index + 3]}"
                for side, lines in zip(("reference", "candidate"), (left, right), strict=True)
            )
    return (what,)


_MAIN = """
STEPS = [
{steps}
]


async def main():
    for step in STEPS:
        if isinstance(step, str):
            exec(step, globals())
            print("   ", globals().pop("SEEN", "done"))
        else:
            print(step)
            for name, value in vars(await drive(app, step)).items():
                print("   ", name, value)


if __name__ == "__main__":
    print(globals().get("REFUSED"))
    anyio.run(main, backend={backend!r})
    print(json.dumps(app.openapi()))
"""


def stand_alone(program: Program, title: str = "") -> str:
    """A Python program that needs nothing of this project: run it with each package and compare what it prints."""
    switch = f"if sys.argv[1:] == [{CANDIDATE!r}]:\n    import {CANDIDATE}.dropin\n\n    {CANDIDATE}.dropin.install()\n"
    parts = [
        f"# {title}\n# Run this in the project's directory with `{REFERENCE}` and with `{CANDIDATE}` as its argument:\n# the output should be the same.",
        inspect.getsource(driver),
        f"import sys\n\n{switch}",
        program.source,
        _MAIN.format(steps="\n".join(f"    {step!r}," for step in program.steps), backend=program.backend),
    ]
    return "\n\n".join(parts)
