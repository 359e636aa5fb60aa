"""What an undo, a sweep or a page has to know of a mitigation that was taken: one message per kind of mitigation."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from nightshift.domain.platform.message import Message
from nightshift.domain.response.compute import ComputeRef
from nightshift.domain.response.playbook import Mitigation


class RollbackFacts(Message):
    """The version that was taken out of service, and the one that came back; empty if nothing was ordered."""

    kind: Literal["rollback"] = "rollback"
    bad_version: str = ""
    target: str = ""


class RetrainingFacts(Message):
    """A retraining.

    Attributes:
        identity: of the upload that it was ordered as; empty if nothing was ordered.
        run: its lifecycle run, once that is known, and the ``outcome`` of the run.
    """

    kind: Literal["retrain"] = "retrain"
    identity: str = ""
    run: str = ""
    outcome: str = ""


class LeaseFacts(Message):
    """Compute that was paused.

    Attributes:
        resources: what was paused, with their ``names`` in the same order.
        ends: when it is resumed at the latest.
        resumed: the lease has ended.
        started: ids of the resources that were started again.
        unanswered: resources that did not answer and were not paused.
    """

    kind: Literal["pause_compute"] = "pause_compute"
    resources: tuple[ComputeRef, ...] = ()
    names: tuple[str, ...] = ()
    ends: datetime | None = None
    resumed: bool = False
    started: tuple[str, ...] = ()
    unanswered: int = 0


class NotificationFacts(Message):
    """Key of the notification that was sent, or is owed."""

    kind: Literal["page", "notify", "ask"]
    notification: str = ""


Facts = Annotated[RollbackFacts | RetrainingFacts | LeaseFacts | NotificationFacts, Field(discriminator="kind")]
_FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)


def facts_of(mitigation: Mitigation, **known: object) -> Facts:
    """The facts of a mitigation; without any, those of one of which nothing was ordered.

    Raises:
        pydantic.ValidationError: a mitigation of this kind has no such facts.
    """
    return _FACTS.validate_python({"kind": mitigation, **known})
