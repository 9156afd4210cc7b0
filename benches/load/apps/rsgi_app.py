"""Granian's own interface, RSGI: the floor of each case, as the bare ASGI callable is that of ASGI."""

# mypy: ignore-errors
# pyright: basic
import os

from ...cases import CHUNKS, EVERY_CASE, named
from ..answers import given

CASE = named(os.environ.get("BENCH_CASE", "hello async"))


async def echo(scope, proto):
    proto.response_bytes(200, [("content-type", "application/octet-stream")], await proto())


async def streamed(scope, proto):
    stream = proto.response_stream(200, [("content-type", "text/plain")])
    for chunk in CHUNKS:
        await stream.send_bytes(chunk)


def floor():
    status, headers, content = given()
    headers = [(name.decode(), value.decode()) for name, value in headers]

    async def answer(scope, proto):
        if CASE.body:
            await proto()
        proto.response_bytes(status, [*headers], content)

    return answer


BY_HAND = {"echo 1 KiB": echo, "echo 64 KiB": echo, "streamed 8 x 1 KiB": streamed}
APPS = {case.name: floor for case in EVERY_CASE} | {
    name: lambda app=app: app for name, app in BY_HAND.items()
}
