"""`signed`: give a method the signature of a reference function.

How `APIRouter` applies it (and `FastAPI`, the same way)::

    from .signatures import Options, path_operation, router_add_api_route, router_api_route
    from .verbs import signed

    class APIRouter(routing.Router):
        @signed(path_operation)
        def get(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
            '''Declare a GET path operation.'''
            return self.api_route(path=path, methods=["GET"], **options)

        @signed(router_api_route)
        def api_route(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
            '''Declare a path operation for any methods.'''
            def decorator(func: DecoratedCallable) -> DecoratedCallable:
                self.add_api_route(path, func, **options)
                return func
            return decorator

        @signed(router_add_api_route)
        def add_api_route(self, path: str, options: Options) -> None:
            '''Add a path operation.'''
            endpoint = options.pop("endpoint")

The method is written with three parameters: `self`, the first argument, and a fresh dict of *all* the others
by name, defaults included. All of them: a subclass that overrides a later link of the chain `app.get` ->
`app.router.get` -> `router.api_route` -> `router.add_api_route` finds every name in its keyword arguments.

`signatures` imports `APIRoute` from `.route`, so `.route` may import neither `signatures` nor this module.
"""

import inspect
from collections.abc import Callable
from functools import lru_cache, update_wrapper
from types import FunctionType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from .signatures import Options

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")


def signed(
    reference: Callable[Concatenate[Any, P], Options],
) -> Callable[[Callable[[S, Any, Options], R]], Callable[Concatenate[S, P], R]]:
    """Decorate a method so that it is called, checked and introspected with the signature of `reference`.

    Args:
        reference: one of the functions of `signatures`; its first parameter is `self`.

    Returns:
        A decorator. The decorated function has a copy of the reference as `__wrapped__` and a whole
        `__signature__`; wrong arguments raise the `TypeError` that a method with those parameters raises.
    """
    signature = _signature(reference)
    this, *others = signature.parameters.values()
    parameters = [this.replace(annotation=inspect.Parameter.empty), *others]
    first = others[0].name

    def decorate(body: Callable[[S, Any, Options], R]) -> Callable[Concatenate[S, P], R]:
        bind = _adopted(reference, cast("FunctionType", body))

        def method(self: Any, /, *args: Any, **kwargs: Any) -> R:
            options = bind(self, *args, **kwargs)
            del options["self"]
            return body(self, options.pop(first), options)

        update_wrapper(method, body)
        returns = inspect.signature(body).return_annotation
        signed_method = cast("Any", method)
        signed_method.__wrapped__ = bind
        signed_method.__signature__ = signature.replace(parameters=parameters, return_annotation=returns)
        signed_method.__annotations__ = {p.name: p.annotation for p in others} | {"return": returns}
        signed_method.__doc__ = _documented(body.__doc__, reference.__doc__)
        return cast("Callable[Concatenate[S, P], R]", method)

    return decorate


# One reference has many methods, and each import makes them all.
_signature = lru_cache(inspect.signature)


def _adopted(reference: Callable[..., Options], body: FunctionType) -> Callable[..., Options]:
    """Copy `reference` for one method, whose name it reports in errors."""
    source = cast("FunctionType", reference)
    # Where `typing.get_type_hints` looks; a quoted annotation names a class of the method's own module.
    quoted = any(isinstance(annotation, str) for annotation in source.__annotations__.values())
    namespace = body.__globals__ if quoted else source.__globals__
    copy = FunctionType(source.__code__, namespace, source.__name__, source.__defaults__)
    copy.__kwdefaults__ = source.__kwdefaults__
    copy.__annotations__ = source.__annotations__
    copy.__doc__ = source.__doc__
    copy.__qualname__ = body.__qualname__
    copy.__module__ = body.__module__
    return copy


def _documented(summary: str | None, reference: str | None) -> str | None:
    """Return the method's own docstring, then the arguments as the reference documents them."""
    if summary is None or reference is None:  # python -OO
        return summary
    _, _, details = inspect.cleandoc(reference).partition("\n\n")
    details = "\n".join(line for line in details.splitlines() if not line.startswith("    self: "))
    return f"{inspect.cleandoc(summary)}\n\n{details}".strip()
