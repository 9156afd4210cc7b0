"""OpenTelemetry support built into the framework.

Nothing here imports OpenTelemetry until something that needs it is asked for: `TelemetryConfig`
can be used in annotations without that cost, the other names load the implementation.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._api import TelemetryData as TelemetryData
    from ._api import get_telemetry_data as get_telemetry_data
    from ._config import TelemetryConfig as TelemetryConfig

_EXPORTS = ("TelemetryConfig", "TelemetryData", "get_telemetry_data")


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "TelemetryConfig":
        from . import _config as source
    else:
        from . import _api as source  # type: ignore[no-redef]
    value = globals()[name] = getattr(source, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
