"""Notifications to people: a page wakes on-call, a notice can wait until the morning."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field, field_validator

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.text import shortened
from nightshift.domain.response.alert import Severity

NotificationKind = Literal["page", "notice"]

# A first try takes less than this; until then no sweep touches a new notification.
FIRST_TRY = timedelta(minutes=1)
# After this time the second channel gets a page that the first has not taken.
FALLBACK_AFTER = timedelta(minutes=2)
# A notification that is delivered later than this says when it was made.
LATE_AFTER = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(minutes=5)
# The clocks of two hosts differ by less; a record from later than this was made before the clock was set back.
_CLOCKS_DIFFER = FIRST_TRY
_COLLECTED, _COLLECTED_BODY = 20, 500
_LONGEST_PROBLEM = 1_000


class Notification(Message):
    """One message to people.

    Attributes:
        key: identity; one key is sent once.
        contact: a contact of the review's escalation policy, such as ``manager``; empty: on-call.
        link: address of the app's own page about it; empty: that of its incident, or the front page, is sent.
        runbook: address of the runbook, or of the alert at its source.
        group: notifications of one group go out at least ``minutes_apart`` minutes apart; what comes meanwhile is
            collected into the next one. Empty: at once.
    """

    key: str
    kind: NotificationKind
    model: str
    incident_id: str = ""
    severity: Severity
    title: str
    body: str
    contact: str = ""
    link: str = ""
    runbook: str = ""
    group: str = ""
    minutes_apart: float = Field(default=0, ge=0)


class NotificationRecord(Message):
    """A notification that is owed until every address has taken it.

    Attributes:
        at: when the record last changed.
        made_at: when the notification was made; None in records of before this field, of which ``at`` says it.
        not_before: when it may go out, if it was held back by its group.
        attempts: sweeps and first tries in which an address did not take it.
        strikes: how often an address did not take it that took another one right after it.
        next_at: when it is tried again at the earliest.
        delivered: the addresses that have taken it, by their keys.
        problem: why the last try failed.
    """

    notification: Notification
    state: Literal["owed", "sent"]
    at: datetime
    made_at: datetime | None = None
    not_before: datetime | None = None
    attempts: int = 0
    strikes: int = 0
    next_at: datetime | None = None
    delivered: tuple[str, ...] = ()
    problem: str = ""

    @field_validator("state", mode="before")
    @classmethod
    def _of_before(cls, value: object) -> object:
        """Records of before pages were owed say ``sending``: it was begun and not seen to end."""
        return "owed" if value == "sending" else value

    @property
    def made(self) -> datetime:
        """When the notification was made."""
        return self.made_at or self.at

    @property
    def due(self) -> datetime:
        """When it was to go out."""
        return self.not_before or self.made

    def due_for(self, now: datetime) -> timedelta:
        """How long it has been due; negative before its time.

        If the clock was set back since, nobody knows how long: long enough for the second channel.
        """
        return FALLBACK_AFTER if self.made - now > _CLOCKS_DIFFER else now - self.due

    def rests(self, now: datetime) -> bool:
        """Whether the pause since the last try is not over; a clock that was set back does not make it longer."""
        return self.next_at is not None and self.next_at > now and self.at - now <= _CLOCKS_DIFFER

    @property
    def order(self) -> tuple[int, int, datetime]:
        """What goes out first: critical pages, other pages, notices; the oldest of each."""
        notification = self.notification
        urgency = 2 if notification.kind == "notice" else 0 if notification.severity == "critical" else 1
        return (self.strikes, urgency, self.due)

    def taken(self, address: str, now: datetime) -> "NotificationRecord":
        """The record after an address has taken it."""
        if address in self.delivered:
            return self
        return self.model_copy(update={"delivered": (*self.delivered, address), "at": now})

    def failed(self, problem: str, now: datetime) -> "NotificationRecord":
        """The record after a try that failed; the pause before the next one grows up to five minutes."""
        pause = min(FIRST_TRY * 2 ** min(self.attempts, 10), _LONGEST_PAUSE)
        update: dict[str, Any] = {"attempts": self.attempts + 1, "next_at": now + pause, "at": now}
        return self.model_copy(update=update | {"problem": shortened(problem, _LONGEST_PROBLEM)})


class NotifyResult(Message):
    """Whether a notification was delivered; it is on record in any case.

    Attributes:
        problem: why it is not out yet: it stays owed, and a sweep delivers it; empty otherwise.
        not_before: when it may go out, if it is held back by its group.
        delivered_at: when every address had taken it.
        addressed: whether any address is set for it.
    """

    problem: str = ""
    not_before: datetime | None = None
    delivered_at: datetime | None = None
    addressed: bool = True


def next_slot(last: datetime | None, now: datetime, minutes_apart: float) -> datetime:
    """When the next notification of a group goes out.

    Args:
        last: when its last one went out, or is going to: then this one is collected into it.
    """
    if last is None:
        return now
    apart = timedelta(minutes=minutes_apart)
    # A host whose clock is ahead may have said when the last one goes out: no notification waits for longer than this.
    return min(last, now + apart) if last > now else max(now, last + apart)


def message_of(records: Sequence[NotificationRecord], now: datetime, first_away: str = "") -> Notification:
    """What is sent for owed notifications of one group, oldest first: the newest, with the others collected.

    Args:
        first_away: why the first channel did not take it; set for the second channel.
    """
    newest = records[-1]
    lines = []
    if first_away:
        lines.append(f"By the second channel, because the first has not taken it: {first_away}")
    if now - records[0].due >= LATE_AFTER:
        lines.append(f"Late: made at {_moment(records[0].made)}, and not delivered until {_moment(now)}.")
    if len(records) > 1:
        lines.append(f"{len(records)} pages of this incident, collected since {_moment(records[0].made)}.")
    lines.append(newest.notification.body)
    earlier = records[:-1]
    lines += [
        f"{_moment(record.made)}: {record.notification.body[:_COLLECTED_BODY]}" for record in earlier[-_COLLECTED:]
    ]
    if len(earlier) > _COLLECTED:
        lines.append(f"and {len(earlier) - _COLLECTED} before; the incident's timeline has them all")
    return newest.notification.model_copy(update={"body": "\n".join(lines)})


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
