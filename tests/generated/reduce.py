"""Make a program that shows a difference small, keeping the kind of difference."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .prelude import HEADER
from .program import Difference, Program, compared, stand_alone


def reduced(program: Program, difference: Difference, tries: int) -> Program:
    """The smallest program found, in so many tries, that still has a difference of the same kind."""
    search = _Search(difference.kind, tries)
    if difference.step is not None:
        last = program.steps[difference.step]
        for steps in ((last,), (*program.steps[max(0, difference.step - 1) : difference.step], last)):
            if search.holds(shorter := replace(program, steps=steps)):
                program = shorter
                break
        else:
            program = replace(program, steps=program.steps[: difference.step + 1])
    else:
        program = replace(program, steps=())
    changed = True
    while changed and search.left > 0:
        smaller = search.without_source(search.without_steps(program))
        changed = smaller != program
        program = smaller
    return program


class _Search:
    def __init__(self, kind: str, tries: int) -> None:
        self.kind = kind
        self.left = tries

    def holds(self, program: Program) -> bool:
        """Whether the difference is still there."""
        self.left -= 1
        if self.left < 0:
            return False
        try:
            found, _ = compared(program)
        except (SyntaxError, RecursionError):
            return False
        return any(difference.kind == self.kind for difference in found)

    def without_steps(self, program: Program) -> Program:
        """Drop what is not needed of the steps, from the last to the first."""
        for index in range(len(program.steps) - 1, -1, -1):
            steps = program.steps[:index] + program.steps[index + 1 :]
            if self.holds(shorter := replace(program, steps=steps)):
                program = shorter
        for index, step in enumerate(program.steps):
            for change in ({"headers": ()}, {"body": (b"",)}, {"scope": {}}, {"messages": ()}):
                if isinstance(step, str) or not all(
                    getattr(step, name, value) != value for name, value in change.items()
                ):
                    continue
                simpler: Any = replace(step, **change)
                steps = (*program.steps[:index], simpler, *program.steps[index + 1 :])
                if self.holds(shorter := replace(program, steps=steps)):
                    program, step = shorter, simpler
        return program

    def without_source(self, program: Program) -> Program:
        """Drop statements, decorators, parameters and arguments, the large before the small."""
        start = len(HEADER)
        tree = ast.parse(program.source[start:])
        position = 0
        while self.left > 0:
            smaller = copy.deepcopy(tree)
            removal = next((remove for at, remove in enumerate(_removals(smaller)) if at == position), None)
            if removal is None:
                break
            for owner, index in removal:
                del owner[index]
            text = HEADER + "\n\n" + ast.unparse(ast.fix_missing_locations(smaller))
            if self.holds(shorter := replace(program, source=text)):
                program, tree = shorter, smaller
            else:
                position += 1
        return program


def _removals(tree: ast.AST) -> Iterator[list[tuple[list[Any], int]]]:
    """Everything in the tree that could be left out: what is to be deleted together, from which lists."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            yield from _parameters(node)
            continue
        if isinstance(node, ast.Dict):
            yield from (
                [(node.keys, index), (node.values, index)] for index in reversed(range(len(node.keys)))
            )
            continue
        for name, value in ast.iter_fields(node):
            if not isinstance(value, list) or name in {"ops", "comparators", "values"}:
                continue
            if name == "body" and len(value) == 1 and not isinstance(node, ast.Module):
                continue
            yield from ([(value, index)] for index in reversed(range(len(value))))


def _parameters(node: ast.arguments) -> Iterator[list[tuple[list[Any], int]]]:
    required = len(node.args) - len(node.defaults)
    for index in reversed(range(len(node.args))):
        default = [(node.defaults, index - required)] if index >= required else []
        yield [(node.args, index), *default]
    for index in reversed(range(len(node.kwonlyargs))):
        yield [(node.kwonlyargs, index), (node.kw_defaults, index)]


def report(program: Program, difference: Difference, tries: int) -> str:
    """The difference, and a stand-alone program that shows it."""
    small = reduced(program, difference, tries)
    rest = next((found for found in compared(small)[0] if found.kind == difference.kind), difference)
    title = "\n# ".join("\n".join(rest.lines).splitlines())
    return "\n".join(
        [f"{program.kind}, seed {program.seed}", *difference.lines, "", stand_alone(small, title)]
    )
