"""Keep what could not be handled, as an incident of its cause, and send it again when a person says so."""

import base64
import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nightshift.domain.dead_letters.dead_letter import DeadLetter, RedrivePlan
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import BadInputError, ConflictError, UnknownModelError
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.text import shortened, units
from nightshift.domain.response.alert import PLATFORM, QUEUES, AlertMessage
from nightshift.services.notifications.notify import notify
from nightshift.services.response.record_alert import read_alert, record_alert
from nightshift.services.uploads.read_event import parse_event

logger = logging.getLogger(__name__)

_SHOWN = 500
# Units of one property, and of all that are kept; of a reason, which may quote what was sent.
_PROPERTY, _PROPERTIES, _REASON = 2_000, 12_000, 4_000
_CAUSE = 120
_APART_MINUTES = 60
_UNKNOWN_FIELD = "Extra inputs"  # as pydantic says it
# What differs between messages that break one rule: quotations, times, figures.
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d.,:T+Z-]*")


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
    refusal: BadInputError | None = None,
) -> DeadLetter:
    """Keep a message that could not be handled, once, with the reason in our words.

    Args:
        broker_reason: what Service Bus says; empty if the app could not read the message and put it aside itself.
        refusal: what is wrong with the message; None: what the queue's own reader says now.
    """
    now = services.clock()
    refusal = refusal or _refusal(services, queue, body)
    tries = f"it was given up after {delivery_count} deliveries; the log has the last error"
    try:
        text, encoding = body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(body).decode(), "base64"
    who = broker_reason[:_SHOWN] or "the app cannot read it"
    dead_letter = DeadLetter(
        letter_id=short(queue, message_id, enqueued_at.isoformat()),
        queue=queue,
        message_id=message_id,
        body=text,
        encoding=encoding,  # type: ignore[arg-type]
        body_digest=hashlib.sha256(body).hexdigest(),
        reason=shortened(refusal.message, _REASON) if refusal else tries,
        cause=_cause(refusal) if refusal else broker_reason.partition(":")[0][:_CAUSE] or "unknown",
        broker_reason=broker_reason[:_SHOWN],
        delivery_count=delivery_count,
        enqueued_at=enqueued_at,
        recorded_at=now,
        properties=_kept(properties),
        history=(f"{now.isoformat(timespec='seconds')} dead-lettered: {who}",),
    )
    if services.dead_letters.record(dead_letter):
        logger.warning("dead_letter queue=%s letter=%s reason=%s", queue, dead_letter.letter_id, dead_letter.reason)
    return dead_letter


def _kept(properties: Mapping[str, Any]) -> dict[str, str]:
    """Application properties as text, as many as a record holds; one more says how many are left out."""
    kept: dict[str, str] = {}
    for name, value in properties.items():
        more = {**kept, shortened(name, _SHOWN): shortened(str(value), _PROPERTY)}
        if units(json.dumps(more, ensure_ascii=False)) <= _PROPERTIES:
            kept = more
    left = len(properties) - len(kept)
    return {**kept, "left out": f"{left} more properties"} if left else kept


def dead_letter_alert(dead_letter: DeadLetter) -> AlertMessage:
    """The alert about a dead-lettered message; one incident counts all of one queue and cause."""
    return AlertMessage(
        alert_id=f"dead-letter:{dead_letter.letter_id}",
        category="pipeline",
        severity="critical",
        source="nightshift",
        rule=f"dead letters of {dead_letter.queue}: {dead_letter.cause}"[:200],
        title=f"Messages on {dead_letter.queue} cannot be handled: {dead_letter.cause}"[:300],
        detail="\n".join(
            (
                dead_letter.reason[:_SHOWN],
                f"nightshift dlq show {dead_letter.letter_id}",
                f"nightshift dlq list --filter queue={dead_letter.queue}",
            )
        ),
        fired_at=dead_letter.recorded_at,
        # About single messages: no cause of what any model's alerts say.
        run=f"dead-letter:{dead_letter.letter_id}",
    )


def page_dead_letter(services: Services, dead_letter: DeadLetter, problem: str) -> None:
    """Page about a dead-lettered message without an incident, because the platform's own playbook is broken."""
    notify(
        services,
        Notification(
            key=f"dead-letter:{dead_letter.letter_id}",
            kind="page",
            model=PLATFORM,
            severity="critical",
            title=f"Messages on {dead_letter.queue} cannot be handled: {dead_letter.cause}"[:200],
            body="\n".join(
                (
                    dead_letter.reason[:_SHOWN],
                    f"no incident: {problem[:_SHOWN]}",
                    f"nightshift dlq show {dead_letter.letter_id}",
                )
            ),
            group=f"dead-letters:{dead_letter.queue}:{dead_letter.cause}",
            minutes_apart=_APART_MINUTES,
        ),
    )


def understand(services: Services, queue: str, body: bytes) -> str:
    """Why a message on a queue would not be understood now; empty if it would."""
    refusal = _refusal(services, queue, body)
    return refusal.message if refusal else ""


