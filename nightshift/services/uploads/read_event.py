"""Read a blob event from a message: for the trigger of its queue, and before a dead letter is sent again."""

import json
from datetime import datetime

import azure.functions as func

from nightshift.domain.platform.errors import BadInputError


def parse_event(body: bytes, message_id: str) -> func.EventGridEvent:
    """Read an event in the Event Grid schema from a message.

    Raises:
        BadInputError: not a JSON object with the fields of an event; the message is for the dead-letter queue.
    """
    try:
        event = json.loads(body)
        moment = datetime.fromisoformat(event["eventTime"])
        fields = {name: str(event[name]) for name in ("id", "topic", "subject", "eventType", "dataVersion")}
        data = dict(event["data"])
    except (ValueError, KeyError, TypeError) as error:
        rule = f"must be one event in the Event Grid schema ({type(error).__name__}: {error})"
        raise BadInputError(field="body", value=body[:80], rule=rule, where=f"message {message_id}") from error
    return func.EventGridEvent(
        id=fields["id"],
        topic=fields["topic"],
        subject=fields["subject"],
        event_type=fields["eventType"],
        event_time=moment,
        data_version=fields["dataVersion"],
        data=data,
    )
