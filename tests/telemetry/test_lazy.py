"""A process that does not use OpenTelemetry does not load it."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

# A pydantic plugin (Logfire has one) would load OpenTelemetry all by itself.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "FASTAPI_OTEL_"))},
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}

PREPARE = """
    import asyncio, sys

    def loaded():
        return sorted(name for name in sys.modules if name.startswith("opentelemetry"))

    async def get(app, path):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        await app(scope, receive, send)
        return sent

    async def live(app):
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive():
            return messages.pop(0)

        async def send(message):
            assert message["type"].endswith(".complete"), message

        await app({"type": "lifespan"}, receive, send)
"""


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", dedent(PREPARE) + dedent(code)],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_not_loaded_by_importing_building_and_serving() -> None:
    output = run(
        """
        from ferroapi import BackgroundTasks, Depends, FastAPI, HTTPException
        from ferroapi.telemetry import TelemetryConfig

        app = FastAPI(telemetry={"exclude": lambda scope: False})

        def dependency(number: int = 1):
            return number

        @app.get("/{path}")
        def endpoint(path: str, tasks: BackgroundTasks, number: int = Depends(dependency)) -> str:
            tasks.add_task(print, "background")
            if path == "refused":
                raise HTTPException(400)
            return path

        async def main():
            await live(app)
            for path in "/ok", "/refused", "/not/there", "/openapi.json", "/docs":
                print((await get(app, path))[0]["status"])

        asyncio.run(main())
        assert loaded() == [], loaded()
        """
    )
    assert output.split() == ["background", "200", "400", "404", "200", "200"]


def test_loaded_by_the_names_that_need_it() -> None:
    run(
        """
        from ferroapi import telemetry

        assert not loaded()
        assert {"TelemetryConfig", "TelemetryData", "get_telemetry_data"} <= set(dir(telemetry))
        assert telemetry.get_telemetry_data() is None
        assert loaded()
        assert not hasattr(telemetry, "anything_else")
        """
    )


def test_config_annotations_resolve() -> None:
    run(
        """
        import typing
        from ferroapi.telemetry import TelemetryConfig

        assert not loaded()
        hints = typing.get_type_hints(TelemetryConfig)
        from opentelemetry.trace import TracerProvider

        assert hints["tracer_provider"] == TracerProvider | None
        assert list(hints)[-1] == "exclude"
        """
    )


@pytest.mark.parametrize("name", ["TRACER", "METER", "LOGGER"])
def test_provider_selected_by_environment(name: str) -> None:
    """`OTEL_PYTHON_*_PROVIDER` configures a provider without anybody importing OpenTelemetry."""
    output = run(
        """
        from ferroapi.telemetry._config import complete_config
        from ferroapi.telemetry._gate import maybe_enabled

        assert not loaded()
        print(maybe_enabled(complete_config(None)))
        assert loaded()
        """,
        **{f"OTEL_PYTHON_{name}_PROVIDER": f"sdk_{name.lower()}_provider"},
    )
    assert output == "True"
