"""Pages of a list that grows: newest first, continued behind the last item that was seen, whatever has come since."""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.message import Message

Item = TypeVar("Item")
_SEPARATOR = "~"


def write_cursor(*parts: str) -> str:
    """A place in a list as opaque text for a URL; only the last part may hold a ``~``."""
    return base64.urlsafe_b64encode(_SEPARATOR.join(parts).encode()).decode().rstrip("=")


def read_cursor(text: str, parts: int) -> list[str]:
    """Read a cursor that ``write_cursor`` wrote, of a number of parts.

    Raises:
        BadInputError: it is something else.
    """
    try:
        padded = (text + "=" * (-len(text) % 4)).encode("ascii")
        found = base64.b64decode(padded, b"-_", validate=True).decode().split(_SEPARATOR, parts - 1)
    except (binascii.Error, ValueError) as error:
        raise wrong_cursor(text) from error
    if len(found) != parts:
        raise wrong_cursor(text)
    return found


def wrong_cursor(text: str) -> BadInputError:
    """The refusal of a cursor that is none of ours."""
    return BadInputError(field="cursor", value=text[:80], rule="must be `next` of an earlier page")


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
        return write_cursor(self.at.astimezone(UTC).isoformat(), self.identity)

    @classmethod
    def from_cursor(cls, text: str) -> "Position":
        """Read what ``cursor`` wrote.

        Raises:
            BadInputError: it is something else.
        """
        moment, identity = read_cursor(text, 2)
        try:
            at = datetime.fromisoformat(moment)
            if at.utcoffset() is None:
                raise ValueError(moment)
            return cls(at=at.astimezone(UTC), identity=identity)
        except (ValueError, OverflowError) as error:
            raise wrong_cursor(text) from error


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
