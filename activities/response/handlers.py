"""Every mitigation of ``activities.response.mitigations``, found by its declaration; a new one is a file."""

import importlib
import pkgutil

from activities.response import mitigations
from nightshift.domain.ledger.bodies import read_as
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.mitigations import Mitigation, MitigationOrder
from nightshift.services.response.mitigation import MitigationHandler


def _declared() -> dict[Mitigation, MitigationHandler]:
    """The handlers by the mitigations that they carry out.

    Raises:
        ValueError: two carry out the same.
    """
    found: dict[Mitigation, MitigationHandler] = {}
    for module in pkgutil.iter_modules(mitigations.__path__, f"{mitigations.__name__}."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, MitigationHandler):
                for name in item.names:
                    if found.setdefault(name, item) is not item:
                        raise ValueError(f"two files carry out the mitigation {name!r}")
    return found


HANDLERS = _declared()


def ordered_actions(services: Services, incident: Incident) -> tuple[IncidentAction, ...]:
    """The actions of an incident, and each order in the ledger whose action was never written into the incident.

    An activity that ended between its order and its action leaves such an order.
    """
    known = {action.mitigation for action in incident.actions}
    missing = []
    for entry in services.ledger.entries(incident.model, incident.response):
        order = read_as(entry, MitigationOrder)
        ordered = None if order is None or order.mitigation in known else HANDLERS[order.mitigation].ordered
        if ordered is not None:
            missing.append(ordered(entry))
    return (*incident.actions, *missing)
