"""Building the dependency tree of a path operation from signatures."""

from collections.abc import Callable
from typing import Any, Literal

from .. import params
from .._compat import ModelField, lenient_issubclass
from ..concurrency import _DependencyConcurrency
from ..exceptions import DependencyScopeError
from ..utils import get_path_param_names
from .analysis import ParamDetails, analyze_param, special_types
from .callables import _computed_scope, _is_async_gen_callable, _is_gen_callable
from .dependant import Dependant
from .signature import typed_parameters

# In the order of `special_types`
_SPECIAL_SLOTS = (
    "request_param_name",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
)


def get_parameterless_sub_dependant(*, depends: params.Depends, path: str) -> Dependant:
    """The tree of a dependency listed in `dependencies=[...]`, whose result is not passed on.

    Args:
        depends: the `Depends` or `Security`, with its callable.
        path: the path of the route.
    """
    assert callable(depends.dependency), "A parameter-less dependency must have a callable dependency"
    return get_dependant(
        path=path,
        call=depends.dependency,
        scope=depends.scope,
        concurrency=depends._concurrency,
        own_oauth_scopes=_own_scopes(depends),
    )


def get_dependant(
    *,
    path: str,
    call: Callable[..., Any],
    name: str | None = None,
    own_oauth_scopes: list[str] | None = None,
    parent_oauth_scopes: list[str] | None = None,
    use_cache: bool = True,
    scope: Literal["function", "request"] | None = None,
    concurrency: _DependencyConcurrency | None = None,
) -> Dependant:
    """Build the tree of `call` and, recursively, of what its parameters depend on.

    Args:
        path: the path of the route: parameters named in it are path parameters.
        call: a path operation function or a dependency.
        name: the parameter of the parent that takes the result.
        own_oauth_scopes: the OAuth2 scopes asked for by the `Security` that leads here.
        parent_oauth_scopes: those asked for further up.
        use_cache: whether one request may share one result of `call`.
        scope: when the code after `yield` runs.
        concurrency: the limit on simultaneous calls.

    Raises:
        DependencyScopeError: a generator with scope "request" depends on one with scope "function",
            which would be closed before it.
        AssertionError, FastAPIError, RuntimeError: see `analyze_param`.
    """
    return _TreeBuilder(path).build(
        call=call,
        name=name,
        own_oauth_scopes=own_oauth_scopes,
        parent_oauth_scopes=parent_oauth_scopes,
        use_cache=use_cache,
        scope=scope,
        concurrency=concurrency,
    )


