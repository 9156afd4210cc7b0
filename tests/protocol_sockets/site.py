"""The application under test, twice: as a bare ASGI callable and as an application of the package, with the same paths."""

import asyncio
import gc
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

from ferroapi import FastAPI, Request
from ferroapi.responses import PlainTextResponse, Response, StreamingResponse

KINDS = ("asgi", "api")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
BLOCK = bytes(range(256)) * 256
"""64 KiB, the size of the parts that the server sends."""


class Site:
    """Both applications, and what they noted while they ran."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.notes: list[str] = []
        self.gate = asyncio.Event()
        """Opened by a test, for a path operation that waits."""
        self.sent = 0
        """Bytes of streams that `send` has taken."""
        self.app = self._asgi() if kind == "asgi" else self._api()

    # --- ASGI ---

    def _asgi(self) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            assert scope["type"] == "http"
            name = scope["path"].strip("/").split("/")[0] or "hello"
            await getattr(self, f"_asgi_{name}", self._asgi_none)(scope, receive, send)

        return app

    @staticmethod
    async def _answer(
        send: Any, body: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = (_TEXT,)
    ) -> None:
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
        await send({"type": "http.response.body", "body": body})

    async def _asgi_none(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(send, b'{"detail":"Not Found"}', 404, ((b"content-type", b"application/json"),))

    async def _asgi_hello(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(send, b"hello")

    async def _asgi_item(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(send, scope["path"].split("/")[2].encode())

    async def _asgi_echo(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.notes.append("disconnect")
                return
            body += message["body"]
            more = message["more_body"]
        await self._answer(send, body)

    async def _asgi_count(self, scope: Any, receive: Any, send: Any) -> None:
        if b"wait" in scope["query_string"]:
            await self.gate.wait()
        digest, size, more = hashlib.sha256(), 0, True
        while more:
            message = await receive()
            digest.update(message["body"])
            size += len(message["body"])
            more = message["more_body"]
        await self._answer(send, f"{size} {digest.hexdigest()}".encode())

    async def _asgi_deaf(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(send, b"not read")

    async def _asgi_gate(self, scope: Any, receive: Any, send: Any) -> None:
        self.notes.append("at the gate")
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.notes.append("cancelled")
            raise
        await self._answer(send, b"open")
        self.notes.append("through")

    async def _asgi_gone(self, scope: Any, receive: Any, send: Any) -> None:
        self.notes.append("waiting")
        while (message := await receive())["type"] != "http.disconnect":
            self.notes.append(f"{len(message['body'])} {message['more_body']}")
        self.notes.append("disconnect")
        await self._answer(send, b"to nobody")
        self.notes.append("sent")

    async def _asgi_stream(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [_TEXT]})
        async for part in self._parts(int(parse_qs(scope["query_string"])[b"count"][0])):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
        self.notes.append("end of stream")

    async def _asgi_scope(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(send, self._seen(scope))

    async def _asgi_error(self, scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("of the application")

    async def _asgi_objects(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(send, self._objects())

    # --- the package's ---

    def _api(self) -> Any:
        app = FastAPI()

        @app.get("/")
        async def hello() -> Response:
            return PlainTextResponse("hello")

        @app.get("/item/{number}")
        async def item(number: str) -> Response:
            return PlainTextResponse(number)

        @app.post("/echo")
        async def echo(request: Request) -> Response:
            return PlainTextResponse(await request.body())

        @app.post("/count")
        async def count(request: Request) -> Response:
            if "wait" in request.query_params:
                await self.gate.wait()
            digest, size = hashlib.sha256(), 0
            async for part in request.stream():
                digest.update(part)
                size += len(part)
            return PlainTextResponse(f"{size} {digest.hexdigest()}")

        @app.post("/deaf")
        async def deaf() -> Response:
            return PlainTextResponse("not read")

        @app.get("/gate")
        async def gate() -> Response:
            self.notes.append("at the gate")
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.notes.append("cancelled")
                raise
            self.notes.append("through")
            return PlainTextResponse("open")

        @app.api_route("/gone", methods=["GET", "POST"])
        async def gone(request: Request) -> Response:
            self.notes.append("waiting")
            while not await request.is_disconnected():
                await asyncio.sleep(0.001)
            self.notes.append("disconnect")
            return PlainTextResponse("to nobody")

        @app.get("/stream")
        async def stream(count: int) -> Response:
            async def parts() -> AsyncIterator[bytes]:
                async for part in self._parts(count):
                    yield part
                self.notes.append("end of stream")

            return StreamingResponse(parts(), media_type="text/plain")

        @app.get("/scope")
        async def scope(request: Request) -> Response:
            return PlainTextResponse(self._seen(request.scope))

        @app.get("/error")
        async def error() -> None:
            raise ValueError("of the application")

        @app.get("/objects")
        async def objects() -> Response:
            return PlainTextResponse(self._objects())

        return app

    # --- common ---

    @staticmethod
    def _objects() -> bytes:
        gc.collect()
        return f"{len(gc.get_objects())} {len(asyncio.all_tasks())}".encode()

    async def _parts(self, count: int) -> AsyncIterator[bytes]:
        try:
            for _ in range(count):
                yield BLOCK
                self.sent += len(BLOCK)
                await asyncio.sleep(0)
        finally:
            self.notes.append("stream left")

    @staticmethod
    def _seen(scope: Any) -> bytes:
        names = ("type", "http_version", "method", "scheme", "path", "root_path", "client", "server", "asgi")
        seen: dict[str, Any] = {name: scope[name] for name in names}
        seen["raw_path"] = scope["raw_path"].decode("latin-1")
        seen["query_string"] = scope["query_string"].decode("latin-1")
        seen["headers"] = [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]
        ]
        return json.dumps(seen).encode()
