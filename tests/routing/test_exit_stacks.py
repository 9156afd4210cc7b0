"""Uploaded files are closed with their request, whoever found the route."""

from typing import Any

import pytest

from ferroapi import APIRouter, FastAPI, UploadFile
from ferroapi.routing import APIRoute
from ferroapi.testclient import TestClient


class AskedRoute(APIRoute):
    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await super().handle(scope, receive, send)


@pytest.mark.parametrize("route_class", [APIRoute, AskedRoute])
@pytest.mark.parametrize("included", [False, True])
def test_uploads_are_closed(route_class: type[APIRoute], included: bool) -> None:
    seen = []
    app = FastAPI()
    router = APIRouter(route_class=route_class) if included else app.router
    router.route_class = route_class

    @router.post("/upload")
    async def upload(file: UploadFile) -> str:
        seen.append(file)
        return (await file.read()).decode()

    if included:
        app.include_router(router)
    client = TestClient(app)
    # The first request to an included router is asked in Python, the second one is compiled.
    for _ in range(2):
        assert client.post("/upload", files={"file": b"text"}).json() == "text"
    assert [file.file.closed for file in seen] == [True, True]
