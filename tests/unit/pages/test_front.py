"""Reading the front page: what open pages share, and what waits beside reviews and incidents."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.paging import Page
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import IncidentAction
from nightshift.pages import front
from nightshift.pages.front import Front
from nightshift.pages.rendering import render
from nightshift.pages.views import DeadLetterGroup
from tests.support.incident_examples import AT, incident
from tests.unit.pages.examples import FRAME, NOW, front_view


def _letter(number: int, queue: str) -> DeadLetter:
    return DeadLetter(
        letter_id=f"l{number}", queue=queue, message_id="m", body="", encoding="utf-8", body_digest="0",
        reason=f"reason {number}", broker_reason="", delivery_count=1, enqueued_at=NOW, recorded_at=NOW,
    )  # fmt: skip


class Storage:
    """Records without models; counts how often it is read."""

    def __init__(self, *dead_letters: DeadLetter) -> None:
        self.read = 0
        self._dead_letters = dead_letters

    def services(self) -> Services:
        """Its services."""
        made = SimpleNamespace(
            clock=lambda: NOW,
            reviews=SimpleNamespace(all=self._count),
            incidents=SimpleNamespace(all=tuple),
            dead_letters=SimpleNamespace(waiting=lambda: self._dead_letters),
            specs=SimpleNamespace(names=tuple),
            links=SimpleNamespace(mlflow="http://mlflow.example", databricks="http://databricks.example"),
        )
        return cast("Services", made)

    def _count(self) -> tuple[()]:
        self.read += 1
        return ()


@pytest.fixture(autouse=True)
def _no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: Any, **__: Any) -> Page[Any]:
        return Page((), None)

    monkeypatch.setattr(front, "newest_runs", none)


async def test_open_pages_share_what_is_read() -> None:
    """However many poll, storage is read once in some seconds; who loads the page reads, and then polls, afresh."""
    storage, shown = Storage(), Front()
    services, client = storage.services(), cast("Any", None)
    polled = await asyncio.gather(*(shown.recent(client, services) for _ in range(20)))
    assert (storage.read, {id(view) for view in polled}) == (1, {id(polled[0])})
    assert await shown.recent(client, services) is polled[0]
    await shown.now(client, services)
    assert storage.read == 2
    await shown.recent(client, services)
    assert storage.read == 3


async def test_what_is_shared_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time."""
    monkeypatch.setattr(front, "_KEPT_SECONDS", -1.0)
    storage, shown = Storage(), Front()
    for _ in range(2):
        await shown.recent(cast("Any", None), storage.services())
    assert storage.read == 2


async def test_dead_letters_wait_for_a_person() -> None:
    """Counted by queue, with the newest reason and what to do; they are among what waits."""
    storage = Storage(_letter(3, "drift-alerts"), _letter(2, "budget-alerts"), _letter(1, "drift-alerts"))
    view = await Front().now(cast("Any", None), storage.services())
    assert view.letters == (
        DeadLetterGroup("drift-alerts", 2, "reason 3"),
        DeadLetterGroup("budget-alerts", 1, "reason 2"),
    )
    assert view.waiting == 3
    text = render(view, FRAME)
    assert "<title>3 waiting" in text
    assert "2 messages on drift-alerts could not be handled" in text
    assert "nightshift dlq redrive --filter queue=budget-alerts" in text
    assert "Sleep well" not in text


@pytest.mark.parametrize(("mitigation", "offered"), [("rollback", True), ("page", False)])
def test_undo_is_offered_where_something_can_be_undone(mitigation: Any, offered: bool) -> None:
    """Telling on-call is an action, too, and cannot be taken back."""
    done = IncidentAction(mitigation=mitigation, state="done", detail="done", at=AT)
    view = front_view()
    shown = view.__class__(**(vars(view) | {"incidents": (incident(actions=(done,)),)}))
    assert ("#acts" in render(shown, FRAME)) == offered
