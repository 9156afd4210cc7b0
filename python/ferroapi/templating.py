"""Jinja2 templates, as Starlette renders them."""

from starlette.templating import Jinja2Templates as Jinja2Templates
