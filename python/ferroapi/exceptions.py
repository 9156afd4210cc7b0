"""Exceptions and warnings of the package."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from pydantic import BaseModel, create_model
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.exceptions import WebSocketException as StarletteWebSocketException

from . import _incidental


class EndpointContext(TypedDict, total=False):
    """Where the path operation of a failed validation is defined."""

    function: str
    path: str
    file: str
    line: int


class HTTPException(StarletteHTTPException):
    """Raised to answer a request with an error.

    Args:
        status_code: HTTP status (RFC 9110, section 15).
        detail: anything that can be JSON; sent to the client under the key `detail`.
        headers: more response headers.
    """

    def __init__(
        self, status_code: int, detail: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status_code=status_code, detail=detail, headers=headers)


class WebSocketException(StarletteWebSocketException):
    """Raised to close a WebSocket.

    Args:
        code: close code (RFC 6455, section 7.4).
        reason: text for the client, at most 123 bytes of UTF-8.
    """

    def __init__(self, code: int, reason: str | None = None) -> None:
        super().__init__(code=code, reason=reason)


RequestErrorModel: type[BaseModel] = create_model("Request")
WebSocketErrorModel: type[BaseModel] = create_model("WebSocket")


class FastAPIError(RuntimeError):
    """An application is declared in a way that cannot work."""


class DependencyScopeError(FastAPIError):
    """A dependency that lives until after the response needs one that ends before it."""


class ValidationException(Exception):  # noqa: N818 (the name is the interface)
    """Data did not match its declaration.

    Args:
        errors: one mapping an error, in the form of `pydantic_core.ErrorDetails`.
        endpoint_ctx: the path operation, for the message.
    """

    def __init__(self, errors: Sequence[Any], *, endpoint_ctx: EndpointContext | None = None) -> None:
        self._errors = errors
        self.endpoint_ctx = endpoint_ctx
        context: EndpointContext = endpoint_ctx or {}
        self.endpoint_function = context.get("function")
        self.endpoint_path = context.get("path")
        self.endpoint_file = context.get("file")
        self.endpoint_line = context.get("line")

    def errors(self) -> Sequence[Any]:
        """Return the errors as they were given."""
        return self._errors

    def _format_endpoint_context(self) -> str:
        if self.endpoint_file and self.endpoint_line and self.endpoint_function:
            place = f'\n  File "{self.endpoint_file}", line {self.endpoint_line}, in {self.endpoint_function}'
            return f"{place}\n    {self.endpoint_path}" if self.endpoint_path else place
        return f"\n  Endpoint: {self.endpoint_path}" if self.endpoint_path else ""

    def __str__(self) -> str:
        count = len(self._errors)
        listed = "".join(f"  {error}\n" for error in self._errors)
        plural = "" if count == 1 else "s"
        return f"{count} validation error{plural}:\n{listed}{self._format_endpoint_context()}".rstrip()


class RequestValidationError(ValidationException):
    """A request did not match its path operation: status 422.

    Args:
        body: the body that was validated, parsed.
    """

    def __init__(
        self, errors: Sequence[Any], *, body: Any = None, endpoint_ctx: EndpointContext | None = None
    ) -> None:
        super().__init__(errors, endpoint_ctx=endpoint_ctx)
        self.body = body


class WebSocketRequestValidationError(ValidationException):
    """A WebSocket's handshake did not match its declaration: close code 1008."""

    def __init__(self, errors: Sequence[Any], *, endpoint_ctx: EndpointContext | None = None) -> None:
        super().__init__(errors, endpoint_ctx=endpoint_ctx)


class ResponseValidationError(ValidationException):
    """A path operation returned something its response model refuses: status 500.

    Args:
        body: what it returned.
    """

    def __init__(
        self, errors: Sequence[Any], *, body: Any = None, endpoint_ctx: EndpointContext | None = None
    ) -> None:
        super().__init__(errors, endpoint_ctx=endpoint_ctx)
        self.body = body


class PydanticV1NotSupportedError(FastAPIError):
    """A model of `pydantic.v1` was used."""


class FastAPIDeprecationWarning(UserWarning):
    """A deprecation that is shown by default, unlike `DeprecationWarning`."""


_incidental.complete(__name__)
