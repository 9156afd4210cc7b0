"""WSGI applications under an ASGI path, as Starlette runs them."""

from starlette.middleware.wsgi import WSGIMiddleware as WSGIMiddleware
