"""Alerts over HTTP: any known schema in, an AlertMessage on the queue of its category out."""

import asyncio
import json
import logging
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.correlation import correlate
from nightshift.domain.platform.errors import (
    BadInputError,
    NightshiftError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import Principal
from nightshift.domain.response.alert import QUEUES, AlertMessage
from nightshift.triggers.alert_schemas.databricks_job import NoTroubleError
from nightshift.triggers.alert_schemas.document import parse
from nightshift.triggers.alert_schemas.normalise import normalise
from nightshift.triggers.principal import require_role
from nightshift.triggers.problem import explained, problem
from nightshift.triggers.refused_alerts import keep_refused, must_be_kept

logger = logging.getLogger(__name__)

# The largest alert that Azure Monitor sends.
LARGEST_BODY = 256 * 1024
RETRY_AFTER_SECONDS = 30


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``POST /api/alerts``.

    202: the alert is on its queue (or says that all is well, and is ignored). 400: a field breaks a rule. 401, 403:
    without the role AlertWriter or Operator. 413: over 256 KiB. 503: Service Bus does not take it; send it again.
    """
    result = df.Blueprint()

    @result.route(route="api/alerts", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
    @explained
    async def take_alert(req: func.HttpRequest) -> func.HttpResponse:
        principal, body = require_role(req, "AlertWriter", "Operator"), req.get_body()
        caller = principal.actor
        if len(body) > LARGEST_BODY:
            logger.warning("alert_refused caller=%r code=too_large bytes=%s", caller, len(body))
            return problem(413, "too_large", f"body = {len(body)} bytes: an alert has at most {LARGEST_BODY}")
        try:
            alert = normalise(parse(body), received_at=services().clock())
        except BadInputError as error:
            logger.warning("alert_refused caller=%r code=%s message=%s", caller, error.code, error.message)
            if not must_be_kept(principal, body):
                raise
            return await asyncio.to_thread(_refused, services(), principal, body, error)
        except NoTroubleError as error:
            logger.info("alert_ignored caller=%r message=%s", caller, error.message)
            return _taken(None, error.message)
        correlate(alert.key)
        try:
            await asyncio.to_thread(services().alert_queues.send, alert)
        except (ServiceRefusedError, ServiceUnavailableError) as error:
            # A refusal is our fault and not the sender's, whose repetition may find it mended.
            logger.error("alert_not_queued alert=%s code=%s message=%s", alert.key, error.code, error.message)  # noqa: TRY400 - a named failure needs no trace
            return _send_again(error)
        logger.info(
            "alert_queued alert=%s model=%s category=%s state=%s source=%r caller=%r",
            alert.key, alert.partition, alert.category, alert.state, alert.source, caller,
        )  # fmt: skip
        return _taken(alert)

    return result


def _refused(services: Services, caller: Principal, body: bytes, refusal: BadInputError) -> func.HttpResponse:
    """400, with the dead letter that the alert is; 503 if it could not be kept."""
    try:
        letter = keep_refused(services, caller, body, refusal)
    except (ServiceRefusedError, ServiceUnavailableError) as error:
        logger.error("refused_alert_not_kept code=%s message=%s", error.code, error.message)  # noqa: TRY400 - a named failure needs no trace
        return _send_again(error)
    kept = f"it is kept as dead letter {letter.letter_id}, of which on-call is notified"
    return problem(400, refusal.code, f"{refusal.message}; {kept}")


def _send_again(error: NightshiftError) -> func.HttpResponse:
    response = problem(503, error.code, f"the alert is not queued, send it again: {error.message}")
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _taken(alert: AlertMessage | None, reason: str = "") -> func.HttpResponse:
    """202 with the same keys in both cases; those of an ignored notification are null."""
    body = {
        "alert_id": alert.alert_id if alert else None,
        "queue": QUEUES[alert.category] if alert else None,
        "message_id": alert.message_id if alert else None,
        "model": alert.model if alert else None,
        "category": alert.category if alert else None,
        "state": alert.state if alert else "ignored",
    }
    if reason:
        body["reason"] = reason
    return func.HttpResponse(json.dumps(body), status_code=202, mimetype="application/json")
