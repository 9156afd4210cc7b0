"""Signatures of callables, with their annotations evaluated."""

import inspect
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
)
from types import FunctionType
from typing import Any, ForwardRef, get_args, get_origin

from .._compat import evaluate_forwardref

_STREAM_ORIGINS = {AsyncIterable, AsyncIterator, AsyncGenerator, Iterable, Iterator, Generator}


def _get_signature(call: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(call, eval_str=True)
    except NameError:
        # A name imported under `if TYPE_CHECKING`, perhaps for a return type that nobody needs here
        if sys.version_info >= (3, 14):
            from annotationlib import Format

            return inspect.signature(call, annotation_format=Format.FORWARDREF)
        return inspect.signature(call)


def _get_globals(call: Callable[..., Any]) -> dict[str, Any]:
    namespace: dict[str, Any] = getattr(inspect.unwrap(call), "__globals__", {})
    return namespace


def get_typed_signature(call: Callable[..., Any]) -> inspect.Signature:
    """The parameters of `call`, without its return annotation.

    String annotations are evaluated in the globals of the function under all decorators; one that cannot be
    evaluated stays a `ForwardRef`.
    """
    parameters: Collection[inspect.Parameter] = _get_signature(call).parameters.values()
    if any(isinstance(param.annotation, str) for param in parameters):
        globalns = _get_globals(call)
        parameters = [
            param.replace(annotation=get_typed_annotation(param.annotation, globalns)) for param in parameters
        ]
    return inspect.Signature(list(parameters))


def typed_parameters(call: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Name, evaluated annotation and default of each parameter of `call`, in the order of its signature."""
    if type(call) is FunctionType and _INSTEAD.isdisjoint(call.__dict__):
        annotations = inspect.get_annotations(call)
        if not any(isinstance(annotation, str) for annotation in annotations.values()):
            return _plain_parameters(call, annotations)
    parameters = get_typed_signature(call).parameters.values()
    return [(param.name, param.annotation, param.default) for param in parameters]


# Attributes of a function that `inspect.signature` believes more than its code.
_INSTEAD = frozenset({"__signature__", "__wrapped__", "_partialmethod", "__partialmethod__"})


def _plain_parameters(call: FunctionType, annotations: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """What a function's code says: a signature object costs ten times as much."""
    code = call.__code__
    positional = code.co_varnames[: code.co_argcount]
    by_keyword = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = iter(code.co_varnames[code.co_argcount + code.co_kwonlyargcount :])
    names = [*positional]
    if code.co_flags & inspect.CO_VARARGS:
        names.append(next(rest))
    names += by_keyword
    if code.co_flags & inspect.CO_VARKEYWORDS:
        names.append(next(rest))
    defaults: dict[str, Any] = dict(call.__kwdefaults__ or ())
    if call.__defaults__:
        defaults.update(zip(positional[-len(call.__defaults__) :], call.__defaults__, strict=True))
    empty = inspect.Parameter.empty
    return [(name, annotations.get(name, empty), defaults.get(name, empty)) for name in names]


def get_typed_annotation(annotation: Any, globalns: dict[str, Any]) -> Any:
    """Evaluate `annotation` in `globalns` if it is a string; anything else is returned as it is."""
    if not isinstance(annotation, str):
        return annotation
    evaluated = evaluate_forwardref(ForwardRef(annotation), globalns, globalns)
    return None if evaluated is type(None) else evaluated


def get_typed_return_annotation(call: Callable[..., Any]) -> Any:
    """The evaluated return annotation of `call`; None if there is none."""
    signature = _get_signature(call)
    if signature.return_annotation is inspect.Signature.empty:
        return None
    return get_typed_annotation(signature.return_annotation, _get_globals(call))


def get_stream_item_type(annotation: Any) -> Any | None:
    """`T` for the return annotation of a generator or iterable of `T`, `Any` for a bare one, else None."""
    if get_origin(annotation) not in _STREAM_ORIGINS:
        return None
    type_args = get_args(annotation)
    return type_args[0] if type_args else Any
