"""Incidents: one per trouble, however often it is reported; its states, and what was done."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_serializer, model_validator

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.errors import TransitionError
from nightshift.domain.platform.identity import instance_id, short
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.text import shortened
from nightshift.domain.response.alert import AlertMessage, Category, Classification, Severity
from nightshift.domain.response.mitigations import (
    CHANGING,
    NOTIFYING,
    Facts,
    LeaseFacts,
    Mitigation,
    RollbackFacts,
    facts_of,
)
from nightshift.domain.response.playbook import Debouncing

IncidentState = Literal["open", "acknowledged", "mitigated", "resolved"]
Operation = Literal["acknowledge", "mitigate", "resolve", "reopen"]

# (operation, state before) -> state after. What is not here is not allowed.
TRANSITIONS: dict[tuple[Operation, IncidentState], IncidentState] = {
    ("acknowledge", "open"): "acknowledged",
    ("mitigate", "open"): "mitigated",
    ("mitigate", "acknowledged"): "mitigated",
    ("resolve", "open"): "resolved",
    ("resolve", "acknowledged"): "resolved",
    ("resolve", "mitigated"): "resolved",
    ("reopen", "mitigated"): "open",
    ("reopen", "resolved"): "open",
}

# What a plan does about an incident now.
Verdict = Literal["act", "hold", "mute", "leave"]
ActionState = Literal["begun", "done", "repeated", "refused", "failed", "undone"]
# What a person can ask for; the others are Nightshift's own.
PERSONS_OPERATIONS: frozenset[Operation] = frozenset({"acknowledge", "resolve"})
_LARGEST_TIMELINE = 60
# Texts of actions and of the timeline are cut to this; so is an actor, which is longer than any principal's name.
_LONGEST_TEXT, _LONGEST_ACTOR = 2_000, 400
_LEFT_OUT = "left-out-"
# Begins the key of a timeline entry: it says what was planned.
_PLANNED = "plan-"
# Begins the key of a timeline entry: somebody has asked for an undo.
UNDO_ORDERED = "undo-ordered-"
# Begins the key of a timeline entry: an alert opened the incident again after it had been acted upon.
FIRED_AGAIN = "again-"


class TimelineEntry(Message):
    """One thing that happened to an incident.

    Attributes:
        key: identity; adding the same key again changes nothing.
        actor: ``nightshift``, the alert's source, or a person.
        verdict: of a line that says what was planned.
    """

    key: str
    at: datetime
    actor: Annotated[str, AfterValidator(partial(shortened, limit=_LONGEST_ACTOR))]
    what: Annotated[str, AfterValidator(partial(shortened, limit=_LONGEST_TEXT))]
    link: str = ""
    verdict: Verdict | None = None

    @model_validator(mode="before")
    @classmethod
    def _verdict_in_words(cls, value: Any) -> Any:
        """Release 0.1.0 has a plan's verdict only as the first word of its line."""
        if isinstance(value, dict) and value.get("verdict") is None and str(value.get("key", "")).startswith(_PLANNED):
            return {**value, "verdict": str(value.get("what", "")).partition(" ")[0]}
        return value

    @property
    def bookkeeping(self) -> bool:
        """Whether it says only which rule was applied, or that people were notified."""
        mitigation, _, state = self.key.rpartition("-")
        return self.verdict is not None or _only_notified(mitigation, state)


