"""Random requests for a random application: mostly what it takes, mutated, and some nonsense."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from ..differential.driver import BOUNDARY, HOST, Exchange, Headers, Http, Lifespan, WebSocket, header
from .applications import Application, Reach
from .choices import Choices
from .dependencies import ERRORS
from .kinds import SCALARS, Kind
from .parameters import Wanted

_PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")
_FITTING = {
    "int": ("1", "42", "0", "007", "9" * 25),
    "float": ("1.5", "2", "1e3", ".5"),
    "uuid": ("12345678-1234-5678-1234-567812345678", "12345678123456781234567812345678"),
    "path": ("a/b", "x", "", "a//b/", "../c"),
    "hex": ("ff", "0", "bad", "FF"),
}
_SEGMENTS = (
    "a",
    "1",
    "2",
    "b",
    "me",
    "items",
    "abc",
    "me",
    "é",
    "a b",
    "a%2Fb",
    "1.5",
    "-1",
    "x.y",
    "%00",
    "%0A",
    "a%0A",
    "%FF",
    "+",
    "a:b",
    "\u0663",
    "",
    "%25",
    "items",
)

Step = Exchange | str
"""An exchange, or source text that changes the application."""


def make_steps(choices: Choices, application: Application, count: int) -> list[Step]:
    """What is done with the application, in order."""
    steps: list[Step] = []
    if choices.maybe(0.1):
        steps.append(Lifespan())
    for _ in range(count):
        reach = choices.of(application.reaches) if application.reaches else None
        choices.careful = choices.maybe(0.6)
        faults: list[str] = []
        if reach and reach.endpoint.places and choices.maybe(0.25):
            places = choices.some(reach.endpoint.places, 1, 2)
            faults = [f"FAULTS[{place!r}] = {choices.of(ERRORS)}" for place in places]
            steps.append("\n".join(faults))
        elif choices.maybe(0.04):
            steps.append(_change(choices, application))
        if reach is None or choices.maybe(0.06):
            steps.append(_nowhere(choices))
        elif reach.endpoint.websocket:
            steps.append(_websocket(choices, reach))
        else:
            steps.append(http_request(choices, reach))
        if faults:
            steps.append("FAULTS.clear()")
        choices.careful = False
    return steps


def _change(choices: Choices, application: Application) -> str:
    """Change the application while it serves."""
    names = [dependency.name for dependency in application.graph.found]
    routers = [router.name for router in application.routers]
    path = choices.one("/late", "/{p}", "/a", "/items/{item_id}")
    options = [
        f"@{choices.of(routers)}.get({path!r})\ndef late(q: int = 0):\n    return ['late', q]",
        f"{choices.of(routers)}.routes.reverse()",
        f"{choices.of(routers)}.routes[-1:] = []",
        "app.openapi_schema = None",
        "app.add_exception_handler(404, lambda request, error: PlainTextResponse('own 404', 404)); app.middleware_stack = None",
    ]
    if len(names) > 1:
        other, target = choices.ordered(names)
        options += [
            f"app.dependency_overrides[{target}] = {other}",
            f"app.dependency_overrides = {{{choices.of(names)}: lambda q: ('overridden', q)}}",
            "app.dependency_overrides.clear()",
        ]
    return choices.of(options)


def _nowhere(choices: Choices) -> Http:
    target = choices.one(
        "/", "/nope", "//", "/docs", "/docs/", "/redoc", "/openapi.json", "/openapi.json/", "/docs/oauth2-redirect",
        "/%2e%2e/a", "/a//b", "/a/", "/m", "/m/", "/?q=1", "/a?b=1&c", "/a/?q=é".encode(), "/x/y/z/", "/%F0%9F%98%80/",
    )  # fmt: skip
    if isinstance(target, bytes):
        target = quote(target, safe="/?=&%").encode()
    method = choices.one("GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE", "get", "FOO")
    return Http(method=method, target=target, headers=_headers(choices, []), scope=_scope(choices))


def _target(choices: Choices, reach: Reach) -> bytes:
    """A path from the template."""

    def filled(match: re.Match[str]) -> str:
        wanted = [item for item in reach.endpoint.wanted if item.place == "path" and match[1] in item.names]
        if match[2] in _FITTING and choices.maybe(1 if choices.careful else 0.85):
            return choices.good(_FITTING[match[2]], 9)
        if wanted and choices.maybe(1 if choices.careful else 0.5):
            return quote(choices.good(choices.of(wanted).kind.texts, 99), safe="")
        if choices.careful:
            return choices.one("1", "a")
        scalar = choices.of(SCALARS)
        return choices.one(choices.of(_SEGMENTS), choices.of(_SEGMENTS[:8]), quote(scalar.texts[0], safe=":"))

    text = "".join(
        filled(part) if isinstance(part, re.Match) else quote(part, safe="/()") for part in _split(reach.path)
    )
    if not choices.careful and choices.maybe(0.3):
        text = choices.one(
            text + "/", text.rstrip("/"), text + "x", "/" + text, text.replace("/", "//", 1), text.upper(), text + "%0A",
            text.replace("a", "%61"), text + "/a", text[:-1], text + ";p=1", text + "%2F",
        )  # fmt: skip
    if not text.startswith("/"):
        text = "/" + text
    return text.encode("ascii", "replace").replace(b"?", b"%3F")


def _split(template: str) -> Iterator["str | re.Match[str]"]:
    position = 0
    for match in _PARAMETER.finditer(template):
        yield template[position : match.start()]
        yield match
        position = match.end()
    yield template[position:]


def _texts(choices: Choices, kind: Kind) -> list[str]:
    """What to send for one parameter: mostly good, sometimes bad, sometimes more than once."""
    count = choices.one(1, 1, 2, 3) if kind.many else choices.one(1, 1, 1, 1, 1, 2)
    return [choices.good(kind.texts or ("x",), 1, 1, 2, 3, 99) for _ in range(count)]


def _pairs(choices: Choices, wanted: list[Wanted], place: str) -> list[tuple[str, str]]:
    pairs = [
        (choices.good(item.names, 1, 1, 1, 9), text)
        for item in wanted
        if item.place == place and choices.maybe(0.98 if choices.careful else 0.8)
        for text in _texts(choices, item.kind)
    ]
    if not choices.careful and choices.maybe(0.2):
        pairs.append((choices.one("extra", "q", "x", ""), choices.one("1", "", "é")))
    if choices.maybe(0.1):
        choices.shuffle(pairs)
    return pairs


def _query(choices: Choices, wanted: list[Wanted]) -> bytes:
    encode = choices.one(quote_plus, quote_plus, quote)
    text = "&".join(f"{encode(name)}={encode(value)}" for name, value in _pairs(choices, wanted, "query"))
    raw = text.encode()
    if not choices.careful and choices.maybe(0.25):
        raw += choices.one(
            b"&q=%zz", b"&q=%", b"&q=%ff%fe", b"&q", b"&&", b"&=1", b"&q=1=2", b"&q=a+b%2B", b";q=1", b"&q=%00", b"&%71=2",
            b"&q=\xff", b"&q=\xc3\xa9", b"&q=%C3%A9", b"&q=%ED%A0%80", b"&q=&q=", b"#q=1", b"&q=%2", b"&read=1", b"&short",
        )  # fmt: skip
    return raw.lstrip(b"&") if choices.maybe(0.7) else raw


def _headers(choices: Choices, wanted: list[Wanted]) -> Headers:
    found = list(HOST)
    if choices.maybe(0.05):
        found = [header("host", choices.one("a.org", "testserver:8000", "other", "bad host", ""))]
    for name, text in _pairs(choices, wanted, "header"):
        found.append(
            (
                name.lower().encode("latin-1", "replace"),
                text.encode(choices.one("utf-8", "latin-1"), "replace"),
            )
        )
    cookie = _cookie(choices, wanted)
    if cookie:
        found.append((b"cookie", cookie))
        if choices.maybe(0.05):
            found.append((b"cookie", b"second=1"))
    if any(item.place == "security" for item in wanted) and choices.maybe(0.8):
        found.append(
            choices.one(
                header("authorization", "Bearer token"), header("authorization", "bearer"), header("authorization", "Basic YTpi"),
                header("authorization", "Basic é"), header("authorization", "Basic YWI="), header("authorization", "Digest x=1"),
                header("x-key", "k"), header("authorization", ""), header("authorization", "  Bearer   t"),
            )
        )  # fmt: skip
    rare = (
        header("origin", "http://a.b"), header("accept-encoding", "gzip"), header("user-agent", "ua/1"), header("x-extra", "1"),
        header("accept", "text/html"), header("access-control-request-method", "GET"), header("x-forwarded-proto", "https"),
    )  # fmt: skip
    found += [item for item in rare if choices.maybe(0.06)]
    return tuple(found)


def _cookie(choices: Choices, wanted: list[Wanted]) -> bytes:
    pairs = _pairs(choices, wanted, "cookie")
    if any(item.place == "security" for item in wanted):
        pairs.append(("key", "k"))
    text = "; ".join(f"{name}={value}" for name, value in pairs)
    if not choices.careful and choices.maybe(0.25):
        text = choices.one(
            text + ";", text.replace("; ", ";"), text + "; =x; y", '; q="a\\"b\\073"; ' + text, text + "; q = 1 ", text + ";;,a=b",
            'q="quoted"; ' + text, "q=a=b; " + text, "q=\\303; " + text, text + '; q="unclosed',
        )  # fmt: skip
    return text.encode(choices.one("utf-8", "latin-1"), "replace")


def http_request(choices: Choices, reach: Reach) -> Http:
    """A request for an endpoint."""
    wanted = reach.endpoint.wanted
    target, query = _target(choices, reach), _query(choices, wanted)
    method = choices.of(reach.endpoint.methods)
    if not choices.careful and choices.maybe(0.15):
        method = choices.one("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "FOO", method.lower())
    headers, chunks = list(_headers(choices, wanted)), (b"",)
    places = {item.place.split()[0] for item in wanted}
    if (places & {"body", "form", "file"} and choices.maybe(0.97)) or choices.maybe(0.04):
        content_type, body = _body(choices, wanted, places)
        if content_type is not None:
            headers.append(header("content-type", content_type.encode("latin-1", "replace")))
        if choices.maybe(0.9):
            size = len(body) if choices.maybe(0.97) else choices.one(0, 5, len(body) + 1, "x", -1)
            headers.append(header("content-length", str(size)))
        chunks = _chunked(choices, body)
    if choices.maybe(0.03):
        choices.shuffle(headers)
    # A file is sent by a thread, in a race with a client that leaves: the streams have seeds of their own.
    leaves = method not in ("GET", "HEAD")
    return Http(
        method=method,
        target=target + (b"?" + query if query or choices.maybe(0.05) else b""),
        headers=tuple(headers),
        body=chunks,
        cut=choices.maybe(0.02) and leaves,
        gone_after_sends=choices.one(0, 1, 1, 2) if choices.maybe(0.03) and leaves else None,
        scope=_scope(choices),
    )


def _scope(choices: Choices) -> dict[str, Any]:
    if choices.maybe(0.92):
        return {}
    return choices.one(
        {"root_path": "/root"}, {"root_path": "/a"}, {"root_path": "/root/"}, {"state": {"x": 1}}, {"scheme": "https"},
        {"server": None}, {"client": None}, {"raw_path": None}, {"http_version": "2"}, {"server": ("h", None)}, {"extensions": {}},
    )  # fmt: skip


def _chunked(choices: Choices, body: bytes) -> tuple[bytes, ...]:
    if choices.maybe(0.8):
        return (body,)
    at = choices.randint(0, len(body))
    return choices.one(
        (body[:at], body[at:]),
        (b"", body),
        (body, b""),
        (body[:1], b"", body[1:at], body[at:]) if at else (body,),
    )


def _body(choices: Choices, wanted: list[Wanted], places: set[str]) -> tuple[str | None, bytes]:
    """A content type and a body."""
    if "file" in places or ("form" in places and choices.maybe(0.3)):
        content_type, body = _multipart(choices, wanted)
    elif "form" in places:
        pairs = _pairs(choices, wanted, "form")
        content_type, body = "application/x-www-form-urlencoded", _form(choices, pairs)
    else:
        content_type, body = "application/json", _json(choices, wanted)
    if not choices.careful and choices.maybe(0.25):
        content_type = choices.one(
            None, "", "text/plain", "application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON", "application/geo+json;x",
            "application/x-www-form-urlencoded; charset=latin-1", "multipart/form-data", "application/jsonx", "json", "application/json;;",
            "text/json", " application/json", "application/ json", "multipart/form-data; boundary=", "é/json",
        )  # fmt: skip
    return content_type, body


def _json(choices: Choices, wanted: list[Wanted]) -> bytes:
    items = [item for item in wanted if item.place.startswith("body")]
    values = {item.names[0]: choices.good(item.kind.values or (None,), 1, 2, 2, 5, 99) for item in items}
    embedded = len(values) > 1 or any("embedded" in item.place for item in items)
    if not choices.careful and choices.maybe(0.15):
        embedded = not embedded
    value: Any = values if embedded or not items else next(iter(values.values()))
    if embedded and values and not choices.careful and choices.maybe(0.2):
        values.pop(choices.of(list(values)))
    text = json.dumps(value, ensure_ascii=choices.maybe())
    raw = text.encode("utf-8", "surrogatepass")
    if not choices.careful and choices.maybe(0.4):
        raw = _mutated(choices, raw)
    return raw


def _mutated(choices: Choices, raw: bytes) -> bytes:
    at = choices.randint(0, len(raw))
    return choices.one(
        raw[:at], raw[:at] + b"}" + raw[at:], raw + b"x", b" \n\t" + raw + b"\r\n ", b"\xef\xbb\xbf" + raw, raw.replace(b"1", b"NaN"),
        raw.replace(b"1", b"Infinity"), raw.replace(b"}", b",}"), raw.replace(b"]", b",]"), raw.replace(b'"', b"'"), b"",
        raw.replace(b"{", b'{"a": 1, "a": 2, ', 1).replace(b", }", b"}"), raw[:at] + b"\xff" + raw[at:], b"[" * 2000, b"null", b"[]", b"{}",
        raw.decode("utf-8", "replace").encode("utf-16"), raw.decode("utf-8", "replace").encode("utf-32-le"), raw.replace(b"1", b"01"),
        raw.replace(b"1", b"1e500"), raw.replace(b"1", b"-"), raw.replace(b'"a"', b'"\\ud83d\\ude00"'), raw.replace(b'"a"', b'"\\ud83d"'),
        raw.replace(b'"a"', b'"a\nb"'), raw.replace(b'"a"', b'"\\x"'), raw.replace(b"true", b"True"), b" ", b"\x00", b'"' + raw,
        raw.replace(b"1", b"1" * 5000), b"[" * 150 + b"]" * 150, raw + raw, b"1", b'"a"', raw.replace(b"a", b"\xed\xa0\x80"),
    )  # fmt: skip


def _form(choices: Choices, pairs: list[tuple[str, str]]) -> bytes:
    raw = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()
    if not choices.careful and choices.maybe(0.25):
        raw = choices.one(
            raw + b"&",
            b"&" + raw,
            raw + b"&q",
            raw + b"&q=%zz",
            raw + b"&q=%ff",
            raw + b"&q=\xff",
            raw + b";q=1",
            b"=",
            b"",
            raw + b"&=",
            b"a=1" * 3,
        )
    return raw


def _multipart(choices: Choices, wanted: list[Wanted]) -> tuple[str, bytes]:
    lines = b""
    for name, value in _pairs(choices, wanted, "form"):
        lines += _part(choices, name, None, None, value.encode())
    for item in wanted:
        if item.place == "file" and choices.maybe(0.9):
            for _ in range(choices.one(1, 2) if item.kind.many else 1):
                filename = choices.one("f.txt", "", "é.bin", 'q"uote', None)
                kind = choices.one("text/plain", None, "image/png; x=1")
                lines += _part(
                    choices,
                    item.names[0],
                    filename,
                    kind,
                    choices.one(b"data", b"", b"\xff\x00", b"line\r\nline", b"x" * 3000),
                )
    lines += f"--{BOUNDARY}--\r\n".encode()
    if not choices.careful and choices.maybe(0.2):
        lines = choices.one(
            lines[: choices.randint(0, len(lines))], lines.replace(b"\r\n", b"\n"), b"preamble\r\n" + lines, lines.replace(b"form-data", b"x"),
            lines.replace(b'name="', b'nme="', 1), lines + b"epilogue", lines.replace(b"Content-Disposition", b"content-disposition"),
        )  # fmt: skip
    return f"multipart/form-data; boundary={BOUNDARY}", lines


def _part(choices: Choices, name: str, filename: str | None, content_type: str | None, data: bytes) -> bytes:
    disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n"
    if content_type:
        head += f"Content-Type: {content_type}\r\n"
    if choices.maybe(0.05):
        head += "X-Part: 1\r\n"
    return head.encode() + b"\r\n" + data + b"\r\n"


def _websocket(choices: Choices, reach: Reach) -> WebSocket:
    wanted = reach.endpoint.wanted
    query = _query(choices, wanted)
    messages: list[dict[str, Any]] = [
        choices.one(
            {"type": "websocket.receive", "text": "hello"},
            {"type": "websocket.receive", "text": '{"a": 1}'},
            {"type": "websocket.receive", "bytes": b"\x00\xff"},
            {"type": "websocket.receive", "text": "[", "bytes": None},
            {"type": "websocket.disconnect", "code": 1000, "reason": ""},
        )
        for _ in choices.many(0, 3)
    ]
    return WebSocket(
        target=_target(choices, reach) + (b"?" + query if query else b""),
        messages=tuple(messages),
        headers=_headers(choices, wanted),
        subprotocols=("p",) if choices.maybe(0.2) else (),
        scope=choices.one({}, {}, {}, {"root_path": "/root"}, {"extensions": None}),
    )
