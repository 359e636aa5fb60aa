"""Recognise the schema of an alert and turn it into ours."""

from collections.abc import Mapping
from datetime import UTC, datetime

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.alert import CLOCK_TOLERANCE, AlertMessage, too_early
from nightshift.triggers.alert_schemas import azure_budget, azure_monitor, databricks_job, native

EXPECTED = (
    f'an Azure Monitor alert ("schemaId": "{azure_monitor.SCHEMA_ID}"), '
    f'an Azure budget notification ("schemaId": "{azure_budget.SCHEMA_ID}"), '
    f'a Databricks job notification ("{databricks_job.MARK}": "jobs.on_failure") '
    f'or an AlertMessage ("{native.MARK}")'
)
# Long before there was anything to watch: a source with such a clock is broken.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def normalise(document: object, *, received_at: datetime) -> AlertMessage:
    """Turn a document of any known schema into an alert.

    Raises:
        BadInputError: no schema that is known, a field that breaks a rule, or a time in the future; names the field.
        NoTroubleError: a known notification that says that all is well.
    """
    if not isinstance(document, Mapping):
        raise BadInputError(field="body", value=type(document).__name__, rule=f"must be a JSON object: {EXPECTED}")
    alert = _read(document, received_at)
    if too_early(alert.fired_at, received_at):
        ahead = alert.fired_at - received_at
        raise BadInputError(
            field="fired_at",
            value=alert.fired_at.isoformat(),
            rule=f"lies {ahead} in the future, and {CLOCK_TOLERANCE} are tolerated; it is {received_at.isoformat()}",
        )
    if alert.fired_at < _EARLIEST:
        rule = f"must not be before {_EARLIEST.isoformat()}"
        raise BadInputError(field="fired_at", value=alert.fired_at.isoformat(), rule=rule)
    return alert


def is_outside(document: object) -> bool:
    """Whether a document is in the schema of an outside system, however wrong it is."""
    return isinstance(document, Mapping) and ("schemaId" in document or databricks_job.MARK in document)


def _read(document: Mapping[str, object], received_at: datetime) -> AlertMessage:
    schema = document.get("schemaId")
    if schema == azure_monitor.SCHEMA_ID:
        if _service(document) == azure_budget.COST_ALERTS:
            return azure_budget.from_cost_alert(document)
        return azure_monitor.from_azure_monitor(document)
    if schema == azure_budget.SCHEMA_ID:
        return azure_budget.from_action_group(document, received_at=received_at)
    if schema is not None:
        raise BadInputError(field="schemaId", value=str(schema)[:100], rule=f"is not known; expected {EXPECTED}")
    if databricks_job.MARK in document:
        return databricks_job.from_databricks(document, received_at=received_at)
    if native.MARK in document:
        return native.from_native(document)
    keys = ", ".join(sorted(document))[:100]
    raise BadInputError(field="body", value=keys, rule=f"is no schema that is known; expected {EXPECTED}")


def _service(document: Mapping[str, object]) -> object:
    data = document.get("data")
    essentials = data.get("essentials") if isinstance(data, Mapping) else None
    return essentials.get("monitoringService") if isinstance(essentials, Mapping) else None
