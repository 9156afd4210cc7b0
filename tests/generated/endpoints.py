"""Random path operations and WebSocket endpoints."""

from dataclasses import dataclass, field

from .choices import Choices
from .dependencies import Dependency, Graph, effects
from .kinds import COMMON, SCALARS, SEQUENCES, STRUCTURES
from .parameters import SPECIAL, Signature, Wanted, add_body, add_parameter, add_path_parameter

METHODS = ("get", "get", "get", "post", "post", "put", "delete", "patch", "options", "head", "trace")
WORDS = ("a", "b", "items", "a.b", "x-y", "A", "é", "me")
CONVERTORS = ("", "", "", "", "int", "str", "float", "uuid", "path", "hex")

RESULTS = (
    "{'a': 1.5, 2: None, None: 1, True: 2, 1.5: 3}",
    "[float('nan')]",
    "{'inf': float('inf')}",
    "[Decimal('1.10'), Decimal('1'), Decimal('NaN')]",
    "{'set': {1}, 'frozen': frozenset('a')}",
    "(1, (2, [3]))",
    "b'bytes'",
    "b'\\xff'",
    "[datetime(2024, 1, 2, tzinfo=timezone.utc), date(2024, 1, 2), time(3), timedelta(seconds=1.5)]",
    "{Color.red: Color.blue, 'level': Level.low}",
    "(x for x in range(3))",
    "deque([1, 2])",
    "Point(1)",
    "[Point(1), Cat(), Pair(1)]",
    "Tree(n=1, kids=[Tree(n=2)])",
    "'\\u2028\\u00e9\\x7f\\x00\"\\\\/'",
    "'\\ud800'",
    "[10 ** 30, -(10 ** 20), 2 ** 63, -0.0, 1e16, 1e22, 5e-324, 123456789.123, 1e-5, 0.1 + 0.2]",
    "object()",
    "Plain()",
    "[SecretStr('a'), UUID('12345678-1234-5678-1234-567812345678'), PurePosixPath('/a'), re.compile('x')]",
    "IPv4Address('127.0.0.1')",
    "{Text('k'): Text('v'), 'n': Count(3), 'bag': Bag(a=1)}",
    "Slow()",
    "{'_sa_x': 1, 'a': None}",
    "{(1, 2): 3}",
    "{'a': {'b': {'c': [[[]]], 'd': {}}}}",
    "True",
    "None",
    "''",
    "1",
    "1.0",
    "HttpUrl('http://a.b')",
    "Numbers([1])",
    "[1, 'two', 3.0, None, False, {'k': []}]",
    "Exception('e')",
    "Color",
    "range(2)",
    "{'x': {1: {2: {3}}}}",
)
"""What an endpoint without a response model may return."""

RESPONSES = (
    "Response(b'raw', media_type='text/x')",
    "Response(status_code=204)",
    "Response('é', 201, {'X-A': '1', 'x-b': '2'})",
    "JSONResponse({'a': 1}, 202, headers={'x-own': 'o'})",
    "JSONResponse({'a': float('nan')})",
    "PlainTextResponse('text', background=None)",
    "HTMLResponse('<p>')",
    "RedirectResponse('/else?x=é')",
    "StreamingResponse(iter(['a', b'b']))",
    "StreamingResponse((part for part in ['x', 'y']), media_type='text/plain')",
    "PrettyResponse({'a': 1})",
    "Response(None)",
    "JSONResponse('x', headers={'content-length': '100'})",
)

RESPONSE_CLASSES = (
    "HTMLResponse",
    "PlainTextResponse",
    "PrettyResponse",
    "QuietResponse",
    "JSONResponse",
    "RedirectResponse",
    "Response",
)


@dataclass
class Endpoint:
    """One path operation as source, and what it takes."""

    name: str
    path: str
    methods: tuple[str, ...]
    source: str
    wanted: list[Wanted] = field(default_factory=list)
    body: str = ""
    places: list[str] = field(default_factory=list)
    websocket: bool = False
    streams: bool = False


