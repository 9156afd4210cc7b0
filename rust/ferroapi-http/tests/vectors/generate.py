"""Write the tables beside this file: what Python and Starlette answer for each input.

Run with Starlette 1.10 installed: ``python generate.py [--extra N]``. ``--extra`` adds N random
cases per table, for a long comparison that is not checked in. Output is the same for the same arguments.
"""

from __future__ import annotations

import argparse
import email.message
import itertools
import json
import random
import struct
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.requests import cookie_parser
from starlette.routing import compile_path

HERE = Path(__file__).parent
UUID = "123e4567-e89b-12d3-a456-426614174000"


def text(value: str) -> str:
    """A Rust string literal."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in value)
    return f'"{plain}"'


def raw(value: bytes) -> str:
    """A Rust byte string literal."""
    plain = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in value)
    return f'b"{plain}"'


def pairs(items: Iterable[tuple[str, str]]) -> str:
    """A Rust slice of string pairs."""
    return "&[" + ", ".join(f"({text(k)}, {text(v)})" for k, v in items) + "]"


def write(name: str, kind: str, rows: list[str]) -> None:
    """Write one table, without repeated rows."""
    unique = list(dict.fromkeys(rows))
    body = "\n".join(f"    {row}," for row in unique)
    header = "// Written by generate.py.\n#[rustfmt::skip]\n"
    (HERE / f"{name}.rs").write_text(f"{header}pub const CASES: &[{kind}] = &[\n{body}\n];\n")


def matched(template: str, path: str) -> str:
    """A row with the texts a path gives to a template's parameters."""
    regex, _, convertors = compile_path(template)
    found = regex.match(path)
    if found is None:
        return f"({text(template)}, {text(path)}, None)"
    values = ", ".join(text(found[name]) for name in convertors)
    return f"({text(template)}, {text(path)}, Some(&[{values}]))"


TEMPLATES = [
    "",
    "/",
    "/a",
    "/a/",
    "//",
    "/a\n",
    "/{x}",
    "/{x}/",
    "/{x:int}",
    "/{x:float}",
    "/{x:uuid}",
    "/{x:path}",
    "/a/{x:path}",
    "/a{x:path}",
    "/{x:path}/a",
    "/{x:path}/{y}",
    "/{x:path}{y:path}",
    "/{x}.{y}",
    "/{x}{y}",
    "/{x}-{y:int}",
    "/{x:int}{y}",
    "/{x:float}.{y}",
    "/{x:float}{y:float}",
    "/v{x:int}/a",
    "/{x}.json",
    "/{x}.json/a",
    "/@{x}",
    "/a.b",
    "/a+b/{x}",
    "/{x}/{y}/{z:path}",
    "/{x:uuid}{y}",
    "/{x}é",
    "/{x:float}\n",
    "/{x}\n",
    "/{bad-name}",
    "/{x}/{y}.{z}/{w:path}.txt",
]
SEGMENTS = [
    "",
    "a",
    "a\n",
    "\n",
    "1",
    "12\n",
    "1.5",
    "1.5\n",
    "a.b",
    "a.b.c",
    "x.json",
    "x.json\n",
    "v1",
    "@me",
    UUID,
    f"{UUID}\n",
    "é",
    "a-1",
    "a+b",
]


def path_rows(extra: int) -> list[str]:
    """Templates with built-in convertors."""
    rng = random.Random(1)
    paths = [
        "",
        "\n",
        "a",
        "/a\n\n",
        "/1\n\n",
        "/a\n/a",
        "/{bad-name}",
        "/aéé",
        "/x/a.b/c/d.txt",
        "/x/a.b/c/d.txt.txt\n",
    ]
    paths += ["/" + s for s in SEGMENTS] + ["/a/" + s for s in SEGMENTS] + ["/" + s + "/a" for s in SEGMENTS]
    rows = [matched(t, p) for t in TEMPLATES for p in paths]
    hits = [row for row in rows if not row.endswith("None)")]
    misses = [row for row in rows if row.endswith("None)")]
    rows = hits + rng.sample(misses, 250)
    alphabet = "a1.-/\nvé"
    for _ in range(extra):
        pieces = ["/", "a", "1", ".", "-", "{P}", "{P:int}", "{P:float}", "{P:path}", "{P:uuid}"]
        template = "/" + "".join(
            p.replace("P", f"p{i}") for i, p in enumerate(rng.choices(pieces, k=rng.randrange(6)))
        )
        rows.append(matched(template, "/" + "".join(rng.choices(alphabet, k=rng.randrange(8)))))
    return rows


EXPRESSIONS = [
    "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "[a-z]+",
    "[a-z]*",
    "a|ab",
    "ab|a",
    "a|ab|abc/d",
    "[^/]+",
    "[^/]*?",
    ".*",
    ".+?",
    r"\d+",
    r"\w+",
    r"[\w-]+",
    "(a|b)+",
    "(?:a|b){2,3}",
    "(a|ab)(c|bcd)?",
    "a??",
    "a{2}",
    "[a-z]+(/[a-z]+)*",
    "x?",
    "",
]


