"""Raise an alert of our own: it goes to the queue of pipeline alerts, as every other does."""

import logging

from nightshift.domain.lifecycle.run import AlertRequest
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.text import escaped, escaped_line, shortened
from nightshift.domain.response.alert import AlertMessage
from nightshift.services.lifecycle.halts import append_halt

logger = logging.getLogger(__name__)

_TITLE, _DETAIL = 300, 8_000


def raise_alert(services: Services, request: AlertRequest) -> AlertMessage:
    """Put an alert on its queue under its key; the queue and the incident store recognise a repeat.

    Then the ledger gets the end of a run that did not record it itself.
    """
    alert = AlertMessage(
        alert_id=request.key[:256],
        category="pipeline",
        model=request.model if request.model in services.specs.names() else None,
        source="nightshift",
        rule=request.rule[:200],
        severity=request.severity,
        title=escaped_line(request.title, _TITLE),
        detail=shortened(escaped(request.detail, keep="\n"), _DETAIL),
        fired_at=request.at,
        run=request.run[:200],
    )
    services.alert_queues.send(alert)
    if request.halt is not None:
        append_halt(services, request.halt)
    logger.warning(
        "alert_raised run=%s model=%s severity=%s title=%s", request.run, request.model, alert.severity, alert.title
    )
    return alert
