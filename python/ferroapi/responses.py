"""Responses: Starlette's, server-sent events, and two deprecated JSON classes."""

import importlib
from typing import Any, Protocol, cast

from starlette.responses import FileResponse as FileResponse
from starlette.responses import HTMLResponse as HTMLResponse
from starlette.responses import JSONResponse as JSONResponse
from starlette.responses import PlainTextResponse as PlainTextResponse
from starlette.responses import RedirectResponse as RedirectResponse
from starlette.responses import Response as Response
from starlette.responses import StreamingResponse as StreamingResponse
from typing_extensions import deprecated

from .exceptions import FastAPIDeprecationWarning
from .sse import EventSourceResponse as EventSourceResponse


class _UjsonModule(Protocol):
    def dumps(self, obj: Any, /, *, ensure_ascii: bool = ...) -> str: ...


class _OrjsonModule(Protocol):
    OPT_NON_STR_KEYS: int
    OPT_SERIALIZE_NUMPY: int

    def dumps(self, obj: Any, /, *, option: int = ...) -> bytes: ...


def _optional_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


ujson = cast("_UjsonModule | None", _optional_module("ujson"))
orjson = cast("_OrjsonModule | None", _optional_module("orjson"))

_DEPRECATION = (
    " is deprecated, FastAPI now serializes data directly to JSON "
    "bytes via Pydantic when a return type or response model is set, which is "
    "faster and doesn't need a custom response class. Read more in the FastAPI "
    "docs: https://fastapi.tiangolo.com/advanced/custom-response/#orjson-or-response-model "
    "and https://fastapi.tiangolo.com/tutorial/response-model/"
)


@deprecated(f"UJSONResponse{_DEPRECATION}", category=FastAPIDeprecationWarning, stacklevel=2)
class UJSONResponse(JSONResponse):
    """JSON written by the `ujson` package, which has to be installed. Deprecated."""

    def render(self, content: Any) -> bytes:
        """Return the content as JSON in UTF-8; raises `AssertionError` without `ujson`."""
        assert ujson is not None, "ujson must be installed to use UJSONResponse"
        return ujson.dumps(content, ensure_ascii=False).encode("utf-8")


@deprecated(f"ORJSONResponse{_DEPRECATION}", category=FastAPIDeprecationWarning, stacklevel=2)
class ORJSONResponse(JSONResponse):
    """JSON written by the `orjson` package, which has to be installed. Deprecated."""

    def render(self, content: Any) -> bytes:
        """Return the content as JSON in UTF-8; raises `AssertionError` without `orjson`."""
        assert orjson is not None, "orjson must be installed to use ORJSONResponse"
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
