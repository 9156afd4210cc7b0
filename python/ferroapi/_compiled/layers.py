"""Which middleware objects of Starlette's the Rust core stands for."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from starlette.types import Send

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
    cls = type(layer)
    kind = _KINDS.get((cls.__module__, cls.__qualname__))
    if kind is None:
        return None
    module = import_module(cls.__module__)
    if getattr(module, cls.__qualname__, None) is not cls:
        return None
    classes: list[type] = [getattr(module, name) for name in kind.methods]
    for owner, names in zip(classes, kind.methods.values(), strict=True):
        methods = Methods(owner, *names)
        if not (methods.are_those_of(layer) if owner is cls else methods.are_unpatched(owner)):
            return None
    return LayerSpec(kind.name, layer), classes


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
