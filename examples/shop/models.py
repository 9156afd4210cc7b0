"""Tables, and what clients send and see of them."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import EmailStr, StringConstraints
from sqlmodel import Field, Relationship, SQLModel

Price = Annotated[Decimal, Field(gt=0, max_digits=10, decimal_places=2)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class UserBase(SQLModel):
    """What everybody may know of an account."""

    email: EmailStr = Field(index=True, unique=True)
    name: Name


class User(UserBase, table=True):
    """An account; the first one ever made runs the shop."""

    id: int | None = Field(default=None, primary_key=True)
    password_hash: str
    is_staff: bool = False
    orders: list["Order"] = Relationship(back_populates="user")


class UserCreate(UserBase):
    """A new account."""

    password: str = Field(min_length=8, max_length=200)


class UserRead(UserBase):
    """An account as its owner sees it."""

    id: int
    is_staff: bool


class ItemBase(SQLModel):
    """What an item is and costs."""

    name: Name
    description: str = Field("", max_length=2000)
    price: Price
    stock: int = Field(0, ge=0)


class Item(ItemBase, table=True):
    """Something for sale."""

    id: int | None = Field(default=None, primary_key=True)
    picture: bytes | None = None
    picture_type: str | None = None


class ItemCreate(ItemBase):
    """A new item."""


class ItemUpdate(SQLModel):
    """A change to an item; what is left out stays."""

    name: Name | None = None
    description: str | None = Field(None, max_length=2000)
    price: Price | None = None
    stock: int | None = Field(None, ge=0)


class ItemRead(ItemBase):
    """An item as everybody sees it."""

    id: int


class OrderStatus(StrEnum):
    """How far an order is."""

    placed = "placed"
    confirmed = "confirmed"
    sent = "sent"


class Order(SQLModel, table=True):
    """What one user bought at one time."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    placed_at: datetime = Field(default_factory=now)
    status: OrderStatus = OrderStatus.placed
    user: User = Relationship(back_populates="orders")
    lines: list["OrderLine"] = Relationship(back_populates="order", cascade_delete=True)

    @property
    def total(self) -> Decimal:
        """The price of all lines together."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))


class OrderLine(SQLModel, table=True):
    """One item of an order, at the price of that day."""

    id: int | None = Field(default=None, primary_key=True)
    order_id: int | None = Field(default=None, foreign_key="order.id", index=True)
    item_id: int = Field(foreign_key="item.id")
    quantity: int = Field(gt=0)
    price: Price
    order: Order = Relationship(back_populates="lines")


class LineCreate(SQLModel):
    """How many of which item."""

    item_id: int
    quantity: int = Field(1, gt=0, le=100)


class OrderCreate(SQLModel):
    """A new order."""

    lines: list[LineCreate] = Field(min_length=1, max_length=50)


class LineRead(SQLModel):
    """One line of an order as the buyer sees it."""

    item_id: int
    quantity: int
    price: Decimal


class OrderRead(SQLModel):
    """An order as the buyer sees it."""

    id: int
    placed_at: datetime
    status: OrderStatus
    lines: list[LineRead]
    total: Decimal
