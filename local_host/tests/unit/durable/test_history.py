"""History records and the events made from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from azure.durable_functions.models.history import HistoryEvent, HistoryEventType

from local_host.durable import history
from local_host.durable.history import ParsedEvent

AT = datetime(2026, 11, 21, 3, 0, 0, 123456, tzinfo=UTC)

RECORDS = [
    history.record(HistoryEventType.ORCHESTRATOR_STARTED, AT),
    history.record(HistoryEventType.TASK_SCHEDULED, AT, event_id=4, Name="f", Version="", Input='["1"]'),
    history.task_completed(1, "[1]", AT),
    history.task_failed(1, "reason", "details", AT),
    history.sub_orchestration_completed(1, None, AT),
    history.sub_orchestration_failed(1, "reason", AT),
    history.timer_fired(2, AT, AT),
    history.event_raised("go", '"x"', AT),
    history.execution_terminated("why", AT),
    history.execution_completed("Completed", "1", AT),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: HistoryEventType(record["EventType"]).name)
def test_parsed_event_has_the_official_events_fields(record: dict[str, Any]) -> None:
    """The official constructor and ours set the same fields to the same values."""
    assert vars(ParsedEvent(record, played=False)) == vars(HistoryEvent(**record))


def test_played_event_reads_as_played() -> None:
    """Past events are marked, whether read from storage or taken in this process."""
    stored = ParsedEvent(RECORDS[0], played=True)
    live = ParsedEvent(RECORDS[0], played=False)
    live.mark_played()
    assert (stored.is_played, live.is_played) == (True, True)


def test_times_are_written_in_utc_with_z() -> None:
    """The protocol's own form."""
    assert RECORDS[0]["Timestamp"] == "2026-11-21T03:00:00.1234561Z"
