"""What the environment can change."""

import secrets
import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_database() -> Path:
    return Path(tempfile.gettempdir()) / "ferroapi-shop.db"


class Settings(BaseSettings):
    """Read from variables that start with `SHOP_`, as in `SHOP_DATABASE=/var/lib/shop.db`."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")

    database: Path = Field(default_factory=_default_database)
    secret: str = Field(default_factory=secrets.token_hex)
    """Signs tokens. Set it when several workers serve, or they refuse each other's tokens."""
    token_minutes: int = Field(60, gt=0)
    picture_bytes: int = Field(1_000_000, gt=0)


settings = Settings()
