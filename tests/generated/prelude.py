"""What every generated application starts with: imports, and the classes and functions it chooses from."""

HEADER = """\
import contextvars
import copy
import os
import re
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial, wraps
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, Union
from uuid import UUID

import pydantic
import starlette.exceptions
import starlette.middleware.base
import starlette.routing
from pydantic import (
    AfterValidator, AliasChoices, AliasPath, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, HttpUrl, Json,
    RootModel, SecretStr, computed_field, field_serializer, field_validator, model_validator,
)
from pydantic.alias_generators import to_camel
from starlette.convertors import Convertor, register_url_convertor
from typing_extensions import TypeAliasType, TypedDict

from fastapi import (
    APIRouter, BackgroundTasks, Body, Cookie, Depends, FastAPI, File, Form, Header, HTTPException, Path, Query, Request,
    Response, Security, UploadFile, WebSocket, WebSocketException,
)
from fastapi.exceptions import RequestValidationError, ResponseValidationError, WebSocketRequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.requests import HTTPConnection
from fastapi.responses import (
    FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse,
)
from fastapi.routing import APIRoute
from fastapi.security import (
    APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPAuthorizationCredentials, HTTPBasic, HTTPBearer, HTTPDigest,
    OAuth2AuthorizationCodeBearer, OAuth2PasswordBearer, OAuth2PasswordRequestForm, OpenIdConnect, SecurityScopes,
)
from fastapi.staticfiles import StaticFiles
from fastapi.sse import EventSourceResponse, ServerSentEvent
"""

# Each block is left out of an application that does not name what it defines.
BLOCKS = (
    '''\
def instance(model, values):
    """An instance, or at least something like one where the values do not fit."""
    try:
        return model.model_validate(values, by_alias=True, by_name=True)
    except ValueError:
        return model.model_construct(**values)
''',
    '''\
FAULTS = {}
REFUSED = []


def trip(place):
    """Note that the execution came by here, and raise what is to be raised here."""
    log(place)
    if place in FAULTS:
        raise FAULTS[place]()


@contextmanager
def attempt(what):
    """Take an exception in a declaration as a result."""
    try:
        yield
    except Exception as error:
        REFUSED.append(f"{what}: {type(error).__name__} {error}")
''',
    '''\
def shown(value):
    """A value as text that tells types and contents, not identities."""
    if isinstance(value, UploadFile):
        content = value.file.read()
        value.file.seek(0)
        return f"upload {value.filename!r} {value.size} {value.headers.raw} {content!r}"
    if isinstance(value, dict):
        return {str(key): shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *(shown(item) for item in value)]
    if isinstance(value, (set, frozenset)):
        return [type(value).__name__, *sorted(map(repr, value))]
    if isinstance(value, BaseModel):
        return [type(value).__name__, *(f"{key}={shown(item)}" for key, item in value), sorted(value.model_fields_set)]
    if isinstance(value, (Request, HTTPConnection)):
        return f"{type(value).__name__} {value.url} {value.path_params}"
    if isinstance(value, str):
        return value
    return f"{type(value).__name__} {value!r}"
''',
    """\
class Color(str, Enum):
    red = "red"
    blue = "blue"
""",
    """\
class Level(IntEnum):
    low = 1
    high = 2
""",
    """\
Name = NewType("Name", str)
""",
    """\
Stripped = Annotated[str, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)]
""",
    """\
def check_even(value):
    if value % 2:
        raise ValueError("odd")
    return value


Even = Annotated[int, AfterValidator(check_even)]
""",
    """\
@dataclass
class Point:
    x: int
    y: float = 0.5
""",
    """\
class Movie(TypedDict, total=False):
    name: str
    year: int
""",
    """\
class Pair(NamedTuple):
    left: int
    right: str = "r"
""",
    """\
class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str = Field("rex", alias="dogName", validation_alias=AliasChoices("name", "dogName"))


Pet = Annotated[Union[Cat, Dog], Field(discriminator="kind")]
""",
    """\
class Numbers(RootModel[list[int]]):
    pass
""",
    """\
class Tree(BaseModel):
    n: int
    kids: "list[Tree]" = []
""",
    """\
class Known(Exception):
    pass


class KnownChild(Known):
    pass


class Unknown(Exception):
    pass
""",
    """\
class HexConvertor(Convertor[int]):
    regex = "[0-9a-f]+"

    def convert(self, value):
        if value == "bad":
            raise Known("convertor")
        return int(value, 16)

    def to_string(self, value):
        return f"{value:x}"


register_url_convertor("hex", HexConvertor())
""",
    """\
class Text(str):
    pass


class Count(int):
    pass


class Bag(dict):
    pass


class Plain:
    def __init__(self):
        self.a = 1


class Slow:
    def __iter__(self):
        yield 1
""",
    '''\
class PureMiddleware:
    """Log, and mark each response."""

    def __init__(self, app, name):
        self.app = app
        self.name = name

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        log("middleware", self.name, scope["type"], scope["path"])

        async def marked(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-pure", self.name.encode())]}
            await send(message)

        try:
            await self.app(scope, receive, marked)
        except Exception as error:
            log("middleware", self.name, type(error).__name__)
            raise
        finally:
            log("middleware", self.name, "route", getattr(scope.get("route"), "path", None), scope.get("path_params"))
''',
    """\
class BaseMiddleware(starlette.middleware.base.BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        log("base in", request.url.path, await request.body() if "read" in request.query_params else "")
        response = await call_next(request)
        log("base out", response.status_code, request.scope.get("path_params"))
        response.headers["x-base"] = "1"
        return response
""",
    '''\
class ShortMiddleware:
    """Answer some requests without asking the application."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and b"short" in scope["query_string"]:
            raise HTTPException(409, "short")
        await self.app(scope, receive, send)
''',
    """\
class LoggedRoute(APIRoute):
    def get_route_handler(self):
        handler = super().get_route_handler()

        async def logged(request):
            log("custom route", request.url.path)
            response = await handler(request)
            response.headers["x-route"] = self.path
            return response

        return logged
""",
    """\
class LoudRequest(Request):
    async def body(self):
        body = await super().body()
        log("body read", len(body))
        return body


class RequestRoute(APIRoute):
    def get_route_handler(self):
        handler = super().get_route_handler()

        async def other(request):
            try:
                return await handler(LoudRequest(request.scope, request.receive))
            except RequestValidationError as error:
                log("invalid", error.errors())
                raise HTTPException(400, "invalid") from error

        return other
""",
    """\
class PrettyResponse(JSONResponse):
    media_type = "application/vnd.pretty+json"

    def render(self, content):
        stream = hasattr(content, "__next__") or hasattr(content, "__anext__")
        return f"pretty {type(content).__name__ if stream else content}".encode("utf-8", "replace")
""",
    """\
class QuietResponse(JSONResponse):
    def __init__(self, content=None, **options):
        super().__init__(content, **options)
        self.headers["x-quiet"] = "1"
""",
    '''\
class Owned(BaseModel):
    """Read from attributes."""

    model_config = ConfigDict(from_attributes=True)
    a: int
''',
    """\
current = contextvars.ContextVar("current", default="unset")
""",
    """\
def unique(route):
    return f"own_{route.name}_{'_'.join(sorted(route.methods))}"
""",
    # Files that are there, seen from the project's directory. The reducer takes statements and arguments away: no
    # program may write or remove any.
    """\
SITE = "tests/generated/site"
""",
    """\
callbacks = APIRouter()


@callbacks.post("{$callback_url}/done/{$request.body.id}")
def called_back(body: Cat, done: bool = True) -> Dog:
    pass
""",
)
