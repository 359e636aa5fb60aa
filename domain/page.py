"""Pages of a list that grows: newest first, continued behind the last item that was seen, whatever has come since."""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from domain.errors import BadInputError
from domain.message import Message

Item = TypeVar("Item")
_SEPARATOR = "~"


class Position(Message):
    """The place of an item in its list: later times come first; of one time, greater identities."""

    at: datetime
    identity: str

    @property
    def order(self) -> tuple[datetime, str]:
        """What the list is sorted by, descending."""
        return self.at, self.identity

    def cursor(self) -> str:
        """The position as opaque text for a URL."""
        text = f"{self.at.astimezone(UTC).isoformat()}{_SEPARATOR}{self.identity}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def from_cursor(cls, text: str) -> "Position":
        """Read what ``cursor`` wrote.

        Raises:
            BadInputError: it is something else.
        """
        try:
            padded = (text + "=" * (-len(text) % 4)).encode("ascii")
            moment, found, identity = base64.b64decode(padded, b"-_", validate=True).decode().partition(_SEPARATOR)
            at = datetime.fromisoformat(moment)
            if not found or at.utcoffset() is None:
                raise ValueError(moment)
            return cls(at=at.astimezone(UTC), identity=identity)
        except (binascii.Error, ValueError, OverflowError) as error:
            rule = "must be `next` of an earlier page"
            raise BadInputError(field="cursor", value=text[:80], rule=rule) from error


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items, and the cursor of what follows them; None if nothing does."""

    items: tuple[Item, ...]
    next: str | None


def page_of(
    items: Iterable[Item], position: Callable[[Item], Position], *, after: Position | None, limit: int
) -> Page[Item]:
    """The newest items behind a position.

    Args:
        items: in any order.
        after: the last item that was seen; None for the first page.
    """
    behind = [item for item in items if after is None or position(item).order < after.order]
    ordered = sorted(behind, key=lambda item: position(item).order, reverse=True)
    shown = tuple(ordered[:limit])
    more = len(ordered) > len(shown)
    return Page(shown, position(shown[-1]).cursor() if more else None)
