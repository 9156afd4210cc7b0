"""Hostile and broken requests: each must give what the reference gives, never a panic or a hang."""

# mypy: ignore-errors
from typing import Annotated, Any

from pydantic import BaseModel

from ..driver import get, header, headers, log, post, post_form, post_json, request
from ..registry import differential

DEEP = 100_000
WEIRD_PATHS = (
    "/item/%ff",
    "/item/%00",
    "/item/%",
    "/item/%zz",
    "/item/%c3%28",
    "/item/%ed%a0%80",
    "/item/%0a",
    "/item/a%0Ab",
    "/item/%F0%9F%98%80",
    "/item/" + "a" * 20_000,
    "/" + "item/" * 5_000,
    "/number/" + "9" * 5_000,
    "/number/%EF%BC%95",
    "/conv/%EF%BC%95",
    "/conv/" + "9" * 5_000,
    "/path/%2e%2e/%2e%2e",
    "/path//",
    "/item/\x7f",
)


class Item(BaseModel):
    a: int
    b: Any = None


class Node(BaseModel):
    children: list["Node"] = []


@differential(
    *(get(path, label=f"GET {path[:40]}") for path in WEIRD_PATHS),
    get("/item/x", scope={"path": "/item/\udcff"}, label="surrogate in path"),
    get("/item/x", scope={"path": "item/x"}, label="path without slash"),
    get("/item/x", scope={"path": ""}, label="empty path"),
    get("/item/x", scope={"raw_path": None}, label="no raw_path"),
    get("/item/x", scope={"query_string": None}, label="no query_string"),
    get("/item/x", scope={"headers": None}, label="no headers"),
    get("/item/x", scope={"client": None, "server": None, "state": None}, label="no client, server, state"),
    get("/item/x", scope={"http_version": "2", "scheme": "https", "extensions": {}}, label="http/2"),
    get("/item/x", scope={"root_path": None}, label="no root_path"),
    get("/item/x", scope={"root_path": "/item"}, label="root_path is a prefix"),
    get("/item/x", scope={"root_path": "/it"}, label="root_path is a partial prefix"),
    get("/item/x", scope={"root_path": "/item/x"}, label="root_path is the path"),
    get("/item/x", scope={"headers": ()}, label="headers as a tuple"),
    get("/item/x", scope={"headers": [[b"host", b"h"]]}, label="headers as lists"),
    request("GET\n", "/item/x"),
    request("G\u00cbT", "/item/x", label="method not ascii"),
    *(
        get(f"/query?{query}", label=f"query {query[:30]}")
        for query in (
            "q=%ff",
            "q=%00",
            "q=" + "a" * 100_000,
            "&" * 1000,
            "=" * 1000,
            "q",
            "q&q",
            "=q",
            "%71=1",
            "q=%",
            "q=%F",
            "q=+",
            "q=1#x",
            "q=%u00e9",
            "q=%C3",
            "&".join(f"k{n}={n}" for n in range(1500)),
            "q=1;n=2",
            "n=1%00",
            "n=%EF%BC%95",
            "n=" + "9" * 5000,
            "n=0x10",
            "n=1e3",
            "n=",
            "n=1&n=2",
            "Q=1",
        )
    ),
    get(b"/query?q=\xff\xfe", label="raw bytes in query"),
    get(b"/query?\x00=\x01", label="control bytes in query"),
)
def paths_and_queries(api):
    app = api.FastAPI()

    @app.get("/item/{x}")
    async def item(x: str, request: api.Request):
        return [x, len(request.url.path)]

    @app.get("/number/{n}")
    async def number(n: int):
        return n

    @app.get("/conv/{n:int}")
    async def conv(n: int):
        return n

    @app.get("/path/{p:path}")
    async def path(p: str):
        return p

    @app.get("/query")
    async def query(q: str | None = None, n: int | None = None, many: Annotated[list[str], api.Query()] = []):
        return [q, n, many]

    return app