class _TreeBuilder:
    """Builds one tree; a dependency that is declared in many places of it is inspected once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._path_param_names = get_path_param_names(path)
        # By id: the tree keeps the callables.
        self._parameters: dict[int, list[tuple[str, Any, Any]]] = {}

    def build(
        self,
        *,
        call: Callable[..., Any],
        own_oauth_scopes: list[str] | None,
        parent_oauth_scopes: list[str] | None,
        scope: Literal["function", "request"] | None,
        **plain: Any,
    ) -> Dependant:
        """Return the dependant of `call`; `plain` are fields of it that are taken as they are."""
        # Everything is known before the object is made, so that building a tree never counts as changing one
        slots: dict[str, Any] = {}
        others: list[tuple[str, ParamDetails]] = []
        own_way = (add_non_field_param_to_dependency, add_param_to_fields) == _UNREPLACED
        oauth_scopes = (parent_oauth_scopes or []) + (own_oauth_scopes or [])
        for param_name, annotation, default in self._parameters_of(call):
            details = analyze_param(
                param_name=param_name,
                annotation=annotation,
                value=default,
                path_param_names=self._path_param_names,
            )
            if details.depends is not None:
                _check_scope(call, scope, details.depends)
                child = self._build_dependency(details.depends, param_name, oauth_scopes)
                slots.setdefault("dependencies", []).append(child)
                continue
            if not own_way:
                others.append((param_name, details))
                continue
            special = _special_param_slot(details.type_annotation)
            if special is not None:
                assert details.field is None, (
                    f"Cannot specify multiple FastAPI annotations for {param_name!r}"
                )
                slots[special] = param_name
                continue
            assert details.field is not None
            slots.setdefault(_field_slot(details.field), []).append(details.field)
        dependant = Dependant(
            call=call,
            path=self._path,
            scope=scope,
            own_oauth_scopes=own_oauth_scopes,
            parent_oauth_scopes=parent_oauth_scopes,
            **plain,
            **slots,
        )
        for param_name, details in others:
            _add_publicly(dependant, param_name, details)
        return dependant

    def _parameters_of(self, call: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
        known = self._parameters.get(id(call))
        if known is None:
            known = self._parameters[id(call)] = typed_parameters(call)
        return known

    def _build_dependency(
        self, depends: params.Depends, param_name: str, oauth_scopes: list[str]
    ) -> Dependant:
        assert depends.dependency
        return self.build(
            call=depends.dependency,
            name=param_name,
            own_oauth_scopes=_own_scopes(depends),
            parent_oauth_scopes=oauth_scopes,
            use_cache=depends.use_cache,
            scope=depends.scope,
            concurrency=depends._concurrency,
        )


def _own_scopes(depends: params.Depends) -> list[str]:
    return list(depends.scopes or ()) if isinstance(depends, params.Security) else []


def _check_scope(
    call: Callable[..., Any], scope: Literal["function", "request"] | None, depends: params.Depends
) -> None:
    assert depends.dependency
    if depends.scope != "function" or _computed_scope(call, scope) != "request":
        return
    if _is_gen_callable(call) or _is_async_gen_callable(call):
        call_name = getattr(call, "__name__", "<unnamed_callable>")
        raise DependencyScopeError(
            f'The dependency "{call_name}" has a scope of "request",'
            ' it cannot depend on dependencies with scope "function".'
        )


def _special_param_slot(type_annotation: Any) -> str | None:
    for special_type, slot in zip(special_types(), _SPECIAL_SLOTS, strict=True):
        if lenient_issubclass(type_annotation, special_type):
            return slot
    return None


def add_non_field_param_to_dependency(
    *, param_name: str, type_annotation: Any, dependant: Dependant
) -> bool | None:
    """Note that `param_name` takes the request, the response or the like, if that is its type.

    Returns:
        True if it is; None if the parameter is an ordinary one.
    """
    slot = _special_param_slot(type_annotation)
    if slot is None:
        return None
    setattr(dependant, slot, param_name)
    return True


def _field_slot(field: ModelField) -> str:
    return "body_params" if isinstance(field.field_info, params.Body) else _param_slot(field)


def _param_slot(field: ModelField) -> str:
    source = getattr(field.field_info, "in_", None)
    assert isinstance(source, params.ParamTypes), (
        f"non-body parameters must be in path, query, header or cookie: {field.name}"
    )
    return f"{source.value}_params"


def add_param_to_fields(*, field: ModelField, dependant: Dependant) -> None:
    """Add a path, query, header or cookie parameter to the list of its source.

    Raises:
        AssertionError: it has no such source.
    """
    getattr(dependant, _param_slot(field)).append(field)


_UNREPLACED = (add_non_field_param_to_dependency, add_param_to_fields)


def _add_publicly(dependant: Dependant, param_name: str, details: ParamDetails) -> None:
    """Add a parameter by the public functions, of which one was replaced."""
    if add_non_field_param_to_dependency(
        param_name=param_name, type_annotation=details.type_annotation, dependant=dependant
    ):
        assert details.field is None, f"Cannot specify multiple FastAPI annotations for {param_name!r}"
        return
    assert details.field is not None
    if isinstance(details.field.field_info, params.Body):
        dependant.body_params.append(details.field)
    else:
        add_param_to_fields(field=details.field, dependant=dependant)