def make_path(choices: Choices, *, prefix: bool = False) -> tuple[str, list[tuple[str, str]]]:
    """A path template (a prefix never ends with a slash) and its parameters with their convertors."""
    text, parameters = "", []
    for _ in choices.many(1, 2 if prefix else 3):
        if choices.maybe(0.45):
            name = choices.one("item_id", "q") if choices.maybe(0.1) else f"p{choices.randrange(100)}"
            if name in dict(parameters):
                continue
            convertor = choices.of(CONVERTORS) if not prefix else choices.one("", "int", "str", "hex")
            parameters.append((name, convertor))
            part = "{" + name + (f":{convertor}" if convertor else "") + "}"
            text += "/" + choices.one(part, part, part, part, f"v-{part}", f"{part}.x", f"({part})")
        else:
            text += "/" + choices.of(WORDS)
    if not prefix and choices.maybe(0.2):
        text = text + "/" if choices.maybe(0.8) else "/"
    return text, parameters if text != "/" else []


def make_endpoint(
    choices: Choices, graph: Graph, router: str, name: str, shared: list[tuple[str, str]]
) -> Endpoint:
    """A path operation on `router`; `shared` are the parameters of the router's prefix."""
    path, parameters = make_path(choices)
    if choices.maybe(0.06) and router != "app":
        path, parameters = "", []
    signature = Signature()
    for parameter, convertor in [*parameters, *shared]:
        if choices.maybe(0.85):
            add_path_parameter(choices, signature, parameter, convertor)
    method = choices.of(METHODS)
    made = Endpoint(name, path, (method.upper(),), "")
    for _ in choices.many(0, choices.one(1, 2, 3)):
        add_parameter(
            choices,
            signature,
            choices.one("q", "x_token", "n", "tags", "ids", "limit", "user_agent"),
            graph.flat,
        )
    if choices.maybe(0.65 if method in ("post", "put", "patch") else 0.05):
        made.body = add_body(choices, signature, graph.models, graph.flat)
    for annotation, special in SPECIAL[:4]:
        if choices.maybe(0.12):
            signature.add_special(annotation, special)
    user = Dependency(name, "", signature.wanted)
    for index in choices.many(0, choices.one(1, 2, 3)):
        graph.depend(signature, user, f"dep{index}")
    made.wanted, made.places = signature.wanted, [*user.places, name]
    options = _options(choices, graph, made)
    head, body = _body(choices, graph, made, signature, options)
    decorator = _decorator(choices, router, made, options, method)
    lines = [
        f'with attempt("{name}"):',
        f"    @{decorator}",
        f"    {head}",
        *(f"        {line}" for line in body),
    ]
    made.source = "\n".join(lines) + "\n"
    return made


def _options(choices: Choices, graph: Graph, made: Endpoint) -> dict[str, str]:
    options: dict[str, str] = {}
    if choices.maybe(0.12):
        options["status_code"] = choices.one("201", "202", "204", "304", "299", "418", "206")
    if choices.maybe(0.1):
        options["response_class"] = choices.of(RESPONSE_CLASSES)
    if choices.maybe(0.12) and graph.found:
        chosen = choices.some(graph.found, 1, 2)
        options["dependencies"] = f"[{', '.join(graph.marker(item) for item in chosen)}]"
        for item in chosen:
            made.wanted += item.wanted
            made.places += item.places
    rare = {
        "tags": "['t1', 't2']",
        "summary": "'S'",
        "description": "'D'",
        "deprecated": "True",
        "operation_id": f"'op_{made.name}'",
        "include_in_schema": "False",
        "name": f"'named {made.name}'",
        "response_description": "'R'",
        "responses": choices.one(
            "{404: {'description': 'no'}, '5XX': {'model': Cat}}", "{418: {'model': Cat | Dog}}"
        ),
        "openapi_extra": "{'x-extra': [1]}",
        "callbacks": "callbacks.routes",
        "generate_unique_id_function": "unique",
        "max_body_size": choices.one("10", "0", "100000"),
        "form_limits": choices.one("{'max_fields': 1}", "{'max_part_size': 4}", "{'max_files': 0}"),
    }
    return options | {key: value for key, value in rare.items() if choices.maybe(0.04)}


