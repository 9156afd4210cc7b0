"""Jinja2 templates, as Starlette renders them."""

from ._extras import from_standard as _from_standard

with _from_standard():
    from starlette.templating import Jinja2Templates as Jinja2Templates
