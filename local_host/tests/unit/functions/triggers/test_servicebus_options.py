"""host.json's extensions.serviceBus."""

from __future__ import annotations

from typing import Any

import pytest

from local_host.functions.errors import HostJsonError
from local_host.functions.triggers.servicebus_options import RetryOptions, ServiceBusOptions, read_service_bus_options


def read(**section: Any) -> ServiceBusOptions:
    """The options of a host.json with this section."""
    return read_service_bus_options({"extensions": {"serviceBus": section}})


@pytest.mark.parametrize("document", [{}, {"extensions": {}}, {"extensions": {"serviceBus": {}}}])
def test_defaults_are_those_of_the_real_host(document: dict[str, Any]) -> None:
    """Without a section too."""
    options = read_service_bus_options(document)
    assert options == ServiceBusOptions(0, 16, True, 300.0, RetryOptions("exponential", 0.8, 60.0, 3))


def test_every_part_is_read() -> None:
    """Those of sessions and batches are taken and have no effect."""
    options = read(
        prefetchCount=5,
        maxConcurrentCalls=2,
        autoCompleteMessages=False,
        maxAutoLockRenewalDuration="00:10:00",
        clientRetryOptions={"mode": "Fixed", "delay": "00:00:02", "maxDelay": "00:00:05", "maxRetries": 1},
        transportType="amqpTcp",
        sessionIdleTimeout="00:01:00",
        maxMessageBatchSize=10,
    )
    assert options == ServiceBusOptions(5, 2, False, 600.0, RetryOptions("fixed", 2.0, 5.0, 1))


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"prefetchCount": -1}, "prefetchCount"),
        ({"maxConcurrentCalls": 0}, "maxConcurrentCalls"),
        ({"maxConcurrentCalls": "16"}, "maxConcurrentCalls"),
        ({"maxConcurrentCalls": True}, "maxConcurrentCalls"),
        ({"autoCompleteMessages": "yes"}, "autoCompleteMessages"),
        ({"maxAutoLockRenewalDuration": "5 minutes"}, "maxAutoLockRenewalDuration"),
        ({"maxAutoLockRenewalDuration": 300}, "maxAutoLockRenewalDuration"),
        ({"clientRetryOptions": 3}, "clientRetryOptions"),
        ({"clientRetryOptions": {"mode": "linear"}}, "clientRetryOptions.mode"),
        ({"clientRetryOptions": {"delay": 1}}, "clientRetryOptions.delay"),
        ({"clientRetryOptions": {"retries": 1}}, "clientRetryOptions.retries"),
        ({"transportType": "amqpWebSockets"}, "transportType"),
        ({"enableCrossEntityTransactions": True}, "enableCrossEntityTransactions"),
        ({"maxConcurentCalls": 5}, "maxConcurentCalls"),
    ],
)
def test_refuses_a_bad_value(section: dict[str, Any], key: str) -> None:
    """The error names the key and its value."""
    with pytest.raises(HostJsonError) as caught:
        read(**section)
    assert caught.value.key == f"extensions.serviceBus.{key}"


def test_refuses_a_section_that_is_no_object() -> None:
    """As every other section."""
    with pytest.raises(HostJsonError, match="must be a JSON object"):
        read_service_bus_options({"extensions": {"serviceBus": []}})


def test_waits_grow_to_a_limit() -> None:
    """Or stay as they are."""
    assert [RetryOptions().wait(attempt) for attempt in (1, 2, 3, 50)] == [0.8, 1.6, 3.2, 60.0]
    assert [RetryOptions("fixed", 2.0, 5.0).wait(attempt) for attempt in (1, 9)] == [2.0, 2.0]
