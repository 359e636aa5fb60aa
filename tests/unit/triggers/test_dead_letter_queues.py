"""What a dead letter says of itself, as Azure hands it over."""

import json

import azure.functions as func
import pytest
from azure.functions.meta import Datum
from azure.functions.servicebus import ServiceBusMessageInConverter

from nightshift.triggers.dead_letter_queues import broker_reason


def _message(properties: dict[str, object]) -> func.ServiceBusMessage:
    """Through the official converter; the extension gives the reasons as properties and in no other way."""
    document = Datum(json.dumps(properties), "json")
    metadata = {"UserProperties": document, "ApplicationProperties": document, "MessageId": Datum("m1", "string")}
    message = ServiceBusMessageInConverter.decode(Datum(b"x", "bytes"), trigger_metadata=metadata)
    assert isinstance(message, func.ServiceBusMessage)
    return message


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (
            {"DeadLetterReason": "MaxDeliveryCountExceeded", "DeadLetterErrorDescription": "10 deliveries", "a": 1},
            "MaxDeliveryCountExceeded: 10 deliveries",
        ),
        ({"DeadLetterReason": "TTLExpiredException"}, "TTLExpiredException"),
        ({"a": 1}, "no reason given"),
    ],
)
def test_the_reason_is_in_the_properties(properties: dict[str, object], reason: str) -> None:
    """On-call reads why a message was put aside, in Azure as well."""
    assert broker_reason(_message(properties)) == reason