class _Custom(Convertor[str]):
    pass


def custom_rows(extra: int) -> list[str]:
    """Templates with a user's convertor."""
    rng = random.Random(2)
    paths = [
        "/",
        "/2024-01-31",
        "/2024-01-31\n",
        "/a",
        "/ab",
        "/aa",
        "/aba",
        "/abcd",
        "/abc/d",
        "/a/b/c",
        "/a_b-c",
        "/a.b",
        "/é",
        "/\u0661",
        "/a\n",
        "/x",
        "/aab",
    ]
    paths += ["/" + "".join(rng.choices("abcd/-.1\né", k=rng.randrange(8))) for _ in range(extra)]
    rows = []
    for expression, path, template in itertools.product(
        EXPRESSIONS, paths, ["/{x:c}", "/{y}{x:c}", "/{x:c}{y:path}", "/{x:c}/{y}"]
    ):
        convertor = _Custom()
        convertor.regex = expression  # type: ignore[misc]
        CONVERTOR_TYPES["c"] = convertor
        row = matched(template, path)
        if extra or not row.endswith("None)") or rng.random() < 0.1:
            rows.append(f"({text(expression)}, {row[1:]}")
    return rows


QUERIES = [
    b"",
    b"&",
    b"&&a=1&&",
    b"a",
    b"a=",
    b"=",
    b"=1",
    b"a=1&a=2",
    b"a=b=c",
    b"a+b=c+d",
    b"a%20b=%2B",
    b"%",
    b"%4",
    b"%4g",
    b"%g4=%%41",
    b"%25%34%31",
    b"a;b=1",
    b"a=%C3%A9",
    b"a=\xc3\xa9",
    b"a=%C3\xa9",
    b"a=\xc3%A9",
    b"\xe9+%41\xe9%",
    b"a=%ED%A0%80",
    b"a=%F0%9F%98%80",
    b"a=%F0%9F%98",
    b"a=%F0%80%80%41",
    b"a=%C0%AF",
    b"a=%E2%28%A1",
    b"a=%FF%FE",
    b"a=%F4%90%80%80",
    b"a=%E0%80%AF%E2%82",
    b"a=%00&b=\x00",
    b"a=%0A",
    b"a=%26&%3D=%3d",
    b"a=1&b=2&c=3#d",
    b"a[]=1&a[]=2",
    b"\x80=\xff",
    b"a=+%2B+",
    b"a=%c3%A9%E2%82%AC",
]


def query_rows(extra: int) -> list[str]:
    """Query strings."""
    rng = random.Random(3)
    atoms = [
        b"&",
        b"=",
        b"+",
        b"%",
        b"a",
        b"4",
        b"\xc3",
        b"\xa9",
        b"\xff",
        b"%C3",
        b"%A9",
        b"%E2",
        b"%82",
        b"%AC",
        b"%F0",
        b"%9F",
        b"%98",
        b"%80",
        b"%ED",
        b"%A0",
        b"%41",
        b"%2",
    ]
    cases = QUERIES + [b"".join(rng.choices(atoms, k=rng.randrange(1, 10))) for _ in range(150 + extra)]
    return [f"({raw(q)}, {pairs(parse_qsl(q.decode('latin-1'), keep_blank_values=True))})" for q in cases]


COOKIES = [
    "",
    ";",
    "; ;",
    "a=1",
    "a=1; b=2",
    "a=1;a=2",
    "a",
    "=a",
    "a=",
    "=",
    " a = 1 ",
    "a=b=c",
    'a="b"',
    'a="',
    'a=""',
    'a="b',
    'a=b"',
    'a="b;c"',
    r'a="\""',
    r'a="\\"',
    r'a="\101\""',
    r'a="\\101"',
    r'a="\400"',
    r'a="\377"',
    r'a="\18"',
    'a="\\\n"',
    'a="\\\n\\101"',
    'a="\\',
    'a="b\\"',
    r'"a"="\b"',
    "a=\xa01\x85",
    "\x1ca\x1f=\x1db\x1e",
    "é=ü",
    'a="\\é"',
    "a=%20",
    "a=1,b=2",
    "\u2003a=1",
    'a="\\012"',
    'a=" b "',
    'a= "b" ;',
]


def cookie_rows(extra: int) -> list[str]:
    """``Cookie`` header values."""
    rng = random.Random(4)
    atoms = [";", "=", '"', "\\", "\n", "1", "0", "7", "4", "a", " ", "\xa0", "\x1c", "é", '="', '";']
    cases = COOKIES + ["".join(rng.choices(atoms, k=rng.randrange(1, 12))) for _ in range(150 + extra)]
    return [f"({text(c)}, {pairs(cookie_parser(c).items())})" for c in cases]


