"""A broker with a table of roles refuses what Azure would refuse, as the real SDK tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusAuthorizationError

from local_host.stack.endpoints import servicebus_connection_string
from local_host.testing.broker_process import BrokerProcess

QUEUES = "queues:\n  - {name: model-alerts}\n  - {name: blob-events}\n"
ROLES = """azure:
  - {who: app, role: Azure Service Bus Data Receiver, scope: queues}
  - {who: app, role: Azure Service Bus Data Sender, scope: alert_queues}
  - {who: source, role: Azure Service Bus Data Sender, scope: alert_queues}
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """A broker that knows who may do what."""
    process = BrokerProcess(tmp_path_factory.mktemp("guarded"), QUEUES, roles=ROLES).start()
    yield process
    process.kill()


@contextmanager
def _client(broker: BrokerProcess, identity: str) -> Iterator[ServiceBusClient]:
    connection = servicebus_connection_string(broker.port, identity)
    with ServiceBusClient.from_connection_string(connection, retry_total=0) as client:
        yield client


def test_a_send_without_the_role_is_refused(guarded: BrokerProcess) -> None:
    """It is told which claim is missing; nothing is on the queue."""
    with _client(guarded, "app") as client:
        with (
            pytest.raises(ServiceBusAuthorizationError, match="'Send' claim"),
            client.get_queue_sender("blob-events") as sender,
        ):
            sender.send_messages(ServiceBusMessage(b"{}"))
        with client.get_queue_sender("model-alerts") as sender:
            sender.send_messages(ServiceBusMessage(b"{}"))
    with _client(guarded, "RootManageSharedAccessKey") as owner, owner.get_queue_receiver("blob-events") as receiver:
        assert receiver.peek_messages() == []


@pytest.mark.parametrize("sub_queue", [None, "deadletter"])
def test_a_receive_without_the_role_is_refused(guarded: BrokerProcess, sub_queue: str | None) -> None:
    """From the queue and from its dead letters."""
    with (
        _client(guarded, "source") as client,
        pytest.raises(ServiceBusAuthorizationError, match="'Listen' claim"),
        client.get_queue_receiver("model-alerts", sub_queue=sub_queue) as receiver,
    ):
        receiver.receive_messages(max_wait_time=60)


def test_a_table_that_is_not_understood_starts_no_broker(tmp_path: Path) -> None:
    """The message says what to change."""
    process = BrokerProcess(tmp_path, QUEUES, roles=ROLES.replace("scope: queues", "scope: nothing"))
    with pytest.raises(AssertionError, match="scope 'nothing': names no queue"):
        process.start()
    process.kill()