def _refusal(services: Services, queue: str, body: bytes) -> BadInputError | None:
    """What the queue's own reader says against a message."""
    try:
        if queue in QUEUES.values():
            read_alert(body, services.specs.names(), services.clock())
        elif queue == BLOB_EVENTS_QUEUE:
            parse_event(body, "redrive")
    except BadInputError as error:
        return error
    return None


def _cause(refusal: BadInputError) -> str:
    """The field and the rule that it breaks, without the figures and quotations of this one message."""
    if isinstance(refusal, UnknownModelError):
        return "model: no spec has this name"
    field, rule = str(refusal.fields["field"]), _VARYING.sub("...", str(refusal.fields["rule"]))
    # The name of a field that no alert has is the sender's own: each would be a cause.
    return rule[:_CAUSE] if rule.startswith(_UNKNOWN_FIELD) else f"{field}: {rule}"[:_CAUSE]


@dataclass(frozen=True)
class Redriven:
    """What a redrive puts on which queue."""

    queue: str
    body: bytes


# Makes a message for a queue of what did not come from one; BadInputError if it cannot.
Reader = Callable[[Services, bytes], Redriven]


def plan_redrive(
    services: Services, dead_letter: DeadLetter, correction: str | None, reader: Reader | None = None
) -> RedrivePlan:
    """Say what a redrive of a dead-lettered message would do.

    Args:
        reader: makes the message of a dead letter that did not come from a queue.
    """
    return _plan(services, dead_letter, _body(dead_letter, correction), reader)[0]


def _plan(
    services: Services, dead_letter: DeadLetter, body: bytes, reader: Reader | None
) -> tuple[RedrivePlan, Redriven]:
    problem, message = "", Redriven(queue=dead_letter.queue, body=body)
    try:
        message = reader(services, body) if reader else message
        problem = understand(services, message.queue, message.body)
    except BadInputError as error:
        problem = error.message
    number = sum("redriven" in line for line in dead_letter.history) + 1
    plan = RedrivePlan(
        letter_id=dead_letter.letter_id,
        queue=message.queue,
        message_id=f"{dead_letter.message_id[:80]}-redrive-{number}",
        handled=not problem,
        problem=problem,
        sent=False,
    )
    return plan, message


def redrive(
    services: Services, dead_letter: DeadLetter, correction: str | None, actor: str, reader: Reader | None = None
) -> RedrivePlan:
    """Send a dead-lettered message to its queue again, corrected if a correction is given.

    A message that would not be understood is not sent. Interrupted between sending and writing that down, it may be
    sent again under the same new message id, which the queue drops.

    Raises:
        ConflictError: it is not waiting any more.
    """
    if dead_letter.state != "waiting":
        _is_over(services, dead_letter)
        raise ConflictError(
            f"dead letter {dead_letter.letter_id} is {dead_letter.state}, not waiting: nothing is sent twice"
        )
    body = _body(dead_letter, correction)
    plan, message = _plan(services, dead_letter, body, reader)
    if not plan.handled:
        return plan
    services.alert_queues.send_raw(
        message.queue,
        message.body,
        message_id=plan.message_id,
        properties={"nightshift-message-id": dead_letter.message_id, "nightshift-redriven-by": actor},
    )
    changed = "" if correction is None else f", corrected to sha256 {hashlib.sha256(body).hexdigest()}"
    when = services.clock().isoformat(timespec="seconds")
    note = f"{when} redriven by {actor} as {plan.message_id}{changed}"
    services.dead_letters.close(dead_letter.letter_id, "waiting", "redriven", note)
    _is_over(services, dead_letter)
    logger.info("dead_letter_redriven letter=%s message_id=%s actor=%s", dead_letter.letter_id, plan.message_id, actor)
    return plan.model_copy(update={"sent": True})


def discard(services: Services, letter_id: str, actor: str, comment: str) -> DeadLetter:
    """Close a dead-lettered message without a redrive; it stays on record.

    Raises:
        ConflictError: it is not waiting any more.
    """
    note = f"{services.clock().isoformat(timespec='seconds')} discarded by {actor}: {comment}"
    try:
        dead_letter = services.dead_letters.close(letter_id, "waiting", "discarded", note)
    except ConflictError:
        if (known := services.dead_letters.get(letter_id)) is not None:
            _is_over(services, known)
        raise
    _is_over(services, dead_letter)
    return dead_letter


def _is_over(services: Services, dead_letter: DeadLetter) -> None:
    """Remove a closed message from the count of its incident, once; the last one resolves the incident.

    If a call is killed before it does so, the person repeats it, and the repeat finds the message closed.
    """
    alert = dead_letter_alert(dead_letter).model_copy(update={"state": "resolved", "fired_at": services.clock()})
    try:
        record_alert(services, alert.model_dump_json().encode())
    except BadInputError as error:
        # The platform's playbook is broken: it was paged about without an incident (page_dead_letter).
        logger.warning("dead_letter_not_counted_out letter=%s message=%s", dead_letter.letter_id, error.message)


def _body(dead_letter: DeadLetter, correction: str | None) -> bytes:
    if correction is not None:
        return correction.encode()
    return base64.b64decode(dead_letter.body) if dead_letter.encoding == "base64" else dead_letter.body.encode()
