"""The applications by name, for uvicorn in a process of its own."""

from .site import Site

asgi = Site("asgi").app
api = Site("api").app
