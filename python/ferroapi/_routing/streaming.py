"""Endpoints that yield: server-sent events, JSON Lines, and raw chunks."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from starlette.background import BackgroundTasks
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Scope

from .._compiled.plan import is_sse, response_class
from .._compiled.specs import HandlerOptions
from ..dependencies.models import _is_async_gen_callable
from ..exceptions import EndpointContext, ResponseValidationError
from ..sse import KEEPALIVE_COMMENT, ServerSentEvent, format_sse_event
from ._public import public
from .endpoint_context import endpoint_context
from .results import add_injected_headers, response_arguments, stream_json


async def stream_response(
    options: HandlerOptions,
    values: dict[str, Any],
    injected: Response | None,
    background: BackgroundTasks | None,
    stack: AsyncExitStack,
    scope: Scope,
) -> Response:
    """Start the endpoint's generator and return the response that sends what it yields.

    `stack` is closed after the response was sent, with the generator's helpers on it.
    """
    call = options.dependant.call
    assert call is not None
    generator = call(**values)
    arguments = response_arguments(options.status_code, injected, background)
    serialize = _item_serializer(options, endpoint_context(options.dependant, scope, scope["method"]))
    is_async = _is_async_gen_callable(call)
    response: Response
    if is_sse(options):
        content = await _events(generator, is_async, serialize, stack)
        response = StreamingResponse(content, media_type="text/event-stream", **arguments)
        response.headers["Cache-Control"] = "no-cache"
        # nginx would hold small events back.
        response.headers["X-Accel-Buffering"] = "no"
    elif options.is_json_stream:
        lines = _async_lines(generator, serialize) if is_async else _lines(generator, serialize)
        response = StreamingResponse(lines, media_type="application/jsonl", **arguments)
    else:
        chunks = _with_checkpoints(generator) if is_async else generator
        response = response_class(options)(content=chunks, **arguments)
    add_injected_headers(response, injected)
    return response


def _item_serializer(options: HandlerOptions, context: EndpointContext) -> Callable[[Any], bytes]:
    field = options.stream_item_field
    if not field:
        return lambda item: stream_json(item).encode("utf-8")

    def serialize(item: Any) -> bytes:
        value, errors = field.validate(item, {}, loc=("response",))
        if errors:
            raise ResponseValidationError(errors=errors, body=item, endpoint_ctx=context)
        return field.serialize_json(
            value,
            include=options.response_model_include,
            exclude=options.response_model_exclude,
            by_alias=options.response_model_by_alias,
            exclude_unset=options.response_model_exclude_unset,
            exclude_defaults=options.response_model_exclude_defaults,
            exclude_none=options.response_model_exclude_none,
        )

    return serialize


async def _with_checkpoints(chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
    # A generator that never waits must still let the event loop cancel it.
    async for chunk in chunks:
        yield chunk
        await anyio.sleep(0)


async def _async_lines(items: AsyncIterator[Any], serialize: Callable[[Any], bytes]) -> AsyncIterator[bytes]:
    async for item in items:
        yield serialize(item) + b"\n"
        await anyio.sleep(0)


def _lines(items: Iterator[Any], serialize: Callable[[Any], bytes]) -> Iterator[bytes]:
    for item in items:
        yield serialize(item) + b"\n"


def _event(item: Any, serialize: Callable[[Any], bytes]) -> bytes:
    if not isinstance(item, ServerSentEvent):
        return format_sse_event(data_str=serialize(item).decode("utf-8"))
    text: str | None = item.raw_data
    if text is None and item.data is not None:
        dump = getattr(item.data, "model_dump_json", None)
        text = dump() if dump is not None else stream_json(item.data)
    return format_sse_event(
        data_str=text, event=item.event, id=item.id, retry=item.retry, comment=item.comment
    )


async def _events(
    generator: Any, is_async: bool, serialize: Callable[[Any], bytes], stack: AsyncExitStack
) -> AsyncIterator[bytes]:
    items = generator.__aiter__() if is_async else iterate_in_threadpool(generator)
    stream = await stack.enter_async_context(_event_stream(items, serialize))
    stack.push_async_callback(stream.aclose)
    return _with_checkpoints(stream)


@asynccontextmanager
async def _event_stream(
    items: AsyncIterator[Any], serialize: Callable[[Any], bytes]
) -> AsyncIterator[ObjectReceiveStream[bytes]]:
    """Produce events in one task and put keep-alive comments between them in another."""
    to_keepalive, produced = anyio.create_memory_object_stream[bytes](max_buffer_size=1)
    to_client, events = anyio.create_memory_object_stream[bytes](max_buffer_size=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_produce, items, serialize, to_keepalive)
        tasks.start_soon(_keep_alive, produced, to_client)
        yield events
        tasks.cancel_scope.cancel()


async def _produce(
    items: AsyncIterator[Any], serialize: Callable[[Any], bytes], out: ObjectSendStream[bytes]
) -> None:
    async with out:
        async for item in items:
            await out.send(_event(item, serialize))


async def _keep_alive(events: ObjectReceiveStream[bytes], out: ObjectSendStream[bytes]) -> None:
    async with out, events:
        while True:
            try:
                with anyio.fail_after(public()._PING_INTERVAL):
                    event = await events.receive()
            except TimeoutError:
                event = KEEPALIVE_COMMENT
            except anyio.EndOfStream:
                return
            await out.send(event)
