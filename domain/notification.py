"""What people are told, outside of the pages: a page wakes on-call, a notice can wait until the morning."""

from datetime import datetime
from typing import Literal

from domain.alert import Severity
from domain.message import Message
from domain.step import Failure

NotificationKind = Literal["page", "notice"]


class Notification(Message):
    """One message to people.

    Attributes:
        key: identity; one key is told once.
        contact: a contact of the review's ladder who is meant, such as ``manager``; empty: on-call.
        link: address of the incident, the run or the runbook.
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


class NotificationRecord(Message):
    """A notification and whether it has gone out."""

    notification: Notification
    state: Literal["sending", "sent"]
    at: datetime


class NotifyResult(Message):
    """Result of telling people."""

    failure: Failure | None = None
