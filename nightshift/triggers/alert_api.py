"""Alerts over HTTP: any known schema in, an AlertMessage on the queue of its category out."""

import asyncio
import logging

from nightshift.domain.platform.correlation import correlate
from nightshift.domain.platform.errors import (
    BadInputError,
    NightshiftError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import Principal
from nightshift.domain.platform.view import AlertReceipt
from nightshift.domain.response.alert import QUEUES, AlertMessage
from nightshift.triggers.alert_schemas.databricks_job import NoTroubleError
from nightshift.triggers.alert_schemas.document import parse
from nightshift.triggers.alert_schemas.normalise import normalise
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import JsonObject, endpoint
from nightshift.triggers.refused_alerts import keep_refused, must_be_kept

logger = logging.getLogger(__name__)

# The largest alert that Azure Monitor sends.
LARGEST_BODY = 256 * 1024
RETRY_AFTER_SECONDS = 30


class NotQueuedError(NightshiftError):
    """An alert could not be put on its queue; its sender has to send it again.

    The code is that of the cause. A refusal by Service Bus is answered with 503, too, and not with 502: it is our fault
    and not the sender's, whose repetition may find it mended, and Azure Monitor repeats a 503 but not a 502.
    """

    retryable = True
    retry_after = RETRY_AFTER_SECONDS

    def __init__(self, cause: NightshiftError) -> None:
        super().__init__(f"the alert is not queued, send it again: {cause.message}", **cause.fields)
        self._title = cause.code

    @property
    def title(self) -> str:
        """The code of the cause."""
        return self._title


class RefusedAlertKeptError(BadInputError):
    """A refused alert that is kept as a dead letter; its sender would not send it again."""

    def __init__(self, refusal: BadInputError, letter_id: str) -> None:
        kept = f"it is kept as dead letter {letter_id}, of which on-call is notified"
        NightshiftError.__init__(self, f"{refusal.message}; {kept}", **refusal.fields)
        self.code = refusal.code


@endpoint(
    "POST", "alerts", "Takes an alert in any schema of docs/alerts.md and puts it on the queue of its category.",
    roles=("AlertWriter", "Operator"), body=JsonObject, largest_body=LARGEST_BODY,
    answer=AlertReceipt, status=202, function="take_alert",
)  # fmt: skip
async def submit_alert(call: Call[None]) -> AlertReceipt:
    """202: the alert is on its queue, or it says that all is well and is ignored."""
    services, body, caller = call.services, call.raw, call.actor
    try:
        alert = normalise(parse(body), received_at=services.clock())
    except BadInputError as error:
        logger.warning("alert_refused caller=%r code=%s message=%s", caller, error.code, error.message)
        if must_be_kept(call.caller, body):
            raise await asyncio.to_thread(_kept, services, call.caller, body, error) from error
        raise
    except NoTroubleError as error:
        logger.info("alert_ignored caller=%r message=%s", caller, error.message)
        return _receipt(None, error.message)
    correlate(alert.key)
    try:
        await asyncio.to_thread(services.alert_queues.send, alert)
    except (ServiceRefusedError, ServiceUnavailableError) as error:
        logger.error("alert_not_queued alert=%s code=%s message=%s", alert.key, error.code, error.message)  # noqa: TRY400 - a named failure needs no trace
        raise NotQueuedError(error) from error
    logger.info(
        "alert_queued alert=%s model=%s category=%s state=%s source=%r caller=%r",
        alert.key, alert.partition, alert.category, alert.state, alert.source, caller,
    )  # fmt: skip
    return _receipt(alert)


def _kept(services: Services, caller: Principal, body: bytes, refusal: BadInputError) -> NightshiftError:
    """What the sender hears of a refused alert that must not be lost."""
    try:
        return RefusedAlertKeptError(refusal, keep_refused(services, caller, body, refusal).letter_id)
    except (ServiceRefusedError, ServiceUnavailableError) as error:
        logger.error("refused_alert_not_kept code=%s message=%s", error.code, error.message)  # noqa: TRY400 - a named failure needs no trace
        return NotQueuedError(error)


def _receipt(alert: AlertMessage | None, reason: str = "") -> AlertReceipt:
    """The same keys in both cases; those of an ignored notification are null."""
    return AlertReceipt(
        alert_id=alert.alert_id if alert else None,
        queue=QUEUES[alert.category] if alert else None,
        message_id=alert.message_id if alert else None,
        model=alert.model if alert else None,
        category=alert.category if alert else None,
        state=alert.state if alert else "ignored",
        reason=reason,
    )


ENDPOINTS = (submit_alert,)
