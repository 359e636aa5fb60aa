"""Close the incidents of runs that halted or failed when a later run of the model went well."""

import logging
from collections.abc import Callable
from typing import get_args

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import Severity
from nightshift.domain.response.incident import Incident, TimelineEntry

logger = logging.getLogger(__name__)

# What a run reports that stops before its decision, leaves files out or breaks off: the next decision ends it. What is
# not named here, such as an endpoint that did not follow, no decision shows to be over.
_BEFORE_DECISION = frozenset(
    {
        "validate_data",
        "trigger_databricks_job",
        "poll_job_status",
        "evaluate_metrics",
        "decide_action",
        "refused",
        "run_broke_off",
        "queue_gone",
    }
)
# A model that could not be improved is over with a promotion.
_NEEDS_PROMOTION = frozenset({"improvement_rejected", "improvement_failed"})
# With more reports of one problem than this, a person must look at it.
_OCCURRENCES = 100


def close_superseded(services: Services, model: str, run: str, outcome: str) -> tuple[Incident, ...]:
    """Resolve what earlier runs reported and what this run's outcome shows to be over; return what was closed.

    Only Nightshift's own reports about runs are closed. One that this run has added to stays: its trouble goes on.

    Args:
        outcome: ``promoted``, ``rejected`` or ``flagged``: the run has come to a decision.
    """
    closed = []
    reports = (services.incidents.open_of(model, "pipeline", severity) for severity in get_args(Severity))
    for incident in [incident for found in reports for incident in found]:
        if _is_over(services, incident, run, outcome):
            after = services.incidents.change(model, incident.incident_id, _closing(services, incident, run, outcome))
            if after.state == "resolved":
                closed.append(after)
                logger.info("incident_superseded model=%s incident=%s run=%s", model, incident.incident_id, run)
    return tuple(closed)


def _is_over(services: Services, incident: Incident, run: str, outcome: str) -> bool:
    rule = incident.alert.rule
    shown = rule in _BEFORE_DECISION or (rule in _NEEDS_PROMOTION and outcome == "promoted")
    if incident.alert.source != ACTOR or not shown:
        return False
    if incident.occurrences > _OCCURRENCES:
        return False
    occurrences = services.incidents.occurrences(incident.model, incident.incident_id, _OCCURRENCES)
    mine, reported = RunId.parse(run), {RunId.parse(item.run) for item in occurrences}
    # A run and its improvement loop both report about the same upload.
    return mine is not None and None not in reported and not reported & {mine, mine.relative}


def _closing(services: Services, seen: Incident, run: str, outcome: str) -> Callable[[Incident], Incident]:
    entry = TimelineEntry(
        key=f"superseded-{run}", at=services.clock(), actor=ACTOR, what=f"run {run} went well: {outcome}"
    )

    def change(known: Incident) -> Incident:
        if known.state == "resolved" or known.occurrences != seen.occurrences:
            return known
        return known.transition("resolve").with_event(entry)

    return change