@differential(
    get("/", headers=(header("x-a", "v" * 10_000_000),), label="10 MB header", backends=("asyncio",)),
    get("/", headers=(header("x-number", "9" * 1_000_000),), label="1 MB number", backends=("asyncio",)),
    get("/", headers=tuple(header("x-a", str(n)) for n in range(5000)), label="5000 times one header"),
    get("/", headers=tuple(header(f"x-{n}", "v") for n in range(5000)), label="5000 headers"),
    get("/", headers=((b"x-a", b"\xff\x00\n"),), label="control bytes in header"),
    get("/", headers=((b"X-A", b"upper"),), label="upper-case header name"),
    get("/", headers=((b"", b"nameless"), (b"x-a", b"")), label="nameless header"),
    get("/", headers=((b"\xff", b"x"),), label="header name not ascii"),
    get("/", headers=headers(cookie="c=" + "v" * 1_000_000), label="1 MB cookie"),
    get("/", headers=headers(cookie=";".join(f"c{n}=1" for n in range(5000))), label="5000 cookies"),
    get("/", headers=headers(cookie='c="unclosed; n=1'), label="unclosed quote"),
    get("/", headers=headers(cookie="c=\\"), label="backslash cookie"),
    get("/", headers=headers(cookie='c="\\400\\0"'), label="bad octal cookie"),
    get("/", headers=headers(cookie="$Version=1; c=1; $Path=/"), label="old cookie attributes"),
    get("/", headers=((b"cookie", b"c=\xe9; n=\xff"),), label="cookie not utf-8"),
    get("/", headers=headers(cookie=";;;=;="), label="empty cookies"),
    get("/", headers=((b"host", b""),), label="empty second host"),
    get("/", scope={"headers": [(b"host", b"\xff[::1")]}, label="bad host"),
    get("/", scope={"headers": [(b"host", b"a b"), (b"x-number", b"5")]}, label="host with space"),
)
def header_and_cookie_bytes(api):
    app = api.FastAPI()

    @app.get("/")
    async def root(
        request: api.Request,
        x_a: Annotated[list[str], api.Header()] = [],
        x_number: Annotated[int | None, api.Header()] = None,
        c: Annotated[str | None, api.Cookie()] = None,
        n: Annotated[int, api.Cookie()] = 0,
    ):
        return [len(x_a), x_a[:2] and x_a[0][:20], x_number, c and c[:50], n, len(request.cookies)]

    return app


@differential(
    *(
        post(path, body, label=f"{path} {label}")
        for path in ("/item", "/any", "/dict", "/node", "/bytes", "/request", "/hidden")
        for label, body in {
            "not utf-8": b'{"a": 1, "b": "\xff"}',
            "overlong": b'{"a": 1, "b": "\xc0\x80"}',
            "utf-8 surrogate": b'{"a": 1, "b": "\xed\xa0\x80"}',
            "nul": b"\x00",
            "nul in string": b'{"a": 1, "b": "\x00"}',
            "truncated": b'{"a": 1, "b": [1, {"c"',
            "truncated escape": b'{"a": 1, "b": "\\u12',
            "only brace": b"{",
            "two values": b"{}{}",
            "deep lists": b"[" * DEEP,
            "deep closed lists": b"[" * DEEP + b"]" * DEEP,
            "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
            "deep in field": b'{"a": 1, "b": ' + b"[" * DEEP + b"]" * DEEP + b"}",
            "depth 150": b'{"a": 1, "b": ' + b"[" * 150 + b"]" * 150 + b"}",
            "depth 300": b'{"a": 1, "b": ' + b"[" * 300 + b"]" * 300 + b"}",
            "not an object": b"[[]]",
            "duplicate keys": b'{"a": 1, "a": 2, "b": {"x": 1, "x": 2}}',
            "number soup": b'{"a": 1, "b": [1e400, -1e400, -0, 0.1e-400, 1E5]}',
            "huge int": b'{"a": 1, "b": ' + b"1" * 4301 + b"}",
            "int at limit": b'{"a": 1, "b": ' + b"1" * 4300 + b"}",
            "nan": b'{"a": 1, "b": NaN}',
            "bad literal": b'{"a": nul}',
            "bom only": b"\xef\xbb\xbf",
            "comment": b'{"a": 1 /* c */}',
            "empty key": b'{"a": 1, "": 2, "b": {"": {}}}',
            "surrogate pair": b'{"a": 1, "b": "\\ud83d\\ude00"}',
            "lone surrogate": b'{"a": 1, "b": "\\udc00"}',
            "surrogate key": b'{"a": 1, "\\ud800": 2}',
            "vertical tab": b'\x0b{"a": 1}',
            "nbsp": b'\xc2\xa0{"a": 1}',
        }.items()
    ),
    backends=("asyncio",),
)
def bodies(api):
    app = api.FastAPI()

    @app.post("/item")
    async def item(item: Item):
        return repr(item)[:200]

    @app.post("/any")
    async def anything(value: Annotated[Any, api.Body()]):
        return repr(value)[:200] if not isinstance(value, list) else len(value)

    @app.post("/dict")
    async def as_dict(value: dict[str, Any]):
        return sorted(value)[:3]

    @app.post("/node")
    async def node(node: Node) -> Node:
        return node

    @app.post("/bytes")
    async def as_bytes(value: Annotated[bytes, api.Body()]):
        return len(value)

    @app.post("/request")
    async def by_hand(request: api.Request):
        value = await request.json()
        return type(value).__name__

    async def hidden(item: Item):
        log("dependency", item.a)

    @app.post("/hidden", dependencies=[api.Depends(hidden)])
    def with_dependency():
        return "ok"

    return app


