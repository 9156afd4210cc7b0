"""The database, and a session per request."""

from collections.abc import Iterator
from typing import Annotated

from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, create_engine

from ferroapi import Depends

from .settings import settings


def make_engine(path: str) -> Engine:
    """Open an SQLite file; endpoints run in worker threads, so connections may change thread."""
    return create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False})


engine = make_engine(str(settings.database))


def create_tables() -> None:
    """Make the tables that do not exist yet."""
    SQLModel.metadata.create_all(engine)


def get_session() -> Iterator[Session]:
    """Give a session that is rolled back when the request fails and closed when it is over."""
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
