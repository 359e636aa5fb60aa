"""What each mitigation is: its name, what it orders in the ledger, and what is kept of it in an incident.

`MITIGATIONS` has one row for each. How one is carried out and taken back is in `activities.response.mitigations`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, field_serializer

from nightshift.domain.ledger.ledger import Body, EntryKind
from nightshift.domain.platform.message import Message
from nightshift.domain.response.compute import ComputeRef
from nightshift.domain.uploads.upload import Upload

Mitigation = Literal["rollback", "retrain", "page", "notify", "pause_compute", "ask"]


class MitigationOrder(Body):
    """A mitigation that is about to be carried out, and the incident that it is for."""

    entry_kind: ClassVar[EntryKind] = "mitigation"

    mitigation: Mitigation
    incident: str
    rule: str
    reason: str


class RollbackOrder(MitigationOrder):
    """The bad version, and the one that is to be champion again.

    Attributes:
        bad_created_at, target_created_at: when MLflow made them, which tells a version from another one that has its
            number now; None in orders of releases that did not write it.
        alert: that caused it, without its detail.
    """

    mitigation: Literal["rollback"] = "rollback"
    bad_version: str
    bad_created_at: datetime | None = None
    target: str
    target_created_at: datetime | None = None
    alert: dict[str, Any]


class RollbackFacts(Message):
    """The version that was taken out of service, and the one that came back; empty if nothing was ordered."""

    kind: Literal["rollback"] = "rollback"
    bad_version: str = ""
    target: str = ""


class RetrainingOrder(MitigationOrder):
    """The files that are to be trained on once more, oldest first."""

    mitigation: Literal["retrain"] = "retrain"
    files: tuple[str, ...]
    uploads: tuple[Upload, ...]
    alert: dict[str, Any]


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


class LeaseOrder(MitigationOrder):
    """The compute that is to be paused until ``ends``; ``run_on`` says how much more runs than a lease can hold."""

    mitigation: Literal["pause_compute"] = "pause_compute"
    ends: datetime
    resources: tuple[ComputeRef, ...]
    names: tuple[str, ...]
    run_on: int = 0
    spared: dict[str, str] = {}


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

    @field_serializer("ends")
    def _as_before(self, ends: datetime | None) -> str | None:
        """With an offset and no ``Z``: release 0.1.0 stored it so, and scripts read it so."""
        return None if ends is None else ends.isoformat()


class NotificationFacts(Message):
    """Key of the notification that was sent, or is owed."""

    kind: Literal["page", "notify", "ask"]
    notification: str = ""


Facts = Annotated[RollbackFacts | RetrainingFacts | LeaseFacts | NotificationFacts, Field(discriminator="kind")]
_FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)


@dataclass(frozen=True)
class MitigationKind:
    """What is to be known of a mitigation, whoever asks.

    Attributes:
        order: what it writes into the ledger before it changes anything; None for one that only notifies people, which
            cannot be taken back.
        verified: whether the signal must recover after it, or a person is paged.
    """

    order: type[MitigationOrder] | None = None
    verified: bool = False


MITIGATIONS: dict[Mitigation, MitigationKind] = {
    "rollback": MitigationKind(RollbackOrder, verified=True),
    "retrain": MitigationKind(RetrainingOrder, verified=True),
    "pause_compute": MitigationKind(LeaseOrder),
    "page": MitigationKind(),
    "notify": MitigationKind(),
    "ask": MitigationKind(),
}
CHANGING: frozenset[str] = frozenset(name for name, kind in MITIGATIONS.items() if kind.order is not None)
NOTIFYING: frozenset[str] = frozenset(MITIGATIONS) - CHANGING
VERIFIED: frozenset[str] = frozenset(name for name, kind in MITIGATIONS.items() if kind.verified)


def facts_of(mitigation: Mitigation, **known: object) -> Facts:
    """The facts of a mitigation; without any, those of one of which nothing was ordered.

    Raises:
        pydantic.ValidationError: a mitigation of this kind has no such facts.
    """
    return _FACTS.validate_python({"kind": mitigation, **known})


def order_kind(mitigation: str) -> type[MitigationOrder] | None:
    """What the ledger entry that orders a mitigation says; None if this release orders no such mitigation."""
    return next((kind.order for name, kind in MITIGATIONS.items() if name == mitigation), None)
