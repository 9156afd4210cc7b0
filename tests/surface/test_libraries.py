"""Instrumentation that is installed for real: what it records of the same application, with and without the drop-in."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from tests.dropin.conftest import environment

APPLICATION = """
import asyncio, json, logging, sys, warnings
warnings.simplefilter("error")

def build():
    from fastapi import APIRouter, Depends, FastAPI, HTTPException, WebSocket
    from fastapi.testclient import TestClient

    app = FastAPI()

    def dependency(q: int = 1):
        yield q

    @app.get("/async/{n}")
    async def asynchronous(n: int, q: int = Depends(dependency)):
        return [n, q]

    @app.get("/sync/{n}")
    def synchronous(n: int):
        return n

    @app.post("/body")
    async def body(body: dict):
        return body

    @app.get("/error")
    async def error():
        raise ValueError("broken")

    @app.get("/teapot")
    def teapot():
        raise HTTPException(418)

    @app.websocket("/ws/{n}")
    async def ws(websocket: WebSocket, n: int):
        await websocket.accept()
        await websocket.send_text("text")
        await websocket.close()

    router = APIRouter(prefix="/router")

    @router.get("/leaf/{n}")
    async def leaf(n: int):
        return n

    app.include_router(router, prefix="/in")
    return app

def visit(app):
    from fastapi.testclient import TestClient
    found = []
    with TestClient(app, raise_server_exceptions=False) as client:
        for path in ("/async/1?q=2", "/async/x", "/sync/2", "/error", "/teapot", "/in/router/leaf/3",
                     "/in/router/leaf/x", "/none"):
            response = client.get(path, headers={"x-test": "1"})
            found.append([path, response.status_code, response.text])
        found.append(["/body", client.post("/body", json={"a": 1}).text])
        with client.websocket_connect("/ws/4") as session:
            found.append(session.receive_text())
    return found

def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
"""

SENTRY = """
import sentry_sdk
from sentry_sdk.transport import Transport

recorded = []

class Recording(Transport):
    def capture_envelope(self, envelope):
        for item in envelope.items:
            event = item.get_event() or item.get_transaction_event()
            if event:
                recorded.append(event)

sentry_sdk.init(dsn="http://key@localhost/1", transport=Recording(), traces_sample_rate=1.0)
found = visit(build())

def story(event):
    request = event.get("request", {})
    return [
        event.get("type"), event.get("transaction"), event.get("transaction_info"),
        [[value["type"], value["value"], value.get("mechanism", {}).get("type")]
         for value in event.get("exception", {}).get("values", [])],
        request.get("method"), request.get("url"), request.get("query_string"), request.get("data"),
        sorted((span["op"], span["description"]) for span in event.get("spans", [])),
        event.get("contexts", {}).get("trace", {}).get("op"),
    ]

print(json.dumps(plain([found, [story(event) for event in recorded]])))
"""

OPENTELEMETRY = """
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
instrumentor = FastAPIInstrumentor()
found = []
if HOW == "everything":
    instrumentor.instrument(tracer_provider=provider)
    app = build()
    found += visit(app)
    instrumentor.uninstrument()
else:
    app = build()
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, excluded_urls="teapot")
    found += visit(app)
    FastAPIInstrumentor.uninstrument_app(app)
found += visit(app)
spans = [
    [span.name, str(span.kind), str(span.status.status_code), plain(dict(span.attributes)),
     [event.name for event in span.events]]
    for span in exporter.get_finished_spans()
]
print(json.dumps([found, spans]))
"""

LOGFIRE = """
import logfire
from logfire.testing import TestExporter
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

exporter = TestExporter()
logfire.configure(
    send_to_logfire=False, console=False, inspect_arguments=False, additional_span_processors=[SimpleSpanProcessor(exporter)]
)
app = build()
logfire.instrument_fastapi(app, extra_spans=True)
found = visit(app)
spans = [
    [span["name"], {key: value for key, value in span["attributes"].items() if not key.startswith(("code.", "thread"))
                    and "stacktrace" not in key and "timestamp" not in key}]
    for span in exporter.exported_spans_as_dict(_include_pending_spans=False)
]
print(json.dumps(plain([found, spans])))
"""

SCRIPTS = {
    "sentry": SENTRY,
    "opentelemetry-everything": 'HOW = "everything"\n' + OPENTELEMETRY,
    "opentelemetry-one-application": 'HOW = "one"\n' + OPENTELEMETRY,
    "logfire": LOGFIRE,
}


@pytest.mark.parametrize("library", SCRIPTS)
def test_same_record(library: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(dedent(APPLICATION) + dedent(SCRIPTS[library]))
    sides = [[], ["-m", "ferroapi", "exec", "--", sys.executable]]
    environ = environment(OTEL_PYTHON_FASTAPI_EXCLUDED_URLS=None, OTEL_SEMCONV_STABILITY_OPT_IN="http")
    processes = [
        subprocess.Popen(
            [sys.executable, *side, str(script)],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for side in sides
    ]
    done = [process.communicate(timeout=50) for process in processes]
    for process, (_, errors) in zip(processes, done, strict=True):
        assert process.returncode == 0, errors
    reference, candidate = (json.loads(output.splitlines()[-1]) for output, _ in done)
    assert reference[1], "nothing was recorded"
    assert candidate == reference
