"""Take a change of champion back that a mitigation has made: by its order in the ledger, and by compare-and-set."""

from dataclasses import dataclass
from datetime import datetime

from nightshift.domain.ledger.bodies import UndoOrder, record
from nightshift.domain.ledger.ledger import ACTOR, LedgerEntry
from nightshift.domain.platform.errors import ChampionMovedError
from nightshift.domain.platform.names import CHAMPION, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.messages import UndoRequest
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.champions.move_orders import find_move
from nightshift.services.response.keep_action import keep_action


def order_undo(
    services: Services, request: UndoRequest, incident: Incident, action: IncidentAction, version: str
) -> LedgerEntry:
    """Append that a mitigation is about to be taken back, so that this version is champion again; once."""
    return services.ledger.append(
        record(
            UndoOrder(
                mitigation=action.mitigation,
                incident=incident.incident_id,
                comment=request.comment,
                undoes=action.ledger,
                order=request.order,
            ),
            key=_undo_key(incident, action),
            model=request.model,
            run=incident.response,
            subject=f"version {version}",
            actor=request.actor,
        )
    )


def undo_was_ordered(services: Services, incident: Incident, action: IncidentAction) -> bool:
    """Whether the ledger has the order to take a mitigation back."""
    return services.ledger.find(incident.model, _undo_key(incident, action)) is not None


@dataclass(frozen=True, kw_only=True)
class TakeBack:
    """Taking one change of champion back, so that ``version`` is champion again instead of ``expected``.

    Attributes:
        created_at: when MLflow made the version that comes back; None if no record says it.
        taken_back: whether the incident says already that it was.
        quarantined: whether the version that comes back is in quarantine, which ends.
    """

    services: Services
    request: UndoRequest
    incident: Incident
    action: IncidentAction
    expected: str
    version: str
    created_at: datetime | None
    taken_back: bool
    quarantined: bool = False

    def run(self) -> tuple[str, str]:
        """Move the alias back and lift the quarantine; a repeat finds it done.

        Returns:
            How the version has become champion (``again``, or ``already`` if somebody else has set the alias back), and
            why it has not; the latter is empty if it has.
        """
        how = "already" if self._is_set_back() else "again"
        return how, self._moved_on() or self._move_back()

    def _is_set_back(self) -> bool:
        """Whether the alias points at a version to which no undo has moved it."""
        moved = find_move(self.services, self.incident.model, _undo_key(self.incident, self.action)) is not None
        return not moved and self._champion() == self.version

    def _moved_on(self) -> str:
        """Why an undo that was done before has nothing left to say; empty if it was not, or still stands."""
        champion = self._champion()
        if not self.taken_back or champion == self.version:
            return ""
        return f"it was taken back already; version {champion or 'none'} is champion since"

    def _move_back(self) -> str:
        services, model, version = self.services, self.request.model, self.version
        registered = services.registry.version(model, version)
        if registered is not None and registered.is_another(self.created_at, self.action.at):
            return f"version {version} was deleted since, and its number belongs to another version"
        entry = order_undo(services, self.request, self.incident, self.action, version)
        if not self._is_set_back():
            try:
                move_champion(
                    services,
                    model=model,
                    expected=self.expected,
                    version=version,
                    run=self.incident.response,
                    decided_by=entry.key,
                    kind="undo",
                )
            except ChampionMovedError as error:
                return error.message
        if self.quarantined:
            services.registry.tag(model, version, TAG_QUARANTINE, None)
        if not self.taken_back:
            self._keep()
        return ""

    def _keep(self) -> None:
        own = self.request.actor == ACTOR
        by = "its endpoint did not follow" if own else f"taken back by {self.request.actor}"
        update = {
            "state": "failed" if own else "undone",
            "detail": f"{self.action.detail}; {by}: version {self.version} is champion",
            "at": self.services.clock(),
        }
        keep_action(self.services, self.incident, self.action.model_copy(update=update), actor=self.request.actor)

    def _champion(self) -> str | None:
        return self.services.registry.version_of(self.incident.model, CHAMPION)


def _undo_key(incident: Incident, action: IncidentAction) -> str:
    return f"undo:{incident.incident_id}:{action.mitigation}"