def string_rows(extra: int) -> list[str]:
    """JSON strings, with and without ``ensure_ascii``."""
    rng = random.Random(5)
    cases = [
        "",
        "a",
        "abcdefgh",
        'say "hi"',
        "back\\slash",
        "é",
        "€",
        "😀",
        "\x7f",
        "\x80",
        "\u2028\u2029",
        "</script>",
        "\ud7ff\ue000\uffff\U00010000\U0010ffff",
    ]
    cases += [chr(c) for c in range(0x20)] + ["".join(map(chr, range(0x100)))]
    cases += ["x" * n + '"' + "y" * m + "\n\x1f" for n in range(9) for m in (0, 3, 8)]
    atoms = [
        '"',
        "\\",
        "\n",
        "\x01",
        "a",
        "bcd",
        "é",
        "€",
        "😀",
        "\x7f",
        " ",
        "!",
        "#",
        "[",
        "]",
        "\x1f",
        "\xa2",
        "\xdc",
    ]
    cases += ["".join(rng.choices(atoms, k=rng.randrange(1, 24))) for _ in range(60 + extra)]
    return [f"({text(c)}, {text(json.dumps(c, ensure_ascii=False))}, {text(json.dumps(c))})" for c in cases]


def float_rows(extra: int) -> list[str]:
    """Bits and ``repr`` of floating-point numbers."""
    rng = random.Random(6)
    values = [
        0.0,
        1.0,
        0.1,
        0.2 + 0.1,
        1 / 3,
        100.0,
        1.5,
        123456789.123,
        5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        2.0**53,
        2.0**53 + 2,
        1e22,
        1e23,
        9007199254740993.0,
    ]
    values += (
        [10.0**n for n in range(-25, 26)]
        + [1.5 * 10.0**n for n in range(-8, 20)]
        + [2.0**n for n in range(-1074, 1024, 97)]
    )
    values += [
        9999999999999998.0,
        99999999999999980.0,
        0.00012345,
        0.000099999,
        0.00001,
        1.2345e-5,
        123456789012345680.0,
    ]
    while len(values) < 200 + extra:
        value = struct.unpack("<d", rng.randbytes(8))[0]
        values += [value] if value - value == 0.0 else []
        values.append(round(rng.uniform(-1e6, 1e6), rng.randrange(8)))
        values.append(rng.random() * 10.0 ** rng.randrange(-6, 18))
    values += [-v for v in values[: 40 + extra]]
    return [f"(0x{struct.unpack('<Q', struct.pack('<d', v))[0]:016x}, {text(repr(v))})" for v in values]


def is_json(value: str) -> bool:
    """Whether ``email.message`` sees a JSON type in a header value."""
    if not value:
        return False
    message = email.message.Message()
    message["content-type"] = value
    sub = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (sub == "json" or sub.endswith("+json"))


def content_type_rows(extra: int) -> list[str]:
    """``Content-Type`` header values."""
    rng = random.Random(7)
    cases = [
        "",
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;",
        ";application/json",
        "application/vnd.api+json",
        "application/+json",
        "application/json+",
        "text/json",
        "application/x-json",
        "application",
        "application/",
        "/json",
        "json",
        "application/json/x",
        "application//json",
        " application/json ",
        "application /json",
        "application/ json",
        "\tapplication/json\t;a",
        "application/json, text/plain",
        "application/json,",
        '"application/json"',
        "application/geo+JSON; a=b/c",
        "application/json;/",
        "applicationjson",
        "application/a+json+json",
        "application/jsonl",
        "text/plain",
        "multipart/form-data",
        "application/json\xa0",
        "\x85application/json",
        "application/json\x0b",
        "application/json\r\n x",
        "applicat\u0131on/json",
        "application/json\x00",
        "application/json; é",
    ]
    atoms = [
        "application",
        "APPLICATION",
        "/",
        "json",
        "Json",
        "+",
        "+json",
        ";",
        " ",
        "\t",
        "text",
        "x",
        ",",
        "\xa0",
        "\n",
        "é",
    ]
    cases += ["".join(rng.choices(atoms, k=rng.randrange(1, 6))) for _ in range(60 + extra)]
    cases += ["application/" + "".join(rng.choices(atoms, k=rng.randrange(1, 4))) for _ in range(60 + extra)]
    return [
        f"({raw(c.encode('latin-1'))}, {str(is_json(c)).lower()})"
        for c in cases
        if c.isascii() or max(c) <= "\xff"
    ]


TABLES: dict[str, tuple[str, Callable[[int], list[str]]]] = {
    "paths": ("(&str, &str, Option<&[&str]>)", path_rows),
    "custom": ("(&str, &str, &str, Option<&[&str]>)", custom_rows),
    "queries": ("(&[u8], &[(&str, &str)])", query_rows),
    "cookies": ("(&str, &[(&str, &str)])", cookie_rows),
    "strings": ("(&str, &str, &str)", string_rows),
    "floats": ("(u64, &str)", float_rows),
    "content_types": ("(&[u8], bool)", content_type_rows),
}


def main() -> None:
    """Write all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extra", type=int, default=0, metavar="N", help="random cases to add to each table")
    extra = parser.parse_args().extra
    assert uuid.UUID(UUID)
    for name, (kind, rows) in TABLES.items():
        write(name, kind, rows(extra))


if __name__ == "__main__":
    main()
