"""Whether connections say what Starlette's code makes of their scopes, so that Rust may read those."""

from starlette.datastructures import Headers, ImmutableMultiDict, QueryParams
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from .. import _cookies as _cookies
from .methods import Methods

_PROPERTIES = ("path_params", "query_params", "headers", "cookies")
_CONNECTION = Methods(HTTPConnection, *_PROPERTIES)
_HEADERS = Methods(Headers, "__init__", "__getitem__", "__contains__", "getlist", "items")
_QUERY_PARAMS = Methods(QueryParams, "__init__")
_MULTI_DICT = Methods(ImmutableMultiDict, "__init__")
_MULTI_DICT_READING = Methods(ImmutableMultiDict, "__getitem__", "__contains__", "getlist", "multi_items")
# Where these come from may change as well, and nobody has had a hand in those that were never there.
_LOOKED_UP = ("get", "__getattribute__", "__getattr__", "__setattr__", "__iter__")
_ATTRIBUTES = ("scope", "_query_params", "_headers", "_cookies", "_list", "_dict")
_CLASSES = (Request, WebSocket, QueryParams, Headers)


def _looked_up() -> list[object]:
    return [getattr(cls, name, None) for cls in _CLASSES for name in (*_LOOKED_UP, *_ATTRIBUTES)]


_ORIGINALS = _looked_up()


def connections_are_plain() -> bool:
    """Tell whether neither the classes of connections nor those of their values were patched."""
    return (
        all(now is original for now, original in zip(_looked_up(), _ORIGINALS, strict=True))
        and _CONNECTION.are_unpatched(Request)
        and _CONNECTION.are_unpatched(WebSocket)
        and _HEADERS.are_unpatched(Headers)
        and _QUERY_PARAMS.are_unpatched(QueryParams)
        and _MULTI_DICT.are_unpatched(ImmutableMultiDict)
        and _MULTI_DICT_READING.are_unpatched(QueryParams)
    )
