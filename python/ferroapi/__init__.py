"""FastAPI's interface, with the request path compiled in Rust.

Names are imported when they are first used: ``import ferroapi.dropin`` and the command line stay cheap.
"""

from importlib import import_module as _import_module

# Not from `typing`: type checkers know the name, and each process under `ferroapi exec` runs this file.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from starlette import status as status

    from . import applications as applications
    from . import background as background
    from . import concurrency as concurrency
    from . import datastructures as datastructures
    from . import dependencies as dependencies
    from . import dropin as dropin
    from . import encoders as encoders
    from . import exception_handlers as exception_handlers
    from . import exceptions as exceptions
    from . import logger as logger
    from . import middleware as middleware
    from . import openapi as openapi
    from . import param_functions as param_functions
    from . import params as params
    from . import requests as requests
    from . import responses as responses
    from . import routing as routing
    from . import security as security
    from . import sse as sse
    from . import telemetry as telemetry
    from . import types as types
    from . import utils as utils
    from . import websockets as websockets
    from .applications import FastAPI as FastAPI
    from .background import BackgroundTasks as BackgroundTasks
    from .datastructures import UploadFile as UploadFile
    from .exceptions import HTTPException as HTTPException
    from .exceptions import WebSocketException as WebSocketException
    from .param_functions import Body as Body
    from .param_functions import Cookie as Cookie
    from .param_functions import Depends as Depends
    from .param_functions import File as File
    from .param_functions import Form as Form
    from .param_functions import Header as Header
    from .param_functions import Path as Path
    from .param_functions import Query as Query
    from .param_functions import Security as Security
    from .requests import Request as Request
    from .responses import Response as Response
    from .routing import APIRouter as APIRouter
    from .websockets import WebSocket as WebSocket
    from .websockets import WebSocketDisconnect as WebSocketDisconnect

__version__ = "0.165.0"
"""The FastAPI version whose interface and behaviour this is, for libraries that ask."""

__ferroapi_version__ = "0.1.0"
"""ferroapi's own version."""

# Where each public name comes from; what the reference's `from fastapi import *` gives is `__all__`.
_HOMES = {
    "FastAPI": "applications",
    "BackgroundTasks": "background",
    "UploadFile": "datastructures",
    "HTTPException": "exceptions",
    "WebSocketException": "exceptions",
    "Body": "param_functions",
    "Cookie": "param_functions",
    "Depends": "param_functions",
    "File": "param_functions",
    "Form": "param_functions",
    "Header": "param_functions",
    "Path": "param_functions",
    "Query": "param_functions",
    "Security": "param_functions",
    "Request": "requests",
    "Response": "responses",
    "APIRouter": "routing",
    "WebSocket": "websockets",
    "WebSocketDisconnect": "websockets",
}
# The modules that importing the reference leaves as attributes of the package.
_SUBMODULES = (
    "applications",
    "background",
    "concurrency",
    "datastructures",
    "dependencies",
    "encoders",
    "exception_handlers",
    "exceptions",
    "logger",
    "middleware",
    "openapi",
    "param_functions",
    "params",
    "requests",
    "responses",
    "routing",
    "security",
    "sse",
    "telemetry",
    "types",
    "utils",
    "websockets",
)

__all__ = ["status", *_HOMES, *_SUBMODULES]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    value: object
    if name in _HOMES:
        value = getattr(_import_module(f".{_HOMES[name]}", __name__), name)
    elif name == "status":
        value = _import_module("starlette.status")
    elif name in _SUBMODULES or name in ("_body_limit", "_compat", "_form_limits", "dropin"):
        value = _import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # A name that was set meanwhile, `ferroapi.FastAPI = Sub` say, stays as it was set.
    return globals().setdefault(name, value)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
