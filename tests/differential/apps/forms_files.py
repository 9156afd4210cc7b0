"""Forms and uploads, urlencoded and multipart."""

# mypy: ignore-errors
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Json

from ..driver import BOUNDARY, log, post, post_form, post_json, post_multipart, request
from ..registry import differential


class Size(str, Enum):  # noqa: UP042
    s = "s"
    m = "m"


class Login(BaseModel):
    username: str
    password: str = Field(min_length=3)
    remember: bool = False
    roles: list[str] = []


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


class Upload(BaseModel):
    title: str
    count: int = 1


@differential(
    post_form("/login", "username=a&password=b"),
    post_form("/login", "username=a"),
    post_form("/login", ""),
    post_form("/login", "username=&password="),
    post_form("/login", "username=a&username=b&password=p"),
    post_form("/login", "username=%C3%A9+x&password=%FF"),
    post_form("/login", "&&=&username=a&password=%"),
    post_form("/types?q=1", "n=3&flag=on&size=m&tags=a&tags=b&extra=1"),
    post_form("/types", "n=x&flag=2&size=xl"),
    post_form("/types", "n=1"),
    post_form("/alias", "user-name=x"),
    post_form("/alias", "user_name=x"),
    post_form("/optional", ""),
    post_form("/optional", "a=1"),
    post_form("/json", "data=[1,2]"),
    post_form("/json", "data=[1,"),
    post_json("/login", {"username": "a", "password": "b"}),
    post("/login", b"username=a&password=b", None, label="form without type"),
    post("/login", b"username=a&password=b", "text/plain", label="form as text"),
    request("POST", "/login", label="no form"),
    post_multipart("/login", [("username", None, None, b"a"), ("password", None, None, b"b")]),
    post_multipart(
        "/types", [("n", None, None, b"3"), ("tags", None, "text/plain", b"x"), ("tags", None, None, b"")]
    ),
)
def form_fields(api):
    app = api.FastAPI()

    @app.post("/login")
    async def login(username: Annotated[str, api.Form()], password: Annotated[str, api.Form()]):
        return {"username": username, "password": password}

    @app.post("/types")
    def types(
        n: int = api.Form(),
        flag: bool = api.Form(False),
        size: Size = api.Form(Size.s),
        tags: list[str] = api.Form([]),
        q: int | None = None,
    ):
        return [n, flag, size, tags, q]

    @app.post("/alias")
    async def alias(user_name: Annotated[str, api.Form(alias="user-name", max_length=5)]):
        return user_name

    @app.post("/optional")
    async def optional(a: Annotated[int | None, api.Form()] = None, b: Annotated[str, api.Form()] = "b"):
        return [a, b]

    @app.post("/json")
    async def json_field(data: Annotated[Json[list[int]], api.Form()]):
        return data

    return app


@differential(
    post_form("/model", "username=a&password=bcd&roles=x&roles=y"),
    post_form("/model", "username=a&password=b&remember=q"),
    post_form("/model", ""),
    post_form("/closed", "name=a"),
    post_form("/closed", "name=a&b=1&b=2"),
    post_form("/both", "username=u&password=ppp&n=4"),
    post_form("/both", "username=u"),
    post_form("/maybe", ""),
    post_form("/maybe", "name=x"),
    post_form("/union", "title=t&count=2"),
    post_form("/union", "name=n"),
    post_form("/union", "none=1"),
    post_multipart("/model", [("username", None, None, b"a"), ("password", None, None, b"bcd")]),
)
def form_models(api):
    app = api.FastAPI()

    @app.post("/model")
    async def model(data: Annotated[Login, api.Form()]):
        return data

    @app.post("/closed")
    async def closed(data: Annotated[Closed, api.Form()]):
        return data

    @app.post("/both")
    async def both(data: Annotated[Login, api.Form()], n: Annotated[int, api.Form()]):
        return [data, n]

    @app.post("/maybe")
    async def maybe(data: Annotated[Closed | None, api.Form()] = None):
        return {"data": data}

    @app.post("/union")
    async def union(data: Annotated[Closed | Upload, api.Form()]):
        return [type(data).__name__, data]

    return app


TEXT = ("file", "a.txt", "text/plain", b"hello\r\nworld")


