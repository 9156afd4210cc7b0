"""Static files, as Starlette serves them."""

from starlette.staticfiles import StaticFiles as StaticFiles
