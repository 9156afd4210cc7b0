"""The `responses` of an operation."""

import copy
import http.client
import inspect
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from .._compat import ModelField, lenient_issubclass
from ..datastructures import DefaultPlaceholder
from ..responses import Response
from ..sse import _SSE_EVENT_SCHEMA
from ..utils import deep_dict_update, is_body_allowed_for_status_code
from ._schemas import Schemas

if TYPE_CHECKING:
    from ..routing import _APIRouteLike

status_code_ranges: dict[str, str] = {
    "1XX": "Information",
    "2XX": "Success",
    "3XX": "Redirection",
    "4XX": "Client Error",
    "5XX": "Server Error",
    "DEFAULT": "Default Response",
}
"""Descriptions of ranges of status codes, for responses that bring none."""


def response_class_of(route: "_APIRouteLike") -> type[Response]:
    """The response class of `route`, with a default resolved."""
    declared = route.response_class
    found: type[Response] = declared.value if isinstance(declared, DefaultPlaceholder) else declared
    assert found, "A response class is needed to generate OpenAPI"
    return found


def _status_code(route: "_APIRouteLike", response_class: type[Response]) -> str:
    """The status code of the main response: the route's, else the default of the class."""
    if route.status_code is not None:
        return str(route.status_code)
    parameter = inspect.signature(response_class.__init__).parameters.get("status_code")
    if parameter is None or not isinstance(parameter.default, int):
        raise UnboundLocalError(
            "cannot access local variable 'status_code' where it is not associated with a value"
        )
    return str(parameter.default)


def _event_schema(data_field: ModelField | None, schemas: Schemas) -> dict[str, Any]:
    """The schema of one server-sent event, whose data is JSON if its type is declared."""
    schema: dict[str, Any] = copy.deepcopy(_SSE_EVENT_SCHEMA)
    if data_field:
        schema["required"] = ["data"]
        schema["properties"]["data"] = {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": schemas.of(data_field),
        }
    return schema


def _content(
    route: "_APIRouteLike", response_class: type[Response], schemas: Schemas
) -> dict[str, Any] | None:
    """The content of the main response by media type, or `None` if it can't be told."""
    item = route.stream_item_field
    if route.is_json_stream:
        return {"application/jsonl": {"itemSchema": schemas.of(item) if item else {}}}
    if route.is_sse_stream:
        return {"text/event-stream": {"itemSchema": _event_schema(item, schemas)}}
    if not response_class.media_type:
        return None
    schema: dict[str, Any] = {"type": "string"}
    if lenient_issubclass(response_class, JSONResponse):
        schema = schemas.of(route.response_field) if route.response_field else {}
    return {response_class.media_type: {"schema": schema}}


def _add_declared_response(
    responses: dict[str, Any], route: "_APIRouteLike", code: int | str, media_type: str, schemas: Schemas
) -> None:
    """Merge what `responses=` of the route says about `code` into `responses`."""
    declared = copy.deepcopy(route.responses[code])
    declared.pop("model", None)
    key = str(code).upper()
    response: dict[str, Any] = responses.setdefault("default" if key == "DEFAULT" else key, {})
    assert isinstance(declared, dict), "An additional response must be a dict"
    field = route.response_fields.get(code)
    if field:
        content = declared.setdefault("content", {}).setdefault(media_type, {})
        deep_dict_update(content.setdefault("schema", {}), schemas.of(field))
    status_text = status_code_ranges.get(key) or http.client.responses.get(int(code))
    description = declared.get("description") or response.get("description") or status_text
    deep_dict_update(response, declared)
    response["description"] = description or "Additional Response"


def get_responses(route: "_APIRouteLike", response_class: type[Response], schemas: Schemas) -> dict[str, Any]:
    """The Response Objects of `route` by status code: its main one, and those of `responses=`."""
    media_type = response_class.media_type or "application/json"
    main: dict[str, Any] = {"description": route.response_description}
    responses: dict[str, Any] = {_status_code(route, response_class): main}
    if is_body_allowed_for_status_code(route.status_code):
        content = _content(route, response_class, schemas)
        if content is not None:
            main["content"] = content
    for code in route.responses or ():
        _add_declared_response(responses, route, code, media_type, schemas)
    return responses