def _decorator(choices: Choices, router: str, made: Endpoint, options: dict[str, str], method: str) -> str:
    text = "".join(f", {key}={value}" for key, value in options.items())
    if choices.maybe(0.08):
        made.methods = tuple(choices.some(("GET", "POST", "PUT", "HEAD", "DELETE", "QUERY"), 1, 3))
        return f"{router}.api_route({made.path!r}, methods={list(made.methods)}{text})"
    return f"{router}.{method}({made.path!r}{text})"


def _body(
    choices: Choices, graph: Graph, made: Endpoint, signature: Signature, options: dict[str, str]
) -> tuple[str, list[str]]:
    is_async = choices.maybe(0.6)
    kind = choices.random()
    made.streams = kind < 0.08
    # A stream that reads the request races with the one that waits for the client to leave.
    used = effects(choices, made.name, signature.special, is_async=is_async and not made.streams)
    lines = [f"trip({made.name!r})", *used]
    if choices.maybe(0.1):
        lines.insert(0, '"""What it is for.\\n\\nMore.\\fHidden."""')
    if choices.maybe(0.08):
        lines.append("log('context', current.get())")
    returns = ""
    if made.streams:
        returns, more = _stream(choices, graph, made, options, is_async=is_async)
        lines += more
    elif kind < 0.18:
        lines.append(f"return {choices.of(RESPONSES)}")
    elif kind < 0.36:
        lines.append(f"return {choices.of(RESULTS)}")
    elif kind < 0.66:
        returns, more = _modelled(choices, graph, signature, options)
        lines += more
    else:
        lines.append(f"return shown({signature.dict_text()})")
    if (
        "status_code" in options
        and options["status_code"] in ("204", "304")
        and choices.maybe(0.8)
        and not made.streams
    ):
        lines[-1] = "return None"
        returns = choices.one("", " -> None")
        options.pop("response_model", None)
    head = f"{'async ' if is_async else ''}def {made.name}({signature.text(choices)}){returns}:"
    return head, lines


def _modelled(
    choices: Choices, graph: Graph, signature: Signature, options: dict[str, str]
) -> tuple[str, list[str]]:
    """A result with a type."""
    if graph.models and choices.maybe(0.65):
        kind = choices.of(graph.models).kind(choices)
    else:
        kind = choices.of(choices.one(COMMON, SCALARS, SEQUENCES, STRUCTURES))
    annotation, value = kind.annotation, choices.of(kind.constants)
    if choices.maybe(0.2):
        annotation, value = f"list[{annotation}]", f"[{', '.join([value] * choices.randint(0, 3))}]"
    elif choices.maybe(0.1):
        annotation = f"{annotation} | None"
        value = choices.one("None", value)
    elif choices.maybe(0.1):
        annotation = choices.one("dict[str, Any]", "Any", "str", "list[int]", "Response", "Owned")
    if choices.maybe(0.1):
        value = choices.one("None", "{}", "'wrong'", "Plain()", *(signature.names or ["1"]))
    for flag in ("exclude_unset", "exclude_defaults", "exclude_none"):
        if choices.maybe(0.12):
            options[f"response_model_{flag}"] = "True"
    if choices.maybe(0.1):
        options["response_model_by_alias"] = "False"
    if choices.maybe(0.12):
        options["response_model_" + choices.one("include", "exclude")] = choices.one(
            "{'a'}", "{'name', 'q'}", "{'a': True}", "['b']"
        )
    if choices.maybe(0.6):
        if choices.maybe(0.2):
            annotation = repr(annotation)
        return f" -> {annotation}", [f"return {value}"]
    options["response_model"] = choices.one(annotation, annotation, annotation, "None")
    return choices.one("", "", " -> Any"), [f"return {value}"]


