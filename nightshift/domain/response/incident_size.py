"""An incident as it fits into a property of Table storage, however much was reported and done."""

from typing import Any

from nightshift.domain.platform.text import LARGEST_PROPERTY, shortened, units
from nightshift.domain.response.incident import Incident

# The timeline keeps this many lines; after that texts are cut.
_FEWEST_LINES = 6
_LENGTHS = (1_000, 300, 100)


def fitted(incident: Incident) -> Incident:
    """The incident, without the oldest lines of its timeline but the first if it is too large; then with cut texts.

    A mitigation's facts stay whole: an undo needs them. So does what makes an alert the one that it is.
    """
    while _too_large(incident) and len(incident.timeline) > _FEWEST_LINES:
        incident = incident.with_lines(len(incident.timeline) - 1)
    for length in _LENGTHS:
        if not _too_large(incident):
            break
        incident = _cut(incident, length)
    return incident


def _too_large(incident: Incident) -> bool:
    return units(incident.model_dump_json()) > LARGEST_PROPERTY


def _cut(incident: Incident, length: int) -> Incident:
    alert = incident.alert
    texts: dict[str, Any] = {
        "reason": shortened(incident.reason, length),
        "title": shortened(incident.title, length),
        "alert": alert.model_copy(
            update={"title": shortened(alert.title, length), "detail": shortened(alert.detail, length)}
        ),
        "actions": tuple(
            action.model_copy(update={"detail": shortened(action.detail, length)}) for action in incident.actions
        ),
        "timeline": tuple(
            # A part of an address leads nowhere.
            line.model_copy(
                update={"what": shortened(line.what, length), "link": line.link if len(line.link) <= length else ""}
            )
            for line in incident.timeline
        ),
    }
    return incident.model_copy(update=texts)
