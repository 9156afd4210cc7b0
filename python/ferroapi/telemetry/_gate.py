"""The cheap question each request asks: is native telemetry on?

Nothing here imports OpenTelemetry. What the rest of the package uses:

* `complete_config(settings)`: the application's settings with every default filled in.
* `maybe_enabled(config)`: the exact rule; false means that the request goes untraced.
* `loaded_api`: the `_api` module once something imported it, else `None`. A request can only
  carry telemetry when it is set, so callers read it (as `_gate.loaded_api`, never by a
  `from` import) before they call `_operation`, `get_telemetry_data` and the like.
* `operation(name=, function=)`: `_api._operation` behind that check.

`NativeTelemetry`, the object that traces requests, and the error observing middleware are in
`_asgi`, which imports OpenTelemetry when the first request is traced.

A process in which nobody imported `opentelemetry.trace` (or `.metrics`, `._logs`) cannot have
a provider of that signal, except that `OTEL_PYTHON_*_PROVIDER` selects one on first use.
"""

# Every config here went through `complete_config`, so all of its keys are there.
# pyright: reportTypedDictNotRequiredAccess=false

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, ClassVar, NamedTuple

from ._config import TelemetryConfig
from ._config import complete_config as complete_config

loaded_api: ModuleType | None = None

_NO_OPERATION: AbstractContextManager[None] = nullcontext()

# What the OpenTelemetry API hands out as long as nobody has set a provider.
_DEFERRED_PROVIDERS = frozenset(
    {
        ("opentelemetry.trace", "ProxyTracerProvider"),
        ("opentelemetry.metrics._internal", "_ProxyMeterProvider"),
        ("opentelemetry._logs._internal", "ProxyLoggerProvider"),
    }
)


def _unconfigured(provider: Any) -> bool:
    """Whether `provider` only stands in for one that nobody has set yet."""
    cls = type(provider)
    return (cls.__module__, cls.__name__) in _DEFERRED_PROVIDERS


class _Signal:
    """One kind of telemetry and where its process-wide provider lives.

    Args:
        module: dotted name of the API module that exports the getter.
        getter: name of the function that returns the provider.
        home: dotted name of the module that defines that function.
        slot: the global there that holds the provider, `None` while there is none.
    """

    __slots__ = ("_getter", "_home", "_known", "_module", "_slot")

    def __init__(self, *, module: str, getter: str, home: str, slot: str) -> None:
        self._module = module
        self._getter = getter
        self._home = home
        self._slot = slot
        self._known: tuple[Any, dict[str, Any]] = (None, {slot: None})

    def idle(self) -> bool:
        """Whether a look is enough to say that nobody has set a provider.

        Only holds while no environment variable selects one. The API's own getter does no more
        than look at that variable and at one global, and calling it takes ten times as long.
        """
        module = sys.modules.get(self._module)
        if module is None:
            return True
        getter = getattr(module, self._getter, None)
        known, slots = self._known
        if getter is not known:
            slots = self._slots_of(getter)
            self._known = (getter, slots)
        return slots.get(self._slot, self) is None

    def _slots_of(self, getter: Any) -> dict[str, Any]:
        if getter is None:  # another thread is in the middle of importing the module
            return {self._slot: None}
        if type(getter) is FunctionType and getter.__globals__.get("__name__") == self._home:
            return getter.__globals__
        return {}  # replaced by something else, which has to be called

    def view(self, wanted: str, provider: str) -> "_View":
        """Describe the signal to the compiled entry."""
        return _View(self._slots_of, self._module, self._getter, self._slot, wanted, provider)

    def configured(self) -> bool:
        """Whether there is a provider; imports the API to find out.

        Raises what the API raises for a provider that the environment selects and that can't
        be loaded.
        """
        getter = getattr(import_module(self._module), self._getter)
        return not _unconfigured(getter())


_TRACES = _Signal(
    module="opentelemetry.trace",
    getter="get_tracer_provider",
    home="opentelemetry.trace",
    slot="_TRACER_PROVIDER",
)
_METRICS = _Signal(
    module="opentelemetry.metrics",
    getter="get_meter_provider",
    home="opentelemetry.metrics._internal",
    slot="_METER_PROVIDER",
)
_LOGS = _Signal(
    module="opentelemetry._logs",
    getter="get_logger_provider",
    home="opentelemetry._logs._internal",
    slot="_LOGGER_PROVIDER",
)

_SELECTORS = frozenset(
    {"OTEL_PYTHON_TRACER_PROVIDER", "OTEL_PYTHON_METER_PROVIDER", "OTEL_PYTHON_LOGGER_PROVIDER"}
)
_ENCODED_SELECTORS = frozenset(map(getattr(os.environ, "encodekey", str), _SELECTORS))


class _View(NamedTuple):
    """One signal as the compiled entry looks at it, with the settings that switch it on and serve it."""

    slots_of: Callable[[Any], dict[str, Any]]
    module: str
    getter: str
    slot: str
    wanted: str
    provider: str


class RequestGate:
    """What the compiled entry looks at to say quickly that a request goes unrecorded."""

    modules = sys.modules
    environ = getattr(os.environ, "_data", None)
    selectors: ClassVar[list[Any]] = list(_ENCODED_SELECTORS)
    signals = (
        _TRACES.view("tracing", "tracer_provider"),
        _METRICS.view("metrics", "meter_provider"),
        _LOGS.view("logs", "logger_provider"),
    )


def _environment_selects() -> bool:
    # `os.environ` encodes the name at each look-up, which costs more than everything else in
    # the check; CPython's own dict behind it is asked with the names already encoded.
    values = getattr(os.environ, "_data", None)
    if values is None:
        return any(name in os.environ for name in _SELECTORS)
    return not values.keys().isdisjoint(_ENCODED_SELECTORS)


def _certainly_unset() -> bool:
    """Whether no signal has a process-wide provider, as far as can be told by looking."""
    if _environment_selects():
        return False
    return "opentelemetry" not in sys.modules or (_TRACES.idle() and _METRICS.idle() and _LOGS.idle())


def maybe_enabled(config: TelemetryConfig) -> bool:
    """Whether any signal that `config` (complete, see `complete_config`) wants has a provider.

    Providers may appear or change while the application runs, so this is asked per request.
    Raises what the OpenTelemetry API raises for a provider that the environment selects and
    that can't be loaded.
    """
    look = not _certainly_unset()
    return bool(
        (config["tracing"] and (config["tracer_provider"] is not None or (look and _TRACES.configured())))
        or (config["metrics"] and (config["meter_provider"] is not None or (look and _METRICS.configured())))
        or (config["logs"] and (config["logger_provider"] is not None or (look and _LOGS.configured())))
    )


def operation(*, name: str, function: Callable[..., Any] | None = None) -> AbstractContextManager[None]:
    """A context that records `function` as operation `name` if the current request is traced.

    Args:
        name: the part after `fastapi.` in the span's name.
        function: what is run, for the span's `code.function.name`.
    """
    if loaded_api is None:
        return _NO_OPERATION
    context: AbstractContextManager[None] = loaded_api._operation(name=name, function=function)
    return context
