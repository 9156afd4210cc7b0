"""Solving a dependency tree for one request: the public door into the compiled steps."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.background import BackgroundTasks as StarletteBackgroundTasks
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

# The package of the seam has its modules as attributes by the time that something is solved; by their names
# they may then be those of another copy.
from .. import _compiled, _core
from .._compat import Undefined
from .._package import PACKAGE
from ..types import DependencyCacheKey
from .dependant import Dependant
from .injected import new_injected_response
from .scopes import _UsesScopesCache

_Overrides: TypeAlias = Mapping[Any, Callable[..., Any]]


@dataclass
class SolvedDependency:
    """The outcome of solving a tree.

    Attributes:
        values: the keyword arguments for the callable at its root.
        errors: validation errors; if there are any, `values` is incomplete.
        background_tasks: the tasks object, if a dependency asked for one.
        response: the response whose headers and status dependencies may have set.
        dependency_cache: the results of shared dependencies by cache key.
    """

    values: dict[str, Any]
    errors: list[Any]
    background_tasks: StarletteBackgroundTasks | None
    response: Response
    dependency_cache: dict[DependencyCacheKey, Any]


async def solve_dependencies(
    *,
    request: Request | WebSocket,
    dependant: Dependant,
    body: Any = Undefined,
    background_tasks: StarletteBackgroundTasks | None = None,
    response: Response | None = None,
    dependency_overrides_provider: Any | None = None,
    dependency_cache: dict[DependencyCacheKey, Any] | None = None,
    async_exit_stack: AsyncExitStack,
    embed_body_fields: bool,
    _uses_scopes_cache: _UsesScopesCache | None = None,
) -> SolvedDependency:
    """Call all dependencies and extract all parameters of `dependant` for one request.

    Args:
        request: the connection; `fastapi_inner_astack` and `fastapi_function_astack` in its scope are exit
            stacks for dependencies with `yield`.
        dependant: the root of the tree; it is not called itself.
        body: parsed JSON, a `FormData`, raw bytes, or `Undefined`.
        background_tasks: the tasks object to go on with, if there is one.
        response: the response that dependencies may change; a new one if left out.
        dependency_overrides_provider: has the mapping `dependency_overrides`.
        dependency_cache: results known already; new ones are added.
        async_exit_stack: kept for callers; the stacks of the scope are used.
        embed_body_fields: the body's parameters are keys of it.

    Raises:
        AssertionError: an exit stack is missing from the scope.
    """
    for name in ("fastapi_inner_astack", "fastapi_function_astack"):
        assert isinstance(request.scope.get(name), AsyncExitStack), f"{name} not found in request scope"
    plan = _plan_for(
        dependant,
        dependency_overrides_provider or None,
        isinstance(request, WebSocket),
        bool(embed_body_fields),
    )
    cache = {} if dependency_cache is None else dependency_cache
    values, errors, background_tasks, used_response, results = await _core.solve_dependencies(
        plan.compiled,
        request,
        body,
        isinstance(body, FormData),
        background_tasks,
        new_injected_response() if response is None else response,
        [(cache[key],) if key in cache else None for key in plan.cache_keys],
    )
    # A tree whose overrides changed while it was solved may have more of them.
    for key, result in zip(plan.cache_keys, results, strict=False):
        if result is not None and key not in cache:
            cache[key] = result[0]
    return SolvedDependency(
        values=values,
        errors=[] if errors is None else errors,
        background_tasks=background_tasks,
        response=used_response,
        dependency_cache=cache,
    )


class _SolvePlan:
    """A tree compiled for `solve_dependencies`, and what it was made of."""

    __slots__ = ("cache_keys", "compiled", "epoch", "fingerprint", "provider")

    def __init__(
        self,
        dependant: Dependant,
        provider: Any,
        overrides: _Overrides | None,
        websocket: bool,
        embed_body_fields: bool,
    ) -> None:
        # First of all: what another thread changes meanwhile is noticed at the next use.
        self.epoch = _core.current_epoch()
        self.fingerprint = _compiled.plan.Fingerprint(dependant)
        builder = _compiled.graph.GraphBuilder(
            overrides=overrides, websocket=websocket, embed_body_fields=embed_body_fields, form=True
        )
        self.compiled = _core.SolvePlan(PACKAGE, builder.build(dependant, "coroutine"), provider)
        self.cache_keys = list(builder.cache_keys)
        self.provider = provider

    def holds(self, dependant: Dependant, provider: Any) -> bool:
        """Tell whether the tree has not changed."""
        if provider is not self.provider:
            return False
        epoch = _core.current_epoch()
        if epoch != self.epoch:
            if _compiled.plan.Fingerprint(dependant) != self.fingerprint:
                return False
            self.epoch = epoch
        return True


class _SolvePlans:
    """The plans of one root. Derived data: a copy of the root starts without them."""

    __slots__ = ("plans", "root")

    def __init__(self, root: Dependant | None = None) -> None:
        self.root = root
        self.plans: dict[tuple[bool, bool], _SolvePlan] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> "_SolvePlans":
        return _SolvePlans()

    def __reduce__(self) -> tuple[Any, ...]:
        return _SolvePlans, ()


def _overrides_of(provider: Any) -> _Overrides | None:
    return (provider.dependency_overrides if provider else None) or None


def _plan_for(dependant: Dependant, provider: Any, websocket: bool, embed_body_fields: bool) -> _SolvePlan:
    overrides = _overrides_of(provider)
    if overrides:
        # All dependencies are analyzed anew for each request then, as a user sees.
        return _SolvePlan(dependant, provider, overrides, websocket, embed_body_fields)
    known: _SolvePlans | None = getattr(dependant, "_solve_plans", None)
    if known is None or known.root is not dependant:
        known = _SolvePlans(dependant)
        # Past the tracking: a plan is no change of the tree.
        object.__setattr__(dependant, "_solve_plans", known)
    plan = known.plans.get((websocket, embed_body_fields))
    if plan is None or not plan.holds(dependant, provider):
        plan = _SolvePlan(dependant, provider, None, websocket, embed_body_fields)
        known.plans[websocket, embed_body_fields] = plan
    return plan
