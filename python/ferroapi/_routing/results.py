"""From what an endpoint returned to a `Response` object."""

import json
import math
from collections.abc import Callable
from typing import Any

from starlette.background import BackgroundTasks
from starlette.responses import Response

from .._compat import ModelField
from .._compiled.threads import run_by
from .._dependencies.injected import new_injected_response
from .._dependencies.solve import SolvedDependency
from ..datastructures import DefaultPlaceholder
from ..dependencies.models import Dependant
from ..exceptions import EndpointContext, ResponseValidationError
from ..telemetry import _gate
from ..types import IncEx
from ..utils import is_body_allowed_for_status_code
from ._public import public


async def run_endpoint_function(*, dependant: Dependant, values: dict[str, Any], is_coroutine: bool) -> Any:
    """Call the endpoint with its arguments, in a worker thread unless it is a coroutine function."""
    assert dependant.call is not None, "dependant.call must be a function"
    if is_coroutine:
        with _gate.operation(name="endpoint", function=dependant.call):
            return await dependant.call(**values)
    if _gate.loaded_api is None:
        return await run_by(public().run_in_threadpool, dependant.call, (), values)
    run: Callable[..., Any] = _gate.loaded_api._run_sync_endpoint
    arguments = {"function": dependant.call, "arguments": values}
    return await run_by(public().run_in_threadpool, run, (), arguments)


async def serialize_response(
    *,
    field: ModelField | None = None,
    response_content: Any,
    include: IncEx | None = None,
    exclude: IncEx | None = None,
    by_alias: bool = True,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
    exclude_none: bool = False,
    is_coroutine: bool = True,
    endpoint_ctx: EndpointContext | None = None,
    dump_json: bool = False,
) -> Any:
    """Validate a result by its response model and return plain data, or JSON bytes with `dump_json`.

    Without a model, `jsonable_encoder` makes the data. The model of a synchronous endpoint is validated in a
    worker thread, since its validators may block.

    Raises:
        ResponseValidationError: the result is not what the model says.
    """
    if not field:
        return public().jsonable_encoder(response_content)
    if is_coroutine:
        value, errors = field.validate(response_content, {}, loc=("response",))
    else:
        value, errors = await run_by(
            public().run_in_threadpool, field.validate, (response_content, {}), {"loc": ("response",)}
        )
    if errors:
        raise ResponseValidationError(
            errors=errors, body=response_content, endpoint_ctx=endpoint_ctx or EndpointContext()
        )
    serialize = field.serialize_json if dump_json else field.serialize
    return serialize(
        value,
        include=include,
        exclude=exclude,
        by_alias=by_alias,
        exclude_unset=exclude_unset,
        exclude_defaults=exclude_defaults,
        exclude_none=exclude_none,
    )


def _build_response_args(*, status_code: int | None, solved_result: Any) -> dict[str, Any]:
    return _response_arguments(status_code, solved_result.response, solved_result.background_tasks)


_unreplaced = _build_response_args


def response_arguments(
    status_code: int | None, injected: Response | None, background: BackgroundTasks | None
) -> dict[str, Any]:
    """Return the keyword arguments for a response; the injected response's status comes first."""
    if _build_response_args is not _unreplaced:
        solved = SolvedDependency({}, [], background, injected or new_injected_response(), {})
        return _build_response_args(status_code=status_code, solved_result=solved)
    return _response_arguments(status_code, injected, background)


def _response_arguments(
    status_code: int | None, injected: Response | None, background: BackgroundTasks | None
) -> dict[str, Any]:
    arguments: dict[str, Any] = {"background": background}
    injected_status = injected.status_code if injected is not None else None
    status = injected_status or status_code or injected_status
    if status is not None:
        arguments["status_code"] = status
    return arguments


def add_injected_headers(response: Response, injected: Response | None) -> None:
    """Append the headers that the user set on the injected response."""
    if injected is not None:
        response.headers.raw.extend(injected.headers.raw)


def build_response(
    content: Any,
    response_class: Any,
    dumped: bool,
    arguments: dict[str, Any],
    injected: Response | None,
) -> Response:
    """Return the response for serialized `content`, which is JSON bytes already if `dumped`."""
    response: Response
    if dumped:
        response = Response(content=content, media_type="application/json", **arguments)
    else:
        response = response_class(content, **arguments)
    if not is_body_allowed_for_status_code(response.status_code):
        response.body = b""
    add_injected_headers(response, injected)
    return response


def dumps_json(field: ModelField | None, response_class: Any) -> bool:
    """Tell whether pydantic writes the JSON itself: a model, and no response class of the user's."""
    return field is not None and isinstance(response_class, DefaultPlaceholder)


def _normalize_non_finite_floats(data: Any) -> Any:
    """Replace NaN and infinities, which JSON does not have, by None (RFC 8259, section 6)."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _normalize_non_finite_floats(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_normalize_non_finite_floats(value) for value in data]
    return data


def stream_json(data: Any) -> str:
    """Return the JSON text of one streamed item without a model."""
    return json.dumps(_normalize_non_finite_floats(public().jsonable_encoder(data)))
