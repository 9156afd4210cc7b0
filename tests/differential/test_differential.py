"""Every registered exchange, on the reference and on the candidate, one pytest case each."""

import json
import re
from collections.abc import Iterator
from functools import partial

import anyio
import pytest

from .compare import differences, same_text
from .driver import Exchange, Outcome, drive, shown_chain
from .registry import CANDIDATE, REFERENCE, REFUSED, App, discover, load

NAMES = (REFERENCE, CANDIDATE)
_BRACKETS = str.maketrans("[]", "()")


def _cases() -> Iterator[object]:
    seen: dict[str, int] = {}
    for app in discover():
        for exchange in app.exchanges:
            stem = f"{app.name}: " + re.sub(r"[^\x20-\x7e]|\\", "_", exchange.name).translate(_BRACKETS)
            seen[stem] = seen.get(stem, 0) + 1
            label = stem if seen[stem] == 1 else f"{stem} #{seen[stem]}"
            for backend in exchange.backends or app.backends:
                yield pytest.param(app, exchange, backend, id=f"{label} ({backend})")


def _outcome(app: App, exchange: Exchange, backend: str, package: str, side: str) -> Outcome:
    # Kept by the identity of functions, which those of applications before this one may have had.
    load(package).routing._endpoint_context_cache.clear()
    built = app.on(package, f"{side} {backend}")
    return anyio.run(partial(drive, built, exchange), backend=backend)


def _schema(app: App, package: str, side: str) -> str:
    """The schema as JSON text, or the failure to make one."""
    built = app.on(package, f"openapi {side}")
    try:
        return json.dumps(built.openapi(), indent=1, ensure_ascii=False)
    except Exception as exc:
        return same_text(repr(shown_chain(exc)), NAMES)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("app", "exchange", "backend"), list(_cases()))
def test_same_exchange(app: App, exchange: Exchange, backend: str) -> None:
    reference = _outcome(app, exchange, backend, REFERENCE, "reference")
    candidate = _outcome(app, exchange, backend, CANDIDATE, "candidate")
    found = differences(exchange, reference, candidate, NAMES)
    assert not found, f"{app.name} {exchange.name}\n" + "\n".join(found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("app", [pytest.param(app, id=app.name) for app in discover() if app.openapi])
def test_same_openapi(app: App) -> None:
    reference = _schema(app, REFERENCE, "reference")
    candidate = _schema(app, CANDIDATE, "candidate")
    assert candidate == reference


def _refusal(name: str, package: str) -> str:
    try:
        return repr(REFUSED[name](load(package)))
    except Exception as exc:
        return same_text("\n".join(": ".join(link) for link in shown_chain(exc)), NAMES)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in REFUSED])
def test_same_refusal(name: str) -> None:
    assert _refusal(name, CANDIDATE) == _refusal(name, REFERENCE)
