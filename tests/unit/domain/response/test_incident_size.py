"""An incident fits into a property of Table storage, whatever was reported and done."""

from datetime import timedelta

from nightshift.domain.platform.text import LARGEST_PROPERTY, units
from nightshift.domain.response.incident import Incident, IncidentAction, TimelineEntry
from nightshift.domain.response.incident_size import fitted
from nightshift.domain.response.mitigations import LeaseFacts
from tests.support.incident_examples import AT, alert, incident


def _full(lines: int, text: str, **given: str) -> Incident:
    """An incident with long lines."""
    full = incident(**given)
    for number in range(lines):
        entry = TimelineEntry(key=str(number), at=AT + timedelta(minutes=number), actor=text, what=text)
        full = full.with_event(entry)
    return full


def test_what_fits_stays_as_it_is() -> None:
    """Nothing is cut from an ordinary incident."""
    full = _full(20, "a word")
    assert fitted(full) == full


def test_the_oldest_lines_are_counted_and_left_out() -> None:
    """How it began, how many lines are missing, how it stands; emoji, which take twice the room, count twice."""
    kept = fitted(_full(60, "\U0001f525" * 300))
    keys = [line.key for line in kept.timeline]
    assert units(kept.model_dump_json()) <= LARGEST_PROPERTY
    assert (keys[0], keys[-1]) == ("0", "59")
    assert keys[1] == f"left-out-{60 - (len(keys) - 1)}"
    assert kept.timeline[1].what.startswith(f"{60 - (len(keys) - 1)} older lines")


def test_a_large_incident_takes_more_lines() -> None:
    """Each one more makes an older one give way; the count goes on."""
    kept = fitted(_full(60, "x" * 400))
    for number in range(60, 80):
        kept = fitted(kept.with_event(TimelineEntry(key=str(number), at=AT, actor="test", what="x" * 900)))
    keys = [line.key for line in kept.timeline]
    assert units(kept.model_dump_json()) <= LARGEST_PROPERTY
    assert (keys[0], keys[-1]) == ("0", "79")
    assert keys[1] == f"left-out-{80 - (len(keys) - 1)}"


def test_texts_are_cut_before_facts() -> None:
    """What an undo needs stays whole, and so does what tells the alert from others."""
    told = alert(detail='"' * 2_000, title='"' * 300, alert_id="a" * 2_048, source="s" * 512)
    full = incident(alert=told, reason="r" * 8_000)
    facts = LeaseFacts(names=("n" * 60,) * 200)
    for mitigation in ("rollback", "retrain", "page"):
        action = IncidentAction(mitigation=mitigation, state="done", detail='"' * 2_000, at=AT)
        full = full.with_action(action)
    full = full.with_action(
        IncidentAction(mitigation="pause_compute", state="done", detail="d" * 2_000, at=AT, facts=facts)
    )
    kept = fitted(full)
    assert units(full.model_dump_json()) > LARGEST_PROPERTY >= units(kept.model_dump_json())
    action_kept = kept.action("pause_compute")
    assert action_kept is not None
    assert (action_kept.facts, kept.alert.key) == (facts, told.key)


def test_a_long_text_is_cut_where_an_action_is_made() -> None:
    """A refusal may name a thousand columns."""
    action = IncidentAction(mitigation="rollback", state="refused", detail="c" * 40_000, at=AT)
    assert (len(action.detail), action.detail[-1]) == (2_000, "…")