GOOD = b'{"a": 1}'


@differential(
    *(
        post(path, GOOD, chunks=(b'{"a"',), cut=True, label=f"{path} client leaves mid-body")
        for path in ("/item", "/form", "/request", "/stream", "/ignored", "/tasks")
    ),
    *(
        post(path, b"", chunks=(b"",), cut=True, label=f"{path} client leaves at once")
        for path in ("/item", "/form", "/request")
    ),
    post(
        "/form",
        b"a=1",
        "application/x-www-form-urlencoded",
        chunks=(b"a=",),
        cut=True,
        label="leaves mid-form",
    ),
    post("/item", GOOD, chunks=(b"", b"", GOOD, b""), label="empty chunks"),
    post("/item", GOOD, chunks=tuple(GOOD[i : i + 1] for i in range(len(GOOD))), label="byte by byte"),
    post("/item", GOOD, length=3, label="content-length too small"),
    post("/item", GOOD, length=3000, label="content-length too large"),
    post("/item", GOOD, headers=headers(content_length="x"), label="second content-length no number"),
    post("/item", GOOD, headers=headers(transfer_encoding="chunked"), label="length and chunked"),
    post("/ignored", b"x" * 100, label="body nobody reads"),
    post("/item", GOOD, "application/json; charset=latin-1", label="other charset"),
    post("/item", GOOD, 'application/json; charset="', label="broken parameter"),
    post("/item", GOOD, "application/json\x00", label="nul in content type"),
    post_form("/form", "a=%ff&a=%00"),
    post_form("/form", "&".join(f"k{n}=1" for n in range(1500)), label="1500 fields"),
    post("/form", b"\xff\xfe=\x00", "application/x-www-form-urlencoded", label="form not utf-8"),
    post_json("/teardown", {"a": 1}),
    post_json("/teardown", {"a": "x"}),
    post_json("/both-raise", {"a": 1}),
    post_json("/item", {"a": 1}, gone_after_sends=0, label="client gone before the answer"),
    post_json("/item", {"a": 1}, gone_after_sends=1, label="client gone mid-answer"),
)
def transfers(api):
    app = api.FastAPI()

    @app.post("/item")
    async def item(item: Item):
        log("endpoint")
        return item

    @app.post("/form")
    async def form(a: Annotated[list[str], api.Form()] = []):
        log("endpoint")
        return a

    @app.post("/request")
    async def by_hand(request: api.Request):
        return (await request.body()).decode()

    @app.post("/stream")
    async def stream(request: api.Request):
        return [chunk.decode() async for chunk in request.stream()]

    @app.post("/ignored")
    async def ignored(request: api.Request):
        return await request.is_disconnected()

    @app.post("/tasks")
    async def tasks(item: Item, tasks: api.BackgroundTasks):
        tasks.add_task(log, "never")
        return item

    async def broken(item: Item):
        log("enter")
        yield item
        raise RuntimeError("teardown")

    @app.post("/teardown")
    async def teardown(item: Annotated[Item, api.Depends(broken)]):
        return item

    @app.post("/both-raise")
    async def both(item: Annotated[Item, api.Depends(broken)]):
        raise ValueError("endpoint")

    return app
