"""Pages: every item once, newest first, whatever comes between two pages."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.paging import Position, page_of
from tests.support.refusals import refusal

_START = datetime(2026, 11, 21, tzinfo=UTC)

positions = st.lists(
    st.tuples(st.integers(0, 5), st.text("abc", min_size=1, max_size=3)).map(
        lambda pair: Position(at=_START + timedelta(seconds=pair[0]), identity=pair[1])
    ),
    unique=True,
)


def _same(item: Position) -> Position:
    return item


@given(positions, st.integers(1, 4))
def test_pages_together_are_the_list(items: list[Position], limit: int) -> None:
    """No item twice, none left out, and no cursor behind the last."""
    seen: list[Position] = []
    after = None
    while True:
        page = page_of(items, _same, after=after, limit=limit)
        seen += page.items
        if page.next is None:
            break
        after = Position.from_cursor(page.next)
    assert seen == sorted(items, key=lambda item: item.order, reverse=True)


def test_what_comes_meanwhile_does_not_move_the_next_page() -> None:
    """The page behind begins behind the last item that was seen."""
    items = [Position(at=_START + timedelta(minutes=number), identity="x") for number in range(4)]
    first = page_of(items, _same, after=None, limit=2)
    newer = Position(at=_START + timedelta(days=1), identity="new")
    assert first.next is not None
    second = page_of([*items, newer], _same, after=Position.from_cursor(first.next), limit=2)
    assert second.items == (items[1], items[0])


def test_a_cursor_is_read_as_it_was_written() -> None:
    """Time to the microsecond and an identity of any characters."""
    position = Position(at=_START + timedelta(microseconds=1), identity="run~ü/1")
    assert Position.from_cursor(position.cursor()) == position


@pytest.mark.parametrize(
    "text",
    ["", "0", "abc", "ü", "bm90LWEtdGltZX54", "MjAyNi0xMS0yMVQwMDowMDowMH54", "MDAwMS0wMS0wMVQwMDowMDowMCswNTowMH54"],
)
def test_any_other_text_is_no_cursor(text: str) -> None:
    """Not base64, no time in it, a time without zone, a time before all time."""
    with refusal(BadInputError, "`next`", field="cursor"):
        Position.from_cursor(text)
