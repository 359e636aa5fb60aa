"""An incident's states, timeline and actions."""

from datetime import timedelta
from typing import cast, get_args

import pytest

from nightshift.domain.platform.errors import ConflictError, TransitionError
from nightshift.domain.response.incident import (
    PERSONS_OPERATIONS,
    TRANSITIONS,
    ActionState,
    Incident,
    IncidentAction,
    IncidentState,
    Operation,
    Recorded,
    TimelineEntry,
    incident_id,
)
from tests.support.incident_examples import AT, incident


def _entry(key: str, minutes: float = 0) -> TimelineEntry:
    return TimelineEntry(key=key, at=AT + timedelta(minutes=minutes), actor="test", what=f"{key} at {minutes}")


def _action(state: ActionState) -> IncidentAction:
    return IncidentAction(mitigation="rollback", state=state, detail=state, at=AT)


@pytest.mark.parametrize("operation", get_args(Operation))
@pytest.mark.parametrize("state", get_args(IncidentState))
def test_only_what_the_state_table_names_is_allowed(operation: Operation, state: IncidentState) -> None:
    """Every pair: the table's state, or a refusal that offers only what a person can ask for."""
    before = incident(state=state)
    after = TRANSITIONS.get((operation, state))
    if after is not None:
        assert before.transition(operation).state == after
        return
    with pytest.raises(TransitionError) as refused:
        before.transition(operation)
    _, offered = refused.value.message.split("; ")
    names = offered.removeprefix("allowed now: ").split(", ") if offered != "nothing is allowed now" else []
    assert set(names) <= PERSONS_OPERATIONS
    assert {TRANSITIONS[name, state] for name in cast("list[Operation]", names)} <= set(get_args(IncidentState))


def test_every_state_has_a_way_to_its_end_and_back() -> None:
    """An incident is never stuck: it can be resolved, and what is resolved can open again."""
    resolvable = {state for operation, state in TRANSITIONS if operation == "resolve"}
    assert resolvable == set(get_args(IncidentState)) - {"resolved"}
    assert TRANSITIONS["reopen", "resolved"] == "open"


def test_a_forbidden_operation_is_a_conflict_that_no_retry_cures() -> None:
    """Over HTTP it is a conflict; an activity does not repeat it."""
    with pytest.raises(TransitionError) as refused:
        incident(state="resolved").transition("mitigate")
    error = refused.value
    assert (isinstance(error, ConflictError), error.retryable, error.code) == (True, False, "transition")


def test_a_line_is_reported_once() -> None:
    """The same key again changes nothing, whatever it says."""
    once = incident().with_event(_entry("a"))
    assert once.with_event(_entry("a", minutes=5)) == once


def test_telling_moves_the_time_of_the_last_change_forwards_only() -> None:
    """A line about an earlier time does not make the incident older."""
    told = incident().with_event(_entry("a", minutes=5)).with_event(_entry("b", minutes=-5))
    assert told.updated_at == AT + timedelta(minutes=5)


def test_a_long_timeline_keeps_its_first_line_and_its_newest() -> None:
    """How it began and how it stands; a flapping signal does not fill the storage."""
    told = incident()
    for number in range(100):
        told = told.with_event(_entry(str(number)))
    keys = [line.key for line in told.timeline]
    assert keys == ["0", "left-out-41", *(str(number) for number in range(42, 100))]


def test_a_mitigation_has_one_line_with_its_newest_state() -> None:
    """Begun, then done: one action."""
    acted = incident().with_action(_action("begun")).with_action(_action("done"))
    assert [(action.mitigation, action.state) for action in acted.actions] == [("rollback", "done")]
    assert acted.action("rollback") == _action("done")
    assert acted.action("retrain") is None


def test_an_incidents_identity_comes_from_its_first_alert() -> None:
    """Whoever records it first, now or after a crash, gives it the same id."""
    assert incident_id("f", "a") == incident_id("f", "a")
    assert len({incident_id("f", "a"), incident_id("f", "b"), incident_id("g", "a")}) == 3


def test_a_reopened_incident_is_answered_under_another_id() -> None:
    """The first answer's instance has ended; each reopening has one of its own."""
    first = Recorded(alert_key="a", incident=incident())
    again = Recorded(alert_key="b", incident=incident(), reopened=True)
    assert (first.response, again.response) == ("response-m1-i1", "response-m1-i1-b")


def test_an_incident_of_an_older_release_is_read() -> None:
    """It has no lag: its source's clock is believed, as that release did."""
    stored = incident().to_json()
    del stored["lag_seconds"]
    assert Incident.from_json(stored) == incident(lag_seconds=0.0)


@pytest.mark.parametrize(
    ("occurrences", "firing", "text"),
    [
        (1, 1, "once, still firing"),
        (1, 0, "once, resolved by its source"),
        (3, 3, "3 times, still firing"),
        (3, 1, "3 times, 1 of them still firing"),
    ],
)
def test_how_often_it_was_reported(occurrences: int, firing: int, text: str) -> None:
    """One is no plural."""
    assert incident(occurrences=occurrences, firing=firing).reported == text


def test_what_is_not_known_of_a_mitigation_is_not_stored() -> None:
    """Release 0.1.0 reads the facts of a refused rollback, and would take an empty version for the name of one."""
    refused = IncidentAction(mitigation="rollback", state="refused", detail="no champion before it", at=AT)
    assert refused.to_json()["facts"] == {"kind": "rollback"}
    assert IncidentAction.from_json(refused.to_json()) == refused
