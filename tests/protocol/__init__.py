"""The HTTP protocol class for uvicorn: beside httptools, on what clients send and applications do."""