class IncidentAction(Message):
    """A mitigation that was taken, or could not be.

    Attributes:
        state: ``repeated`` if another incident has done it already, ``refused`` if a guard did not hold.
        detail: what was done or why not, as a sentence.
        ledger: sequence of the ledger entry that ordered it.
        facts: what an undo needs to know.
    """

    mitigation: Mitigation
    state: ActionState
    detail: Annotated[str, AfterValidator(partial(shortened, limit=_LONGEST_TEXT))]
    at: datetime
    ledger: int | None = None
    link: str = ""
    facts: Facts = Field(default_factory=lambda known: facts_of(known["mitigation"]))

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any) -> Any:
        """Facts of an earlier release do not say their kind: it is that of the mitigation."""
        if isinstance(value, dict) and isinstance(value.get("facts"), dict) and "mitigation" in value:
            return {**value, "facts": {"kind": value["mitigation"], **value["facts"]}}
        return value

    @field_serializer("facts")
    def _known_facts(self, facts: Facts) -> dict[str, Any]:
        """Without what is not known: release 0.1.0 would take an empty version for the name of one."""
        return {name: value for name, value in facts.model_dump(mode="json").items() if value not in ("", None)}

    @property
    def only_notified(self) -> bool:
        """Whether people were notified, and nothing else was done or failed."""
        return _only_notified(self.mitigation, self.state)

    @property
    def holds_compute(self) -> bool:
        """Whether it is a lease that may hold compute: begun or done, and not resumed."""
        return isinstance(self.facts, LeaseFacts) and self.state in {"begun", "done"} and not self.facts.resumed


def _only_notified(mitigation: str, state: str) -> bool:
    return mitigation in NOTIFYING and state in {"begun", "done", "repeated"}


