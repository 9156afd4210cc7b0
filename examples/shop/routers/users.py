"""Accounts and login."""

from typing import Annotated

from pydantic import BaseModel
from sqlmodel import select

from ferroapi import APIRouter, Depends, HTTPException, status
from ferroapi.security import OAuth2PasswordRequestForm

from ..database import SessionDep
from ..models import User, UserCreate, UserRead
from ..security import CurrentUser, authenticate, create_token, passwords

router = APIRouter(tags=["users"])


class Token(BaseModel):
    """A token as OAuth2 clients expect it (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - a kind, not a secret
    scope: str


@router.post("/users", status_code=status.HTTP_201_CREATED, response_model=UserRead)
def create_user(new: UserCreate, session: SessionDep) -> User:
    """Make an account. The first one ever made is staff."""
    if session.exec(select(User).where(User.email == new.email)).first():
        raise HTTPException(status.HTTP_409_CONFLICT, "There is an account with this e-mail address")
    is_first = session.exec(select(User.id)).first() is None
    user = User(email=new.email, name=new.name, password_hash=passwords.hash(new.password), is_staff=is_first)
    session.add(user)
    session.commit()
    session.refresh(user)
    return user


@router.post("/token")
def login(form: Annotated[OAuth2PasswordRequestForm, Depends()], session: SessionDep) -> Token:
    """Exchange an e-mail address (sent as `username`) and password for a token."""
    user = authenticate(session, form.username, form.password)
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Wrong e-mail address or password")
    allowed = ["orders", "staff"] if user.is_staff else ["orders"]
    scopes = [scope for scope in form.scopes or allowed if scope in allowed]
    return Token(access_token=create_token(user, scopes), scope=" ".join(scopes))


@router.get("/users/me", response_model=UserRead)
def read_me(user: CurrentUser) -> User:
    """Who the token belongs to."""
    return user
