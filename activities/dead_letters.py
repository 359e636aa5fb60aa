"""Keep what could not be handled, tell on-call, and send it again when a person says so."""

import base64
import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activities.notify import run_notify
from activities.respond import read_alert
from domain.alert import PLATFORM, QUEUES
from domain.dead_letter import DeadLetter, RedrivePlan
from domain.errors import BadInputError, ConflictError, UnknownModelError
from domain.identity import short
from domain.notification import Notification
from domain.ports import Services

logger = logging.getLogger(__name__)

_SHOWN = 500
_PROPERTIES = 2_000


def record_dead_letter(
    services: Services,
    *,
    queue: str,
    message_id: str,
    body: bytes,
    broker_reason: str,
    delivery_count: int,
    enqueued_at: datetime,
    properties: Mapping[str, Any],
) -> DeadLetter:
    """Write down a message from a dead-letter queue, with the reason in our words, and tell on-call once."""
    now = services.clock()
    problem = understand(services, queue, body)
    tries = f"it was given up after {delivery_count} deliveries; the log has the last error"
    try:
        text, encoding = body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(body).decode(), "base64"
    letter = DeadLetter(
        letter_id=short(queue, message_id, enqueued_at.isoformat()),
        queue=queue,
        message_id=message_id,
        body=text,
        encoding=encoding,  # type: ignore[arg-type]
        body_digest=hashlib.sha256(body).hexdigest(),
        reason=problem or tries,
        broker_reason=broker_reason[:_SHOWN],
        delivery_count=delivery_count,
        enqueued_at=enqueued_at,
        recorded_at=now,
        properties={name: str(value)[:_PROPERTIES] for name, value in properties.items()},
        history=(f"{now.isoformat(timespec='seconds')} dead-lettered: {broker_reason[:_SHOWN]}",),
    )
    if services.dead_letters.record(letter):
        logger.warning("dead_letter queue=%s letter=%s reason=%s", queue, letter.letter_id, letter.reason)
    told = run_notify(
        services,
        Notification(
            key=f"dead-letter:{letter.letter_id}",
            kind="page",
            model=PLATFORM,
            severity="warning",
            title=f"A message on {queue} could not be handled",
            body=f"{letter.reason[:_SHOWN]}\nnightshift dlq show {letter.letter_id}",
        ),
    )
    if told.failure is not None:
        logger.error("dead_letter_untold letter=%s message=%s", letter.letter_id, told.failure.message)
    return letter


def understand(services: Services, queue: str, body: bytes) -> str:
    """Why a message on a queue of alerts would not be understood now; empty if it would, or for another queue."""
    if queue not in QUEUES.values():
        return ""
    try:
        read_alert(body, services.specs.names(), services.clock())
    except (BadInputError, UnknownModelError) as error:
        return error.message
    return ""


def plan_redrive(services: Services, letter: DeadLetter, correction: str | None) -> RedrivePlan:
    """Say what a redrive of a letter would do."""
    body = _body(letter, correction)
    number = sum("redriven" in line for line in letter.history) + 1
    problem = understand(services, letter.queue, body)
    return RedrivePlan(
        letter_id=letter.letter_id,
        queue=letter.queue,
        message_id=f"{letter.message_id[:80]}-redrive-{number}",
        handled=not problem,
        problem=problem,
        sent=False,
    )


def redrive(services: Services, letter: DeadLetter, correction: str | None, actor: str) -> RedrivePlan:
    """Send a letter to its queue again, corrected if a correction is given.

    A message that would not be understood is not sent. Interrupted between sending and writing that down, it may be
    sent again under the same new message id, which the queue drops.

    Raises:
        ConflictError: it is not waiting any more.
    """
    if letter.state != "waiting":
        raise ConflictError(f"dead letter {letter.letter_id} is {letter.state}, not waiting: nothing is sent twice")
    plan = plan_redrive(services, letter, correction)
    if not plan.handled:
        return plan
    body = _body(letter, correction)
    services.alert_queues.send_raw(
        letter.queue,
        body,
        message_id=plan.message_id,
        properties={"nightshift-message-id": letter.message_id, "nightshift-redriven-by": actor},
    )
    changed = "" if correction is None else f", corrected to sha256 {hashlib.sha256(body).hexdigest()}"
    when = services.clock().isoformat(timespec="seconds")
    note = f"{when} redriven by {actor} as {plan.message_id}{changed}"
    services.dead_letters.settle(letter.letter_id, "waiting", "redriven", note)
    logger.info("dead_letter_redriven letter=%s message_id=%s actor=%s", letter.letter_id, plan.message_id, actor)
    return plan.model_copy(update={"sent": True})


def discard(services: Services, letter_id: str, actor: str, comment: str) -> DeadLetter:
    """Say that a letter needs nothing more; it stays on record.

    Raises:
        ConflictError: it is not waiting any more.
    """
    when = services.clock().isoformat(timespec="seconds")
    return services.dead_letters.settle(letter_id, "waiting", "discarded", f"{when} discarded by {actor}: {comment}")


def _body(letter: DeadLetter, correction: str | None) -> bytes:
    if correction is not None:
        return correction.encode()
    return base64.b64decode(letter.body) if letter.encoding == "base64" else letter.body.encode()
