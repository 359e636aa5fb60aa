"""A model in trouble: its spec, its champions, and alerts about it, on real storage and a real registry."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import yaml

from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.names import CHAMPION, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.messages import MitigateRequest, UndoRequest
from nightshift.domain.response.mitigations import Mitigation
from nightshift.services.response.record_alert import record_alert
from tests.support.incident_examples import alert

ROOT = Path(__file__).resolve().parents[2]


class Replaced:
    """Services of which some ports are replaced, or a port of which some calls are."""

    def __init__(self, whole: Any, **parts: Any) -> None:
        self._whole = whole
        self._parts = parts

    def __getattr__(self, name: str) -> Any:
        return self._parts[name] if name in self._parts else getattr(self._whole, name)


class Case:
    """One model of a test's own, with a spec, and what a test does with it and sees of it."""

    def __init__(self, services: Services, specs: Path) -> None:
        self.model = f"m{uuid.uuid4().hex[:16]}"
        self.services = services
        self._spec = specs / f"{self.model}.yaml"
        self.specify()

    def specify(self, **changes: Any) -> None:
        """Write the spec; by default signals look at the present only."""
        document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
        playbook = {"settle_minutes": 0} | changes.pop("playbook", {})
        self._spec.write_text(yaml.safe_dump(document | {"name": self.model, "playbook": playbook} | changes))

    def replace(self, **ports: Any) -> None:
        """Put other implementations of ports in."""
        self.services = cast("Services", Replaced(self.services, **ports))

    def alert(self, name: str = "a1", **given: Any) -> Incident:
        """The incident of an alert that fires now."""
        fields = {"alert_id": f"{self.model}-{name}", "model": self.model, "fired_at": self.services.clock()}
        recorded = record_alert(self.services, alert(**(fields | given)).model_dump_json().encode())
        assert recorded.incident is not None
        return recorded.incident

    def drift(self, name: str = "d1", **given: Any) -> Incident:
        """The incident of critical drift."""
        fields = {"category": "drift", "metric": "psi", "value": 0.5, "baseline": None}
        return self.alert(name, **(fields | given))

    def request(self, incident: Incident, mitigation: Mitigation) -> MitigateRequest:
        """The order to mitigate it."""
        return MitigateRequest(
            model=incident.model, incident_id=incident.incident_id, mitigation=mitigation, reason="the playbook's line"
        )

    def undo_request(self, incident: Incident, actor: str = "ann") -> UndoRequest:
        """A person's order to take back what was done."""
        return UndoRequest(model=incident.model, incident_id=incident.incident_id, actor=actor, comment="it was right")

    def read(self, incident: Incident) -> Incident:
        """The incident as it is now."""
        found = self.services.incidents.get(incident.model, incident.incident_id)
        assert found is not None
        return found

    def action(self, incident: Incident, mitigation: Mitigation) -> IncidentAction:
        """What became of a mitigation."""
        found = self.read(incident).action(mitigation)
        assert found is not None
        return found

    @property
    def champion(self) -> str | None:
        """Who holds the alias."""
        return self.services.registry.version_of(self.model, CHAMPION)

    @property
    def reigns(self) -> list[str]:
        """The champions, oldest first."""
        return [move.version for move in self.services.champions.moves(self.model) if move.state == "done"]

    def quarantine(self, version: str) -> str | None:
        """The incident for which a version is in quarantine."""
        found = self.services.registry.version(self.model, version)
        assert found is not None
        return found.tags.get(TAG_QUARANTINE)

    def entries(self, model: str | None = None) -> tuple[LedgerEntry, ...]:
        """The ledger of the model."""
        return self.services.ledger.entries(model or self.model)


def later(services: Services, at: datetime) -> Services:
    """The same services at another time."""
    return cast("Services", Replaced(services, clock=lambda: at))
