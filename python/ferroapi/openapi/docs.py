"""HTML pages that show an OpenAPI document: Swagger UI and ReDoc."""

import json
from typing import Any

from starlette.responses import HTMLResponse

from .. import _incidental, _namespace
from ..encoders import jsonable_encoder
from . import _pages

_ICON = "https://fastapi.tiangolo.com/img/favicon.png"
_CDN = "https://cdn.jsdelivr.net/npm"
_HTML_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})

swagger_ui_default_parameters: dict[str, Any] = {
    "dom_id": "#swagger-ui",
    "layout": "BaseLayout",
    "deepLinking": True,
    "showExtensions": True,
    "showCommonExtensions": True,
}
"""What Swagger UI is configured with, before an application's own `swagger_ui_parameters`."""


def _html_safe_json(value: Any) -> str:
    """`value` as JSON that can't end the `<script>` element it stands in."""
    return json.dumps(value).translate(_HTML_ESCAPES)


def get_swagger_ui_html(
    *,
    openapi_url: str,
    title: str,
    swagger_js_url: str = f"{_CDN}/swagger-ui-dist@5/swagger-ui-bundle.js",
    swagger_css_url: str = f"{_CDN}/swagger-ui-dist@5/swagger-ui.css",
    swagger_favicon_url: str = _ICON,
    oauth2_redirect_url: str | None = None,
    init_oauth: dict[str, Any] | None = None,
    swagger_ui_parameters: dict[str, Any] | None = None,
) -> HTMLResponse:
    """The page with Swagger UI.

    Args:
        openapi_url: where the browser finds the OpenAPI document.
        title: the page's title.
        swagger_js_url: Swagger UI's script.
        swagger_css_url: Swagger UI's style sheet.
        swagger_favicon_url: the page's icon.
        oauth2_redirect_url: path of the page that ends an OAuth2 flow, on the same origin.
        init_oauth: settings for Swagger UI's `initOAuth`.
        swagger_ui_parameters: settings of Swagger UI, in addition to
            `swagger_ui_default_parameters` or in their place.

    Source: https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/
    """
    parameters = dict(swagger_ui_default_parameters)
    parameters.update(swagger_ui_parameters or {})
    redirect = ""
    if oauth2_redirect_url:
        redirect = _pages.SWAGGER_UI_OAUTH2_REDIRECT.substitute(url=oauth2_redirect_url)
    oauth = ""
    if init_oauth:
        settings = _html_safe_json(jsonable_encoder(init_oauth))
        oauth = _pages.SWAGGER_UI_INIT_OAUTH.substitute(settings=settings)
    page = _pages.SWAGGER_UI.substitute(
        openapi_url=openapi_url,
        title=title,
        js_url=swagger_js_url,
        css_url=swagger_css_url,
        favicon_url=swagger_favicon_url,
        parameters="".join(
            _pages.SWAGGER_UI_PARAMETER.substitute(
                key=_html_safe_json(key), value=_html_safe_json(jsonable_encoder(value))
            )
            for key, value in parameters.items()
        ),
        oauth2_redirect=redirect,
        init_oauth=oauth,
    )
    return HTMLResponse(page)


def get_redoc_html(
    *,
    openapi_url: str,
    title: str,
    redoc_js_url: str = f"{_CDN}/redoc@2/bundles/redoc.standalone.js",
    redoc_favicon_url: str = _ICON,
    with_google_fonts: bool = True,
) -> HTMLResponse:
    """The page with ReDoc.

    Args:
        openapi_url: where the browser finds the OpenAPI document.
        title: the page's title.
        redoc_js_url: ReDoc's script.
        redoc_favicon_url: the page's icon.
        with_google_fonts: load ReDoc's usual fonts from Google.
    """
    page = _pages.REDOC.substitute(
        openapi_url=openapi_url,
        title=title,
        js_url=redoc_js_url,
        favicon_url=redoc_favicon_url,
        fonts=_pages.REDOC_FONTS if with_google_fonts else "",
    )
    return HTMLResponse(page)


def get_swagger_ui_oauth2_redirect_html() -> HTMLResponse:
    """The page that takes the result of an OAuth2 flow back to Swagger UI."""
    return HTMLResponse(content=_pages.OAUTH2_REDIRECT)


_incidental.complete(__name__)
_namespace.spread(__name__, "openapi._pages")
