"""Cross-origin resource sharing (Fetch standard), as Starlette has it."""

from starlette.middleware.cors import CORSMiddleware as CORSMiddleware
