"""Buying."""

import logging
from collections.abc import Sequence
from typing import Annotated

from sqlmodel import Session, select

from ferroapi import APIRouter, BackgroundTasks, Depends, HTTPException, Path, status

from .. import database
from ..database import SessionDep
from ..feed import OrderEvent, feed
from ..models import Item, Order, OrderCreate, OrderLine, OrderRead, OrderStatus, User
from ..security import Buyer, Staff

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/orders", tags=["orders"])


class OutOfStockError(Exception):
    """There are fewer items left than somebody wants."""

    def __init__(self, item_id: int, left: int) -> None:
        super().__init__("Not enough in stock")
        self.item_id, self.left = item_id, left


def take_from_stock(session: Session, item_id: int, quantity: int) -> Item:
    """Take `quantity` of an item; 404 if it does not exist, `OutOfStockError` if too few are left."""
    item = session.get(Item, item_id)
    if item is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"No item {item_id}")
    if item.stock < quantity:
        raise OutOfStockError(item_id, item.stock)
    item.stock -= quantity
    session.add(item)
    return item


async def confirm(order_id: int, email: str) -> None:
    """Confirm an order after the buyer got the answer; a real shop would send an e-mail here."""
    with Session(database.engine) as session:
        order = session.get(Order, order_id)
        if order is None or order.status is not OrderStatus.placed:
            return
        order.status = OrderStatus.confirmed
        session.add(order)
        session.commit()
    logger.info("confirmation of order %s to %s", order_id, email)
    feed.publish(OrderEvent(order_id=order_id, status=OrderStatus.confirmed))


@router.post("", status_code=status.HTTP_201_CREATED, response_model=OrderRead)
def place_order(new: OrderCreate, session: SessionDep, user: Buyer, tasks: BackgroundTasks) -> Order:
    """Buy; all lines or none."""
    order = Order(user_id=_known(user.id))
    for line in new.lines:
        item = take_from_stock(session, line.item_id, line.quantity)
        order.lines.append(OrderLine(item_id=line.item_id, quantity=line.quantity, price=item.price))
    session.add(order)
    session.commit()
    session.refresh(order)
    tasks.add_task(confirm, _known(order.id), user.email)
    return order


@router.get("", response_model=list[OrderRead])
def list_orders(session: SessionDep, user: Buyer) -> Sequence[Order]:
    """List your own orders, the latest first."""
    statement = select(Order).where(Order.user_id == user.id).order_by("id")
    return list(reversed(session.exec(statement).all()))


def get_own_order(order_id: Annotated[int, Path(gt=0)], session: SessionDep, user: Buyer) -> Order:
    """Return the order of the path if it belongs to who asks; staff sees all."""
    order = session.get(Order, order_id)
    if order is None or not _may_see(user, order):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such order")
    return order


def _may_see(user: User, order: Order) -> bool:
    return user.is_staff or order.user_id == user.id


def _known(number: int | None) -> int:
    assert number is not None, "rows have an id once they are stored"
    return number


@router.get("/{order_id}", response_model=OrderRead)
def read_order(order: Annotated[Order, Depends(get_own_order)]) -> Order:
    """One of your orders."""
    return order


@router.post("/{order_id}/send", response_model=OrderRead)
async def send_order(
    order: Annotated[Order, Depends(get_own_order)], session: SessionDep, staff: Staff
) -> Order:
    """Note that an order left the house, and tell the feed."""
    if order.status is OrderStatus.sent:
        raise HTTPException(status.HTTP_409_CONFLICT, "Already sent")
    order.status = OrderStatus.sent
    session.add(order)
    session.commit()
    session.refresh(order)
    feed.publish(OrderEvent(order_id=_known(order.id), status=order.status))
    return order
