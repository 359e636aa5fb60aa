"""The list of dead letters goes on where it ended, whatever it is filtered by."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from nightshift.cli import dlq_commands
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.paging import Position, page_of
from tests.support.loopback_server import Answering, LoopbackServer
from tests.unit.cli.handover.shifts import dead_letter

AT = datetime(2026, 3, 1, tzinfo=UTC)
LETTERS = [
    dead_letter(
        letter_id=f"l{number}", reason="odd" if number % 2 else "even", recorded_at=AT + timedelta(minutes=number)
    )
    for number in range(7)
]


class Handler(Answering):
    """Gives the dead letters in pages of two, as the app would."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        after = Position.from_cursor(asked["cursor"][0]) if "cursor" in asked else None
        page = page_of(LETTERS, _position, after=after, limit=2)
        self.answer_json({"items": [item.to_json() for item in page.items], "next": page.next})


def _position(item: DeadLetter) -> Position:
    return Position(at=item.recorded_at, identity=item.letter_id)


@pytest.fixture(autouse=True)
def _app(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app that the commands speak to."""
    server = LoopbackServer(Handler)
    monkeypatch.setenv("NIGHTSHIFT_URL", server.url)
    yield
    server.close()


@pytest.mark.parametrize(
    ("filters", "pages"),
    [([], [["l6", "l5", "l4"], ["l3", "l2", "l1"], ["l0"]]), (["reason=EVEN"], [["l6", "l4", "l2"], ["l0"]])],
)
def test_the_cursor_of_a_list_names_the_dead_letters_behind_it(
    filters: list[str], pages: list[list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """None is cut silently, none comes twice, and the last page has no next."""
    cursor: str | None = None
    for number, wanted in enumerate(pages, start=1):
        dlq_commands.list_(filters, everything=False, limit=3, cursor=cursor, as_json=True, state=tmp_path)
        shown: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert [item["letter_id"] for item in shown["items"]] == wanted
        cursor = shown["next"]
        assert (cursor is None) == (number == len(pages))


def test_a_list_says_that_there_is_more(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With the command's own option."""
    dlq_commands.list_(limit=3, as_json=False, state=tmp_path)
    assert "--cursor" in capsys.readouterr().out
