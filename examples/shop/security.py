"""Passwords, tokens, and who is asking."""

from datetime import timedelta
from typing import Annotated

import jwt
from pwdlib import PasswordHash
from sqlmodel import Session, select

from ferroapi import Depends, HTTPException, Security, status
from ferroapi.security import OAuth2PasswordBearer, SecurityScopes

from .database import SessionDep
from .models import User, now
from .settings import settings

ALGORITHM = "HS256"
SCOPES = {"orders": "Place and read your own orders.", "staff": "Change what is for sale."}

passwords = PasswordHash.recommended()
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token", scopes=SCOPES)
# Verified when there is no such user, so that the time to answer does not tell.
_NOBODY = passwords.hash("nobody has this password")


def authenticate(session: Session, email: str, password: str) -> User | None:
    """Return the user with this e-mail address and password, or None."""
    user = session.exec(select(User).where(User.email == email)).first()
    known = passwords.verify(password, user.password_hash if user else _NOBODY)
    return user if user and known else None


def create_token(user: User, scopes: list[str]) -> str:
    """Return a signed token for `user`, limited to `scopes` and in time."""
    expires = now() + timedelta(minutes=settings.token_minutes)
    claims = {"sub": str(user.id), "exp": expires, "scope": " ".join(scopes)}
    return jwt.encode(claims, settings.secret, algorithm=ALGORITHM)


def user_of_token(token: str, session: Session) -> tuple[User, list[str]] | None:
    """Return the user a token was made for and its scopes, or None if it is not valid (any more)."""
    try:
        claims = jwt.decode(token, settings.secret, algorithms=[ALGORITHM])
        user = session.get(User, int(claims["sub"]))
    except (jwt.InvalidTokenError, KeyError, ValueError):
        return None
    return (user, claims.get("scope", "").split()) if user else None


def get_current_user(
    required: SecurityScopes, token: Annotated[str, Depends(oauth2_scheme)], session: SessionDep
) -> User:
    """Return who asks; 401 without a valid token, 403 without the required scopes."""
    challenge = f'Bearer scope="{required.scope_str}"' if required.scopes else "Bearer"
    found = user_of_token(token, session)
    if found is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Invalid token", {"WWW-Authenticate": challenge})
    user, granted = found
    if not set(required.scopes) <= set(granted):
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, "Not enough permissions", {"WWW-Authenticate": challenge}
        )
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]
Buyer = Annotated[User, Security(get_current_user, scopes=["orders"])]
Staff = Annotated[User, Security(get_current_user, scopes=["staff"])]
