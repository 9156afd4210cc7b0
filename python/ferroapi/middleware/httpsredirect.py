"""Redirects from http and ws to https and wss, as Starlette has them."""

from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware as HTTPSRedirectMiddleware
