"""`python -m ferroapi explain module:app`: which routes compiled code serves, and why others are not."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from ._compiled.leaves import patches
from ._compiled.plan import compile_plan
from ._compiled.routes import compile_routes
from ._compiled.specs import Compiled, HandlerOptions, Route, Step
from ._compiled.stack import inside_of_stack, pipeline_of
from ._core import Handler, RouteApp
from ._routing.effective import RouteContext
from ._routing.included import iter_route_contexts

_REPLACEABLE = ("solve_dependencies", "run_endpoint_function", "serialize_response", "jsonable_encoder")


class Explanation(NamedTuple):
    """How one route is served.

    Attributes:
        methods: HTTP methods, sorted; empty where the kind of route has none.
        path: the whole path template, or what stands for it.
        leaves: the parts that Python does, with the reason; none means that all of it is native.
    """

    methods: tuple[str, ...]
    path: str
    leaves: tuple[str, ...]

    @property
    def native(self) -> bool:
        """Whether nothing but the user's own functions is called in Python."""
        return not self.leaves

    def __str__(self) -> str:
        verdict = "native" if self.native else "; ".join(self.leaves)
        return f"{','.join(self.methods) or '-':<8} {self.path:<40} {verdict}"


def explain(app: Any) -> list[Explanation]:
    """Explain each route of `app` in the order in which they are tried."""
    outside = tuple(_outer_leaves(app))
    # The routes of an included router are compiled once they are built, which the first request does.
    list(iter_route_contexts(app.router.routes))
    routes = compile_routes(app.router).routes
    return [_explain_route(route, outside) for route in routes]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line per route of the application named on the command line."""
    parser = argparse.ArgumentParser(prog="ferroapi explain", description=__doc__)
    parser.add_argument("app", help="the application, as module:attribute")
    parser.add_argument("--app-dir", default=".", help="directory to import from (default: the current one)")
    options = parser.parse_args(arguments)
    sys.path.insert(0, options.app_dir)
    module, _, attribute = options.app.partition(":")
    target: Any = import_module(module)
    for name in (attribute or "app").split("."):
        target = getattr(target, name)
    for line in explain(target):
        print(line)
    return 0


def _outer_leaves(app: Any) -> Iterator[str]:
    """What keeps the whole application from the compiled line."""
    if app.middleware_stack is None:
        app.middleware_stack = app.build_middleware_stack()
    stack = inside_of_stack(app.middleware_stack)
    if stack is None:
        yield "middleware stack of another kind, or patched"
        return
    layer = stack.innermost
    while layer is not None and not hasattr(layer, "_exception_handlers"):
        layer = getattr(layer, "app", None)
    if layer is None or pipeline_of(layer) is None:
        yield "exception handling or router replaced or patched"


def _explain_route(route: Route, outside: tuple[str, ...]) -> Explanation:
    if route.target is None:
        asked = route.asked
        candidate = getattr(asked, "candidate", None)
        shown = asked if candidate is None else candidate.original_route
        path = RouteContext(shown, candidate).path
        kind = type(shown).__name__
        return Explanation((), path or kind, (*outside, f"asked in Python: {kind}"))
    methods = tuple(sorted(route.target.methods or ()))
    leaves = (*outside, *_conversion_leaves(route), *_app_leaves(route.target.app))
    return Explanation(methods, route.template or "", leaves)


def _conversion_leaves(route: Route) -> Iterator[str]:
    for parameter in route.parameters:
        if parameter.conversion == "asked":
            yield f"convertor of {parameter.name!r}: {type(parameter.convertor).__name__}"


def _app_leaves(app: Any) -> Iterator[str]:
    if not isinstance(app, RouteApp):
        yield f"application: {type(app).__name__}"
    elif not isinstance(app.handler, Handler):
        yield f"handler: {getattr(app.handler, '__qualname__', type(app.handler).__name__)}"
    else:
        options: HandlerOptions = app.handler.options
        yield from _patch_leaves()
        yield from _plan_leaves(compile_plan(options, None))


def _patch_leaves() -> Iterator[str]:
    """Functions that somebody replaced, and that each request therefore goes through."""
    found = patches()
    for name in _REPLACEABLE:
        if getattr(found, name) is not None:
            yield f"replaced: routing.{name}"
    if found.request_init:
        yield "replaced: Request.__init__"


def _plan_leaves(plan: Compiled) -> Iterator[str]:
    # A request object shows its exit stacks, on which the user may put something between two generators.
    shown = any(kind == "request" for step in plan.graph.steps for (kind, _), _ in step.injections)
    for step in plan.graph.steps:
        yield from _step_leaves(step, shown)
    if plan.body == "form":
        yield "form parsing"
    if plan.rendering[0] == "leaf" and plan.graph.steps[-1].kind != "stream":
        yield "response class or model validated in a thread"


def _step_leaves(step: Step, exit_stacks: bool) -> Iterator[str]:
    name = getattr(step.call, "__name__", type(step.call).__name__)
    if step.kind == "generator" or (step.kind == "async_generator" and exit_stacks):
        yield f"exit stack of {name}"
    if step.kind == "stream":
        yield f"stream of {name}"
    if step.concurrency is not None:
        yield f"concurrency limit of {name}"
