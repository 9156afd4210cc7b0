"""Middleware of Starlette under this package's paths, and this package's own."""

from starlette.middleware import Middleware as Middleware
