"""Documentation pages: the same bytes as the reference's."""

import importlib
from typing import Any

import pytest

PAGES = [
    ("get_swagger_ui_html", {"openapi_url": "/o.json", "title": "T"}),
    (
        "get_swagger_ui_html",
        {
            "openapi_url": "/o'$x.json",
            "title": "$title {x}",
            "swagger_js_url": "/a.js",
            "swagger_css_url": "/a.css",
            "swagger_favicon_url": "/a.png",
            "oauth2_redirect_url": "/back",
            "init_oauth": {"clientId": "</script>&é"},
            "swagger_ui_parameters": {"dom_id": "#other", "z": [1, "</script>"], "n": None},
        },
    ),
    ("get_redoc_html", {"openapi_url": "/o.json", "title": "T"}),
    (
        "get_redoc_html",
        {
            "openapi_url": "/$o.json",
            "title": "{x}",
            "redoc_js_url": "/a.js",
            "redoc_favicon_url": "/a.png",
            "with_google_fonts": False,
        },
    ),
    ("get_swagger_ui_oauth2_redirect_html", {}),
]


def page(package: str, function: str, arguments: dict[str, Any]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    response = getattr(importlib.import_module(f"{package}.openapi.docs"), function)(**arguments)
    return response.body, response.raw_headers


@pytest.mark.parametrize(("function", "arguments"), PAGES)
def test_same_bytes(function: str, arguments: dict[str, Any]) -> None:
    assert page("ferroapi", function, arguments) == page("fastapi", function, arguments)


def test_default_parameters_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    docs = importlib.import_module("ferroapi.openapi.docs")
    monkeypatch.setitem(docs.swagger_ui_default_parameters, "deepLinking", False)
    body, _ = page("ferroapi", *PAGES[0])
    assert b'"deepLinking": false,' in body
