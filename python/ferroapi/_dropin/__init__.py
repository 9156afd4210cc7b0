"""How this package takes the name ``fastapi``; the public face is ``dropin``."""
