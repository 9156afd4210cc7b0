"""What is for sale."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import col, select

from ferroapi import APIRouter, Depends, HTTPException, Query, Response, UploadFile, status

from ..database import SessionDep
from ..models import Item, ItemCreate, ItemRead, ItemUpdate
from ..security import Staff
from ..settings import settings

router = APIRouter(prefix="/items", tags=["items"])


class ItemQuery(BaseModel):
    """Which items to list, and in which order."""

    model_config = ConfigDict(extra="forbid")

    search: str | None = Field(None, min_length=2)
    in_stock: bool = False
    order_by: Literal["id", "name", "price"] = "id"
    offset: int = Field(0, ge=0)
    limit: int = Field(20, gt=0, le=100)


def get_item(item_id: int, session: SessionDep) -> Item:
    """Return the item of the path; 404 if there is none."""
    item = session.get(Item, item_id)
    if item is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such item")
    return item


ItemDep = Annotated[Item, Depends(get_item)]


@router.get("", response_model=list[ItemRead])
def list_items(query: Annotated[ItemQuery, Query()], session: SessionDep) -> Sequence[Item]:
    """List items, a page at a time."""
    statement = select(Item).order_by(query.order_by).offset(query.offset).limit(query.limit)
    if query.search:
        statement = statement.where(col(Item.name).icontains(query.search, autoescape=True))
    if query.in_stock:
        statement = statement.where(Item.stock > 0)
    return session.exec(statement).all()


@router.post("", status_code=status.HTTP_201_CREATED, response_model=ItemRead)
def create_item(new: ItemCreate, session: SessionDep, staff: Staff, response: Response) -> Item:
    """Put an item up for sale."""
    item = Item.model_validate(new)
    session.add(item)
    session.commit()
    session.refresh(item)
    response.headers["Location"] = f"{router.prefix}/{item.id}"
    return item


@router.get("/{item_id}", response_model=ItemRead)
def read_item(item: ItemDep) -> Item:
    """One item."""
    return item


@router.patch("/{item_id}", response_model=ItemRead)
def update_item(item: ItemDep, change: ItemUpdate, session: SessionDep, staff: Staff) -> Item:
    """Change the given fields of an item."""
    item.sqlmodel_update(change.model_dump(exclude_unset=True))
    session.add(item)
    session.commit()
    session.refresh(item)
    return item


@router.delete("/{item_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_item(item: ItemDep, session: SessionDep, staff: Staff) -> None:
    """Take an item off the shelf."""
    session.delete(item)
    session.commit()


@router.put("/{item_id}/picture", status_code=status.HTTP_204_NO_CONTENT)
async def upload_picture(item: ItemDep, picture: UploadFile, session: SessionDep, staff: Staff) -> None:
    """Give an item a picture, in place of the one it has."""
    if not (picture.content_type or "").startswith("image/"):
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "Not an image")
    if (picture.size or 0) > settings.picture_bytes:
        raise HTTPException(413, f"More than {settings.picture_bytes} bytes")
    item.picture, item.picture_type = await picture.read(), picture.content_type
    session.add(item)
    session.commit()


@router.get("/{item_id}/picture", response_class=Response)
def read_picture(item: ItemDep) -> Response:
    """Show the picture of an item."""
    if item.picture is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No picture")
    return Response(item.picture, media_type=item.picture_type)
