"""The HTTP protocol class under uvicorn, over real sockets, on both event loops."""
