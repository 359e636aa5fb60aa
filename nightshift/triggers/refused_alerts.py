"""Alerts that were refused over HTTP: their sender does not repeat them, so that they are kept as dead letters."""

import hashlib
import json

from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.names import REFUSED_ALERTS
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import Principal
from nightshift.domain.response.alert import QUEUES, text_of
from nightshift.services.dead_letters.dead_letters import Redriven, dead_letter_alert, record_dead_letter
from nightshift.triggers.alert_schemas.databricks_job import NoTroubleError
from nightshift.triggers.alert_schemas.document import parse
from nightshift.triggers.alert_schemas.normalise import is_outside, normalise


def must_be_kept(caller: Principal, body: bytes) -> bool:
    """Whether nobody would read the refusal: an application has sent it, or it has the schema of an outside system."""
    try:
        document: object = json.loads(text_of(body))
    except (ValueError, RecursionError):
        document = None
    return caller.application or is_outside(document)


def keep_refused(services: Services, caller: Principal, body: bytes, refusal: BadInputError) -> DeadLetter:
    """Keep a refused alert, and put the alert that the dead letter is on its queue.

    Raises:
        ServiceRefusedError, ServiceUnavailableError: storage or Service Bus does not take it; it must be sent again.
    """
    dead_letter = record_dead_letter(
        services,
        queue=REFUSED_ALERTS,
        message_id=hashlib.sha256(body).hexdigest()[:32],
        body=body,
        broker_reason="",
        delivery_count=1,
        enqueued_at=services.clock(),
        properties={"caller": caller.actor},
        refusal=refusal,
    )
    services.alert_queues.send(dead_letter_alert(dead_letter))
    return dead_letter


def read_refused(services: Services, body: bytes) -> Redriven:
    """The message on a queue that a refused alert is, if it is understood now.

    Raises:
        BadInputError: it is refused as before, or says that all is well.
    """
    try:
        alert = normalise(parse(body), received_at=services.clock())
    except NoTroubleError as error:
        raise BadInputError(field="body", value="...", rule=error.message) from error
    return Redriven(queue=QUEUES[alert.category], body=alert.model_dump_json(exclude_none=True).encode())
