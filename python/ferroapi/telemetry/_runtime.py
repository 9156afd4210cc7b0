"""OTLP exporters from environment variables, and their life along the application's lifespan.

The OpenTelemetry SDK is imported only once an exporter is asked for.
"""

# Every config here went through `complete_config`, so all of its keys are there.
# pyright: reportTypedDictNotRequiredAccess=false

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import _incidental
from ..exceptions import FastAPIError
from ..logger import logger
from ._config import TelemetryConfig
from ._gate import _unconfigured

if TYPE_CHECKING:
    from ._export import Pipeline

_lock = threading.RLock()
# What was made here and is to be flushed and shut down here: providers and exporting components.
_owned: list[Any] = []
# Each (signal, provider) that already has an exporter from here.
_configured: list[tuple[str, Any]] = []

_END_OF_LIFESPAN = frozenset(
    {"lifespan.shutdown.complete", "lifespan.shutdown.failed", "lifespan.startup.failed"}
)
# The package whose extra is to be installed.
_NAME = __name__.partition(".")[0]
_OPT_OUT = "pass telemetry={'auto_configure': False} to FastAPI()."


def _flush() -> None:
    for component in tuple(_owned):
        _quietly(component.force_flush)


def _shutdown() -> None:
    with _lock:
        components = tuple(_owned)
        _owned.clear()
    for component in components:
        _quietly(component.shutdown)


def _quietly(cleanup: Any) -> None:
    try:
        cleanup()
    except Exception:
        logger.exception("FastAPI telemetry cleanup failed")


atexit.register(_shutdown)


def _export_endpoint(signal: str) -> str | None:
    """The URL to export a signal to.

    Args:
        signal: `TRACES`, `METRICS` or `LOGS`, as in the names of the variables.

    Returns:
        `None` when the environment asks for no export.

    Raises:
        FastAPIError: the environment asks for an exporter, transport or URL that can't be served.

    Source: OpenTelemetry Protocol Exporter specification. An empty variable counts as unset.
    """
    exporter = (os.getenv(f"OTEL_{signal}_EXPORTER") or "otlp").strip().lower()
    endpoint = os.getenv(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    if not endpoint:
        base = os.getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
        endpoint = f"{base.removesuffix('/')}/v1/{signal.lower()}" if base else None
    if not endpoint or exporter == "none":
        return None
    if exporter != "otlp":
        raise FastAPIError(
            f"FastAPI automatic telemetry supports OTEL_{signal}_EXPORTER=otlp or none. "
            f"Configure other exporters explicitly and {_OPT_OUT}"
        )
    protocol = os.getenv(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or os.getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
    if (protocol or "http/protobuf") != "http/protobuf":
        raise FastAPIError(
            "FastAPI automatic telemetry requires the OTLP http/protobuf protocol. "
            f"Configure other transports explicitly and {_OPT_OUT}"
        )
    url = urlsplit(endpoint)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise FastAPIError(f"Invalid OTLP {signal.lower()} endpoint. Use an absolute HTTP or HTTPS URL.")
    return endpoint


def _registration_provider(provider: Any) -> Any:
    """The object to add an exporter to.

    Older Logfire wrappers of a meter provider can't take a reader, the SDK provider inside can;
    measurements still go through the wrapper.
    """
    cls = type(provider)
    wrapped = (cls.__module__, cls.__name__) == ("logfire._internal.metrics", "ProxyMeterProvider")
    return provider.provider if wrapped and not hasattr(provider, "add_metric_reader") else provider


class _Request(NamedTuple):
    """An exporter asked for: the signal, the provider given in the settings, the URL."""

    signal: str
    explicit: Any
    endpoint: str


def _requests(config: TelemetryConfig) -> list[_Request]:
    signals = (
        ("TRACES", config["tracing"], config["tracer_provider"]),
        ("METRICS", config["metrics"], config["meter_provider"]),
        ("LOGS", config["logs"], config["logger_provider"]),
    )
    return [
        _Request(signal, provider, endpoint)
        for signal, wanted, provider in signals
        if wanted and (endpoint := _export_endpoint(signal)) is not None
    ]


def _configure_from_environment(config: TelemetryConfig) -> None:
    """Give each wanted signal the OTLP exporter that the environment describes.

    Providers in place are extended; where there is none, one is made and set. Doing it again
    adds nothing twice.

    Raises:
        FastAPIError: the environment asks for something that can't be served, the SDK is not
            installed, or a provider takes no exporter.
    """
    if not config["auto_configure"] or os.getenv("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    with _lock:
        requests = _requests(config)
        if not requests:
            return
        try:
            from ._export import PIPELINES
        except ImportError as exc:
            raise FastAPIError(
                f"Automatic OpenTelemetry export requires {_NAME}[opentelemetry] or {_NAME}[standard]. "
                f"Install the extra, configure providers yourself, or {_OPT_OUT}"
            ) from exc
        for request in requests:
            _add_exporter(request, PIPELINES[request.signal])


def _add_exporter(request: _Request, pipeline: "Pipeline") -> None:
    signal, explicit, endpoint = request
    provider = _registration_provider(explicit if explicit is not None else pipeline.current())
    if any(known == signal and owner is provider for known, owner in _configured):
        return
    if explicit is None and _unconfigured(provider):
        created = pipeline.new_provider(pipeline.new_component(endpoint))
        pipeline.set_current(created)
        provider = pipeline.current()
        if provider is created:
            _configured.append((signal, created))
            _owned.append(created)
            return
        # Somebody else set the global provider meanwhile: extend theirs instead.
        created.shutdown()
        provider = _registration_provider(provider)
    # Wrappers of other vendors may have the method without being SDK providers.
    register = pipeline.registration(provider)
    if not callable(register):
        raise FastAPIError(
            f"The configured OpenTelemetry {pipeline.kind} provider does not support adding "
            f"an OTLP exporter. Configure environment export through that provider and {_OPT_OUT}"
        )
    component = pipeline.new_component(endpoint)
    try:
        register(component)
    except Exception:
        component.shutdown()
        raise
    _configured.append((signal, provider))
    _owned.append(component)


async def lifespan(
    *, config: TelemetryConfig, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run `app`'s lifespan: exporters are added before its start-up, flushed after its shutdown.

    A failure to configure telemetry is a warning in the log, never a reason not to start.
    """

    async def configuring_receive() -> Message:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                _configure_from_environment(config)
            except Exception as exc:
                logger.warning("FastAPI automatic telemetry configuration failed: %s", exc)
        return message

    async def flushing_send(message: Message) -> None:
        if message["type"] in _END_OF_LIFESPAN and _owned:
            await run_sync(_flush)
        await send(message)

    await app(scope, configuring_receive, flushing_send)


_incidental.complete(__name__)
