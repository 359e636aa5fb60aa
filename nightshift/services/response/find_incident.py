"""The record of an incident that somebody names by its id."""

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident


def find_incident(services: Services, model: str, incident_id: str) -> Incident:
    """An incident that must be there.

    Raises:
        BadInputError: it is not.
    """
    incident = services.incidents.get(model, incident_id)
    if incident is None:
        raise BadInputError(field="incident", value=incident_id, rule=f"is no incident of {model}")
    return incident