class Incident(Message):
    """One trouble.

    Attributes:
        fingerprint: model, category and rule, hashed: what makes alerts the same trouble.
        opened_at: when the first alert fired, by its source's clock; the window is counted from it.
        last_fired_at: when the last alert fired, or reached us if its source's clock is ahead.
        lag_seconds: the shortest time between firing and arrival among its alerts: what its source's clock is behind
            ours, and the way to us. Incidents of older releases have 0.
        recorded_at: when that alert reached us.
        occurrences: alerts that belong to it; ``firing`` of them have not been resolved by their source.
        recent: the last signals, oldest first: True fired, False resolved.
        armed: whether there were enough signals to act (debouncing).
        caused_by: the incident whose symptom this one is.
    """

    incident_id: str
    fingerprint: str
    model: str
    category: Category
    severity: Severity
    rule: str
    reason: str
    title: str
    state: IncidentState
    opened_at: datetime
    recorded_at: datetime
    last_fired_at: datetime
    updated_at: datetime
    lag_seconds: float = 0.0
    occurrences: int
    firing: int
    recent: tuple[bool, ...]
    armed: bool
    alert: AlertMessage
    actions: tuple[IncidentAction, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    caused_by: str = ""
    acknowledged_by: str = ""
    runbook: str = ""

    @property
    def response(self) -> str:
        """Instance id of the orchestration that answers it."""
        return instance_id("response", self.model, self.incident_id)

    @property
    def waits(self) -> bool:
        """Whether nothing has been done about it yet: it is open or acknowledged."""
        return self.state in {"open", "acknowledged"}

    @property
    def leased(self) -> bool:
        """Whether compute that it has paused, or may have, was not resumed."""
        return any(action.holds_compute for action in self.actions)

    @property
    def unfinished(self) -> bool:
        """Whether an orchestration of it may still owe something.

        It is not resolved, or an action was begun, or compute is paused, or somebody has asked for an undo. The last
        stays so: whether the undo came to its end only Durable knows.
        """
        begun = any(action.state == "begun" for action in self.actions)
        asked = any(entry.key.startswith(UNDO_ORDERED) for entry in self.timeline)
        return self.state != "resolved" or begun or self.leased or asked

    def is_about(self, alert: AlertMessage) -> bool:
        """Whether an alert of its fingerprint is about the same trouble: about no other version, if it names one.

        A version that became champion meanwhile has a trouble of its own. The one that a rollback put back has not: the
        rollback did not help.
        """
        if self.category != "degradation" or alert.model_version is None:
            return True
        known = {self.alert.model_version}
        for action in self.actions:
            if isinstance(action.facts, RollbackFacts):
                known |= {action.facts.bad_version, action.facts.target}
        known -= {None, ""}
        return not known or alert.model_version in known

    def transition(self, operation: Operation) -> "Incident":
        """The incident after an operation of the state table.

        Raises:
            TransitionError: the table does not allow it.
        """
        after = TRANSITIONS.get((operation, self.state))
        if after is None:
            allowed = sorted(
                name for name, before in TRANSITIONS if before == self.state and name in PERSONS_OPERATIONS
            )
            rule = f"allowed now: {', '.join(allowed)}" if allowed else "nothing is allowed now"
            message = f"incident {self.incident_id} is {self.state}: it cannot {operation}; {rule}"
            raise TransitionError(message, incident=self.incident_id)
        return self.model_copy(update={"state": after})

    def with_event(self, entry: TimelineEntry) -> "Incident":
        """The incident with one more line in its timeline, once per key; the oldest but the first give way."""
        if any(known.key == entry.key for known in self.timeline):
            return self
        update = {"timeline": (*self.timeline, entry), "updated_at": max(self.updated_at, entry.at)}
        return self.model_copy(update=update).with_lines(_LARGEST_TIMELINE)

    def with_lines(self, most: int) -> "Incident":
        """The incident with at most ``most`` lines: its first, one that says how many are left out, and the newest."""
        if len(self.timeline) <= most:
            return self
        first, *rest = self.timeline
        gone, newest = rest[: len(rest) - (most - 2)], rest[len(rest) - (most - 2) :]
        # The oldest of them may be such a line itself.
        number = sum(int(line.key.removeprefix(_LEFT_OUT)) if line.key.startswith(_LEFT_OUT) else 1 for line in gone)
        what = f"{number} older lines are left out here"
        note = TimelineEntry(key=f"{_LEFT_OUT}{number}", at=gone[-1].at, actor=ACTOR, what=what)
        return self.model_copy(update={"timeline": (first, note, *newest)})

    def with_action(self, action: IncidentAction) -> "Incident":
        """The incident with what became of one mitigation; each kind has one line."""
        others = tuple(known for known in self.actions if known.mitigation != action.mitigation)
        return self.model_copy(update={"actions": (*others, action), "updated_at": max(self.updated_at, action.at)})

    @property
    def undoable(self) -> bool:
        """Whether something was done that can be undone; a notification cannot be."""
        return any(action.state == "done" and action.mitigation in CHANGING for action in self.actions)

    @property
    def reported(self) -> str:
        """How often it was reported, and whether its source has resolved it, for a sentence."""
        times = "once" if self.occurrences == 1 else f"{self.occurrences} times"
        if self.firing == 0:
            return f"{times}, resolved by its source"
        return f"{times}, {'' if self.firing == self.occurrences else f'{self.firing} of them '}still firing"

    def action(self, mitigation: Mitigation) -> IncidentAction | None:
        """What became of a mitigation; None if it was not tried."""
        return next((action for action in self.actions if action.mitigation == mitigation), None)


class Signal(Message):
    """A classified alert on its way into the incident store.

    Attributes:
        window_minutes: see nightshift.domain.response.playbook.Playbook.
    """

    alert: AlertMessage
    classification: Classification
    fingerprint: str
    window_minutes: float
    debouncing: Debouncing
    runbook: str = ""
    received_at: datetime


class Recorded(Message):
    """What a signal became.

    Attributes:
        incident: as it is now; None for a resolution of which no firing was ever seen, or a firing that its own
            resolution overtook.
        opened: this signal opened the incident.
        reopened: this signal made one open again that had been acted upon and resolved.
        act: the incident is to be answered because of this signal (or of its first delivery).
        repeated: the same message had been recorded before.
    """

    alert_key: str
    incident: Incident | None
    opened: bool = False
    reopened: bool = False
    repeated: bool = False
    act: bool = False

    @property
    def response(self) -> str:
        """Instance id of the orchestration that this signal calls for."""
        assert self.incident is not None, "only a signal that belongs to an incident calls for a response"
        return f"{self.incident.response}-{self.alert_key}" if self.reopened else self.incident.response


def incident_id(fingerprint: str, alert_key: str) -> str:
    """Identity of the incident that this alert opens: whoever records it first, the id is the same."""
    return short(fingerprint, alert_key)[:12]
