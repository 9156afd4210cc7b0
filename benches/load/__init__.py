"""Requests a second, latency and memory under a server."""
