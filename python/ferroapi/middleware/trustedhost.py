"""Checks of the Host header, as Starlette has them."""

from starlette.middleware.trustedhost import TrustedHostMiddleware as TrustedHostMiddleware
