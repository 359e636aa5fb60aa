"""What a file of ``activities.response.mitigations`` declares: how one is carried out, finished and taken back."""

from collections.abc import Callable
from dataclasses import dataclass

from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Done
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.messages import (
    EndpointTarget,
    MitigateRequest,
    MitigationResult,
    RetrainingRequest,
    RetrainingState,
    UndoRequest,
)
from nightshift.domain.response.mitigations import Mitigation
from nightshift.services.ledger.order_kinds import OrderKind
from nightshift.services.platform.activity import Declaration


@dataclass(frozen=True)
class Undone:
    """What came of taking one action back.

    Attributes:
        done: what was taken back, as a phrase; empty if nothing was.
        refused: why nothing was; empty if something was.
        serve: an endpoint that must follow.
    """

    done: str = ""
    refused: str = ""
    serve: EndpointTarget | None = None


@dataclass(frozen=True)
class MitigationHandler:
    """How a mitigation is carried out, finished and taken back.

    Attributes:
        names: the mitigations of the playbook that it carries out.
        act: carries it out; a repeat changes nothing.
        outcome: says what came of it, if it takes long; asked for as long as its result has an ``identity``.
        end: ends it at its ``resume_at``.
        undo: takes an action back; None if there is nothing about it that could be.
        ordered: the action that its order stands for, of which the incident does not know yet.
        orders: how the sweep finds what was ordered and not carried out, and finishes it.
        went_well: whether what came of an action can wait until the morning.
    """

    names: tuple[Mitigation, ...]
    act: Declaration[MitigateRequest, MitigationResult]
    outcome: Declaration[RetrainingRequest, RetrainingState] | None = None
    end: Declaration[MitigateRequest, Done] | None = None
    undo: Callable[[Services, UndoRequest, Incident, IncidentAction], Undone | None] | None = None
    ordered: Callable[[LedgerEntry], IncidentAction] | None = None
    orders: tuple[OrderKind, ...] = ()
    went_well: Callable[[IncidentAction], bool] = lambda action: action.state == "undone"
