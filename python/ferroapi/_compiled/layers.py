"""Which middleware objects of Starlette's the Rust core stands for."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MethodType
from typing import Any, Literal

from starlette.types import Receive, Scope, Send

from .. import _core
from .._package import PACKAGE
from .methods import Methods
from .specs import LayerSpec, StackSpec


@dataclass(frozen=True, slots=True)
class _Kind:
    """A class of middleware, by name: it is loaded only where an application uses it."""

    name: Literal["cors", "gzip", "trusted_host"]
    methods: Mapping[str, tuple[str, ...]]


_RESPONDER = ("__init__", "__call__", "send_with_compression", "apply_compression")
_KINDS = {
    ("starlette.middleware.cors", "CORSMiddleware"): _Kind(
        "cors",
        {
            "CORSMiddleware": (
                "__call__",
                "simple_response",
                "send",
                "is_allowed_origin",
                "allow_explicit_origin",
            )
        },
    ),
    ("starlette.middleware.gzip", "GZipMiddleware"): _Kind(
        "gzip",
        {
            "GZipMiddleware": ("__call__",),
            "IdentityResponder": _RESPONDER,
            "GZipResponder": (*_RESPONDER, "_compress_body"),
        },
    ),
    ("starlette.middleware.trustedhost", "TrustedHostMiddleware"): _Kind(
        "trusted_host", {"TrustedHostMiddleware": ("__call__",)}
    ),
}


def describe_layers(layer: Any) -> StackSpec:
    """Describe `layer` and what is inside of it, down to the first layer that Python must run."""
    layers: list[LayerSpec] = []
    classes: list[type] = []
    while (found := _described(layer)) is not None:
        spec, its_classes = found
        layers.append(spec)
        classes += its_classes
        layer = layer.app
    return StackSpec(layers, classes, layer)


def _described(layer: Any) -> tuple[LayerSpec, list[type]] | None:
    cls = _ORIGINALS.get(type(layer), type(layer))
    kind = _kind_of(cls)
    if kind is None:
        return None
    module = import_module(cls.__module__)
    classes: list[type] = [getattr(module, name) for name in kind.methods]
    for owner, names in zip(classes, kind.methods.values(), strict=True):
        methods = Methods(owner, *names)
        if not methods.are_unpatched(owner) or (owner is cls and methods.are_hidden_by(layer)):
            return None
    return LayerSpec(kind.name, layer, MethodType(cls.__call__, layer)), classes


def _kind_of(cls: type) -> _Kind | None:
    kind = _KINDS.get((cls.__module__, cls.__qualname__))
    is_that_class = kind is not None and getattr(import_module(cls.__module__), cls.__qualname__, None) is cls
    return kind if is_that_class else None


# The classes of Starlette's, and those that stand for them.
_COMPILED: dict[type, type] = {}
_ORIGINALS: dict[type, type] = {}


def compile_layer(layer: Any) -> None:
    """Let a layer that Rust can stand for run natively also where it is called by Python.

    Its class becomes one that differs in nothing but its call.
    """
    cls = type(layer)
    if _kind_of(cls) is not None:
        layer.__class__ = _COMPILED.get(cls) or _compiled_class(cls)


def _compiled_class(cls: type) -> type:
    class Compiled(cls):  # type: ignore[misc]
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            """Serve one connection (ASGI 3)."""
            line = _line_of(self) if scope["type"] == "http" else None
            if line is None:
                await super().__call__(scope, receive, send)
            else:
                await line.serve_http(scope, receive, send)

        def __reduce__(self) -> tuple[Any, ...]:
            return _copied, (cls, self.__dict__)

    # Tracing tools name middleware by its class.
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(Compiled, name, getattr(cls, name))
    _COMPILED[cls], _ORIGINALS[Compiled] = Compiled, cls
    return Compiled


def _copied(cls: type, state: dict[str, Any]) -> Any:
    layer: Any = object.__new__(cls)
    layer.__dict__.update(state)
    compile_layer(layer)
    return layer


def _line_of(layer: Any) -> "_core.InnerLine | None":
    """Return the compiled form of a layer and of what is inside of it; None where Python must run it."""
    state = layer.__dict__
    known: _core.InnerLine | None = state.get("_line")
    if known is not None and known.is_for(layer):
        return known
    line = _core.InnerLine(PACKAGE, layer, describe_layers(layer))
    if not line.native:
        return None
    state["_line"] = line
    line.settle()
    return line


def gzip_body(body: bytes, level: int) -> bytes:
    """Compress a whole body as Starlette's responder does."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


def gzip_responder(layer: Any, accepted: bool, send: Send) -> Send:
    """Return the `send` of a responder that `GZipMiddleware` would have made for a request."""
    from starlette.middleware.gzip import GZipResponder, IdentityResponder

    responder: IdentityResponder
    if accepted:
        responder = GZipResponder(
            layer.app,
            layer.minimum_size,
            compresslevel=layer.compresslevel,
            thread_minimum_size=layer.thread_minimum_size,
            exclude_content_types=layer.exclude_content_types,
        )
    else:
        responder = IdentityResponder(
            layer.app, layer.minimum_size, exclude_content_types=layer.exclude_content_types
        )
    responder.send = send
    return responder.send_with_compression
