"""What the native HTTP protocol asks Python for; there is nothing to ask without uvicorn."""

from .._uvicorn import require

require()