@differential(
    post_multipart("/bytes", [TEXT]),
    post_multipart("/bytes", [("file", None, None, b"plain field")]),
    post_multipart("/bytes", []),
    post_multipart("/upload", [TEXT]),
    post_multipart("/upload", [("file", "é ü.bin", "application/octet-stream", bytes(range(256)))]),
    post_multipart("/upload", [("file", "", None, b"")]),
    post_multipart("/upload", [("file", "empty.txt", "text/plain", b"")]),
    post_multipart("/upload", [("file", None, None, b"no file")]),
    post_multipart("/upload", [("other", "a.txt", None, b"x")]),
    post_multipart("/uploads", [("files", "a", None, b"1"), ("files", "b", None, b"22")]),
    post_multipart("/uploads", [("files", "a", None, b"1")]),
    post_multipart("/uploads", []),
    post_multipart("/list-bytes", [("files", "a", None, b"1"), ("files", None, None, b"two")]),
    post_multipart("/optional", []),
    post_multipart("/optional", [TEXT]),
    post_multipart("/mixed?q=5", [("name", None, None, b"n"), TEXT, ("n", None, None, b"1")]),
    post_multipart("/mixed", [("n", None, None, b"x")]),
    post_multipart("/upload", [("file", "big.bin", None, b"x" * 1_500_000)], label="spooled to disk"),
    post_multipart("/limited", [("a", None, None, b"1"), ("b", None, None, b"2"), ("c", None, None, b"3")]),
    post_multipart("/limited", [("file", "a", None, b"1")]),
    post_multipart("/part", [("a", None, None, b"x" * 2000)], label="part too large"),
    post_form("/upload", "file=text"),
    post("/upload", b"", "multipart/form-data", label="no boundary"),
    post("/upload", b"garbage", f"multipart/form-data; boundary={BOUNDARY}", label="garbage"),
    post(
        "/upload",
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\ncut'.encode(),
        f"multipart/form-data; boundary={BOUNDARY}",
        label="truncated",
    ),
    post(
        "/upload",
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f"multipart/form-data; boundary={BOUNDARY}",
        label="nameless part",
    ),
    post(
        "/upload",
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--{BOUNDARY}--\r\n'.encode(
            "latin-1"
        ),
        f"multipart/form-data; boundary={BOUNDARY}",
        label="part name not utf-8",
    ),
)
def uploads(api):
    app = api.FastAPI()

    @app.post("/bytes")
    async def as_bytes(file: Annotated[bytes, api.File()]):
        return [file.decode(), len(file)]

    @app.post("/upload")
    async def upload(file: api.UploadFile):
        data = await file.read()
        log("size", file.size, file.filename)
        return [
            file.filename,
            file.content_type,
            file.size,
            data[:300].hex(),
            dict(file.headers),
            type(file).__name__,
        ]

    @app.post("/uploads")
    async def uploads(files: list[api.UploadFile]):
        return [[f.filename, (await f.read()).decode()] for f in files]

    @app.post("/list-bytes")
    async def list_bytes(files: Annotated[list[bytes], api.File(description="several")]):
        return [f.decode() for f in files]

    @app.post("/optional")
    def optional(file: api.UploadFile | None = None):
        return file.file.read().decode() if file else None

    @app.post("/mixed")
    async def mixed(
        file: Annotated[api.UploadFile, api.File()],
        name: Annotated[str, api.Form()],
        n: Annotated[int, api.Form()] = 0,
        q: int = 0,
    ):
        return [file.filename, name, n, q]

    @app.post("/limited", form_limits={"max_fields": 2, "max_files": 0})
    async def limited(request: api.Request, a: Annotated[str, api.Form()] = ""):
        return a

    @app.post("/part", form_limits={"max_part_size": 1000})
    async def part(a: Annotated[str, api.Form()] = ""):
        return len(a)

    return app


@differential(
    post_multipart("/close", [TEXT]),
    post_multipart("/close", [TEXT], label="the first upload was closed"),
    post_multipart("/close?fail=1", [TEXT]),
    post_multipart("/close", [TEXT], label="so was the one of the failed request"),
    post_multipart("/close?fail=x", [TEXT], label="invalid beside an upload"),
    post_multipart("/close-bytes", [TEXT]),
    post_multipart("/close-model", [TEXT, ("title", None, None, b"t")]),
    post_multipart("/raw-form", [TEXT, ("a", None, None, b"1")]),
    post_form("/raw-form", "a=1&b=2"),
    post("/stream", b"abcdef", "application/octet-stream", chunks=(b"ab", b"cd", b"ef"), label="stream"),
    post("/body", b"abcdef", "application/octet-stream", chunks=(b"ab", b"cdef"), label="body"),
    post_json("/again", {"a": 1}),
    post("/again", b"{", label="again bad json"),
)
def request_body_by_hand(api):
    app = api.FastAPI()
    kept = []

    @app.post("/close")
    async def close(file: api.UploadFile, tasks: api.BackgroundTasks, fail: int = 0):
        kept.append(file)
        if fail:
            raise ValueError("with an open upload")
        tasks.add_task(lambda: log("closed in background", file.file.closed))
        return {"closed before": [f.file.closed for f in kept[:-1]]}

    @app.post("/close-bytes")
    async def close_bytes(request: api.Request, file: Annotated[bytes, api.File()]):
        form = await request.form()
        kept.append(form["file"])
        return [len(file), form["file"].file.closed]

    class Titled(BaseModel):
        title: str
        file: api.UploadFile

    @app.post("/close-model")
    async def close_model(data: Annotated[Titled, api.Form()]):
        kept.append(data.file)
        return [data.title, data.file.filename, [f.file.closed for f in kept]]

    @app.post("/raw-form")
    async def raw_form(request: api.Request):
        async with request.form() as form:
            return [
                [key, value if isinstance(value, str) else value.filename]
                for key, value in form.multi_items()
            ]

    @app.post("/stream")
    async def stream(request: api.Request):
        return [chunk.decode() async for chunk in request.stream()]

    @app.post("/body")
    async def body(request: api.Request):
        return [(await request.body()).decode(), (await request.body()).decode()]

    @app.post("/again")
    async def again(request: api.Request, data: dict[str, int]):
        return [data, await request.json(), (await request.body()).decode()]

    return app
