"""Server-sent events (WHATWG HTML, section 9.2)."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, model_validator
from starlette.responses import StreamingResponse

from . import _incidental

# What OpenAPI 3.2 (section 4.14.4) writes for an event.
_SSE_EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "data": {"type": "string"},
        "event": {"type": "string"},
        "id": {"type": "string"},
        "retry": {"type": "integer", "minimum": 0},
    },
}

# A comment that keeps idle connections open, and the seconds of silence after which it is sent.
KEEPALIVE_COMMENT = b": ping\n\n"
_PING_INTERVAL: float = 15.0

_LINE_END = re.compile(r"\r\n|\r|\n")


class EventSourceResponse(StreamingResponse):
    """Marks, as `response_class`, a generator path operation whose items are sent as events."""

    media_type = "text/event-stream"


def _check_single_line(v: str | None, field_name: str) -> str | None:
    if v is not None and _LINE_END.search(v):
        raise ValueError(f"SSE '{field_name}' must be a single line")
    return v


def _check_event_single_line(v: str | None) -> str | None:
    return _check_single_line(v, "event")


def _check_id_valid(v: str | None) -> str | None:
    if v is not None and "\0" in v:
        raise ValueError("SSE 'id' must not contain null characters")
    return _check_single_line(v, "id")


class ServerSentEvent(BaseModel):
    """One event. Anything else that is yielded is sent as the `data` of an event.

    Attributes:
        data: payload, sent as JSON; a string too, with its quotes.
        raw_data: payload sent as it is, in place of `data`.
        event: type of the event, one line; browsers take `message` if there is none.
        id: sent back by the browser as `Last-Event-ID` when it reconnects; one line, no null character.
        retry: milliseconds the browser waits before it reconnects.
        comment: lines that clients ignore.
    """

    data: Any = None
    raw_data: str | None = None
    event: Annotated[str | None, AfterValidator(_check_event_single_line)] = None
    id: Annotated[str | None, AfterValidator(_check_id_valid)] = None
    retry: Annotated[int | None, Field(ge=0)] = None
    comment: str | None = None

    @model_validator(mode="after")
    def _check_data_exclusive(self) -> "ServerSentEvent":
        if self.data is not None and self.raw_data is not None:
            raise ValueError(
                "Cannot set both 'data' and 'raw_data' on the same ServerSentEvent. "
                "Use 'data' for JSON-serialized payloads or 'raw_data' for pre-formatted strings."
            )
        return self


def _split_sse_lines(value: str) -> list[str]:
    # Not `str.splitlines`: it also splits at characters that end no line of an event stream.
    return _LINE_END.split(value)


def format_sse_event(
    *,
    data_str: str | None = None,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    """Write an event as UTF-8 bytes, with the empty line that ends it.

    Args:
        data_str: payload, already text; each of its lines becomes a `data` line.
        event: type of the event.
        id: last event id.
        retry: reconnection time in milliseconds.
        comment: text for `:` lines, which come first.
    """
    lines: list[str] = []
    if comment is not None:
        lines += [f": {line}" for line in _split_sse_lines(comment)]
    if event is not None:
        lines.append(f"event: {event}")
    if data_str is not None:
        lines += [f"data: {line}" for line in _split_sse_lines(data_str)]
    if id is not None:
        lines.append(f"id: {id}")
    if retry is not None:
        lines.append(f"retry: {retry}")
    return "\n".join([*lines, "", ""]).encode("utf-8")


_incidental.complete(__name__)