def _stream(
    choices: Choices, graph: Graph, made: Endpoint, options: dict[str, str], *, is_async: bool
) -> tuple[str, list[str]]:
    """A generator endpoint: JSON lines, bytes or server-sent events."""
    style = choices.one("lines", "bytes", "events")
    if style == "events" and not is_async:  # whose first item races with the exit of dependencies
        style = "lines"
    origin = (
        choices.one("AsyncIterable", "AsyncIterator") if is_async else choices.one("Iterable", "Iterator")
    )
    options.pop("response_class", None)
    item = ""
    if style == "bytes":
        options["response_class"] = choices.one("StreamingResponse", "StreamingResponse", "PlainTextResponse")
        values = choices.some(("b'a'", "'é'", "b''", "'line\\n'", "b'\\xff' * 3"), 0, 4)
        item = choices.one("", "bytes", "str")
    elif style == "events":
        options["response_class"] = "EventSourceResponse"
        values = choices.some(
            (
                "ServerSentEvent(data={'a': 1.5}, event='e', id='1', retry=5)",
                "ServerSentEvent(raw_data='raw\\nlines', comment='c\\r\\nd')",
                "ServerSentEvent(comment='only')",
                "ServerSentEvent(data=Cat())",
                "{'plain': 1}",
                "'text'",
                "ServerSentEvent()",
                "ServerSentEvent(data=float('inf'))",
            ),
            0,
            4,
        )
        item = choices.one("", "ServerSentEvent", "Any")
    else:
        values = choices.some(
            ("{'a': 1}", "1", "'é'", "Cat()", "None", "float('nan')", "[Point(1)]", "object()"), 0, 4
        )
        item = choices.one("", "Any", "int", "Cat", "dict[str, int]")
    place = f"{made.name} middle"
    made.places.append(place)
    lines = [f"yield {value}" for value in values]
    lines.insert(choices.randint(0, len(lines)), f"trip({place!r})")
    if not values:
        lines.append("if False: yield")
    return f" -> {origin}[{item}]" if item else "", lines


def make_websocket(
    choices: Choices, graph: Graph, router: str, name: str, shared: list[tuple[str, str]]
) -> Endpoint:
    """A WebSocket endpoint."""
    path, parameters = make_path(choices)
    signature = Signature(required=["websocket: WebSocket"], special=["websocket"])
    for parameter, convertor in [*parameters, *shared]:
        if choices.maybe(0.8):
            add_path_parameter(choices, signature, parameter, convertor)
    for _ in choices.many(0, 2):
        add_parameter(choices, signature, choices.one("q", "x_token", "n"), graph.flat)
    user = Dependency(name, "", signature.wanted)
    for index in choices.many(0, 2):
        graph.depend(signature, user, f"dep{index}")
    made = Endpoint(
        name, path, (), "", signature.wanted, places=[*user.places, name, f"{name} open"], websocket=True
    )
    lines = [f"trip({name!r})"]
    if choices.maybe(0.9):
        lines.append(
            choices.one(
                "await websocket.accept()", "await websocket.accept(subprotocol='p', headers=[(b'a', b'1')])"
            )
        )
    lines += [f"trip('{name} open')", f"await websocket.send_json(shown({signature.dict_text()}))"]
    for _ in choices.many(0, 3):
        lines.append(
            choices.one(
                "log(await websocket.receive_text())",
                "log(await websocket.receive_json())",
                "log(await websocket.receive_bytes())",
                "log(await websocket.receive())",
                "await websocket.send_text('é')",
                "await websocket.send_bytes(b'b')",
                "await websocket.close(1001, 'r')",
            )
        )
    options = ""
    if graph.found and choices.maybe(0.2):
        item = choices.of(graph.found)
        options = f", dependencies=[{graph.marker(item)}]"
        made.wanted += item.wanted
        made.places += item.places
    head = f"async def {name}({signature.text(choices)}):"
    text = [f'with attempt("{name}"):', f"    @{router}.websocket({path!r}{options})", f"    {head}"]
    made.source = "\n".join([*text, *(f"        {line}" for line in lines)]) + "\n"
    return made
