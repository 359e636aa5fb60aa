"""Lists from the app: a page of one, and whole ones, however many pages they have."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from nightshift.cli.app_client import AppClient
from nightshift.domain.platform.message import Message

_PAGE = 200
Item = TypeVar("Item", bound=Message)


class ListOf(Message, Generic[Item]):
    """A page of a list, or a list that has one page alone.

    Attributes:
        next: the cursor of the page behind; None if there is none.
    """

    items: tuple[Item, ...]
    next: str | None = None


def every(
    app: AppClient,
    path: str,
    shape: type[Item],
    after: str | None = None,
    limit: int | None = _PAGE,
    **params: str | int | None,
) -> Iterator[Item]:
    """Each item of a list, in its order; the next page is fetched when it is come to.

    Args:
        shape: of an item.
        after: the cursor behind which the list begins.
        limit: of a page; None for what the app thinks right.
    """
    cursor = after
    while True:
        found = app.read(path, ListOf[shape], limit=limit, cursor=cursor, **params).value  # type: ignore[valid-type]
        yield from found.items
        cursor = found.next
        if cursor is None:
            return
