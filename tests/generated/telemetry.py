"""Random applications that record what they do with OpenTelemetry, and what an exporter in memory has after each request."""

from .applications import make_application
from .choices import Choices
from .exchanges import Step, make_steps

_EXCHANGES = 8
_SEEN = "SEEN = recorded()"


def make_telemetry(choices: Choices, count: int) -> tuple[str, list[Step]]:
    """The source of an application, and what is done with it, at most `count` requests."""
    application = make_application(choices)
    options = [
        f"{name}={choices.maybe()}"
        for name in ("tracing", "metrics", "logs", "operation_spans")
        if choices.maybe(0.15)
    ]
    if choices.maybe(0.15):
        options.append("exclude=lambda scope: scope['path'].endswith('1')")
    if choices.maybe(0.1):
        options.append("auto_configure=False")
    settings = f"telemetry=dict(PROVIDERS, {', '.join(options)})"
    source = application.source.replace("\napp = FastAPI(", f"\napp = FastAPI({settings}, ")
    if choices.maybe(0.3):
        source = source.replace("\nsub = FastAPI(", f"\nsub = FastAPI({settings}, ")
    if source.startswith("app = FastAPI("):
        source = source.replace("app = FastAPI(", f"app = FastAPI({settings}, ", 1)
    source = source.replace(", )", ")")
    steps: list[Step] = []
    for step in make_steps(choices, application, min(count, _EXCHANGES)):
        steps.append(step)
        if not isinstance(step, str):
            steps.append(_SEEN)
    return source, steps
