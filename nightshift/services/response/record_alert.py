"""Handle an alert from its queue: read it, classify it, record it in the incident store."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError

from agents.response.classification import classify
from nightshift.domain.platform.broken_rules import bad_input
from nightshift.domain.platform.errors import BadInputError, SpecError, UnknownModelError, closest
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import (
    CLOCK_TOLERANCE,
    LARGEST_BYTES,
    AlertMessage,
    Classification,
    fingerprint,
    text_of,
    too_early,
)
from nightshift.domain.response.incident import Recorded, Signal
from nightshift.domain.response.playbook import Debouncing, Playbook

logger = logging.getLogger(__name__)


def read_alert(body: bytes, known_models: Sequence[str], now: datetime) -> AlertMessage:
    """Read a message from an alert queue.

    Raises:
        BadInputError: too large, not UTF-8, not JSON, not an AlertMessage, or from the future; names field and rule.
        UnknownModelError: no spec has this name.
    """
    if len(body) > LARGEST_BYTES:
        rule = f"an alert holds at most {LARGEST_BYTES} bytes; link what is larger"
        raise BadInputError(field="body", value=f"{len(body)} bytes", rule=rule, where="alert")
    try:
        text = text_of(body)
    except ValueError as error:
        raise BadInputError(field="body", value=body[:40], rule=str(error), where="alert") from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(field="body", value=body[:80], rule=f"must be JSON: {error}", where="alert") from error
    try:
        alert = AlertMessage.model_validate(document)
    except ValidationError as error:
        raise bad_input(error, AlertMessage, where="alert") from error
    if alert.model is not None and alert.model not in known_models:
        raise UnknownModelError(alert.model, tuple(known_models), where="alert")
    if too_early(alert.fired_at, now):
        rule = f"lies more than {CLOCK_TOLERANCE} in the future; it is {now.isoformat()} now"
        raise BadInputError(field="fired_at", value=alert.fired_at.isoformat(), rule=rule, where="alert")
    return alert


def record_alert(services: Services, body: bytes) -> Recorded:
    """Judge an alert and record it, once however often it is delivered.

    Raises:
        BadInputError: the message cannot be understood; it is for the dead-letter queue.
    """
    now = services.clock()
    alert = read_alert(body, services.specs.names(), now)
    playbook = playbook_of(services, alert.model)
    judged = _with_doubts(services, alert, classify(alert, playbook.thresholds))
    recorded = services.incidents.record(
        Signal(
            alert=alert,
            classification=judged,
            fingerprint=fingerprint(alert, judged),
            window_minutes=playbook.window_minutes,
            debouncing=playbook.damping.get(alert.category, Debouncing()),
            runbook=playbook.runbook,
            received_at=now,
        )
    )
    incident = recorded.incident
    logger.info(
        "alert_recorded model=%s alert=%s state=%s rule=%s severity=%s incident=%s opened=%s repeated=%s",
        alert.partition, alert.key, alert.state, judged.rule, judged.severity,
        incident.incident_id if incident else None, recorded.opened, recorded.repeated,
    )  # fmt: skip
    return recorded


def _with_doubts(services: Services, alert: AlertMessage, judged: Classification) -> Classification:
    """The judgement, which says so if the alert names a column that the model's contract does not have.

    It is acted upon all the same: a monitor may watch what is derived of the columns, or a column that has just gone.
    """
    if not alert.feature or alert.model is None:
        return judged
    try:
        contract = services.specs.get(alert.model).contract
    except SpecError:
        return judged
    names = [column.name for column in contract.columns]
    if alert.feature in names:
        return judged
    near = closest(alert.feature, names)
    hint = f", which has {near!r}" if near else ""
    doubt = f"{alert.feature[:100]!r} is no column of the contract of {alert.model}{hint}"
    return judged.model_copy(update={"reason": f"{judged.reason}; {doubt}"})


def playbook_of(services: Services, model: str | None) -> Playbook:
    """The playbook of a model; without one (or for ``platform``) the platform's.

    A spec that cannot be read has the platform's too: the alert that says so must reach a person.
    """
    if model is None or model not in services.specs.names():
        return services.specs.platform()
    try:
        return services.specs.get(model).playbook
    except SpecError as error:
        logger.warning("playbook_unreadable model=%s message=%s", model, error.message)
        return services.specs.platform()
