"""Response compression, as Starlette has it."""

from starlette.middleware.gzip import GZipMiddleware as GZipMiddleware
