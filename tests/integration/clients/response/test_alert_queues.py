"""Sending alerts over the real SDK to a broker process."""

import gc
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage

from local_host.stack.endpoints import servicebus_connection_string
from local_host.testing.broker_process import BrokerProcess
from nightshift.clients.response.alert_queues import ServiceBusAlertQueues
from nightshift.domain.platform.correlation import correlated
from nightshift.domain.platform.errors import BadInputError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.response.alert import QUEUES, AlertMessage, Category
from tests.support.incident_examples import alert
from tests.support.refusals import refusal

DEFINITION = "\n".join(
    ["queues:", *(f"  - {{name: {queue}, duplicate_detection_window: PT10M}}" for queue in QUEUES.values())]
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker with the queues of alerts."""
    process = BrokerProcess(tmp_path / "servicebus", DEFINITION).start()
    yield process
    process.kill()


@pytest.fixture
def queues(broker: BrokerProcess) -> Iterator[ServiceBusAlertQueues]:
    """The client, which does not repeat what fails, so that failures are seen."""
    made = ServiceBusAlertQueues(ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0))
    yield made
    made.close()


def received(broker: BrokerProcess, queue: str, count: int) -> list[ServiceBusReceivedMessage]:
    """The messages of a queue, completed; there must be no more of them than expected."""
    found: list[ServiceBusReceivedMessage] = []
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_receiver(queue) as receiver,
    ):
        assert len(receiver.peek_messages(max_message_count=count + 1)) == count
        while len(found) < count:
            batch = receiver.receive_messages(max_message_count=count - len(found), max_wait_time=30)
            assert batch, f"{len(found)} of {count} messages came"
            for message in batch:
                receiver.complete_message(message)
            found += batch
    return found


def test_an_alert_goes_to_the_queue_of_its_category(broker: BrokerProcess, queues: ServiceBusAlertQueues) -> None:
    """With its message id and type, and it is the same alert when it is read."""
    categories: tuple[Category, ...] = ("degradation", "drift", "pipeline", "budget")
    for category in categories:
        queues.send(alert(category=category, alert_id=f"of {category}", title="größer"))
    for category in categories:
        (message,) = received(broker, QUEUES[category], 1)
        read = AlertMessage.from_json(b"".join(message.body).decode())
        assert read == alert(category=category, alert_id=f"of {category}", title="größer")
        assert (message.message_id, message.content_type) == (read.message_id, "application/json")


def test_the_same_alert_is_queued_once(broker: BrokerProcess, queues: ServiceBusAlertQueues) -> None:
    """Its message id is the same however often it is sent; its resolution is a message of its own."""
    for _ in range(3):
        queues.send(alert())
    queues.send(alert(state="resolved"))
    sent = [message.message_id for message in received(broker, "model-alerts", 2)]
    assert sent == [alert().message_id, alert(state="resolved").message_id]


def test_threads_share_the_senders(broker: BrokerProcess, queues: ServiceBusAlertQueues) -> None:
    """Sixty alerts of eight threads arrive, each once."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: queues.send(alert(alert_id=f"a{number}")), range(60)))
    sent = [message.message_id for message in received(broker, "model-alerts", 60)]
    assert sorted(str(item) for item in sent) == sorted(alert(alert_id=f"a{n}").message_id for n in range(60))


def test_raw_bytes_go_as_they_are(broker: BrokerProcess, queues: ServiceBusAlertQueues) -> None:
    """A redrive sends what need be no alert, under its own id and with properties."""
    identity = uuid.uuid4().hex
    queues.send_raw("drift-alerts", b"\xff{", message_id=identity, properties={"redriven": "1"})
    (message,) = received(broker, "drift-alerts", 1)
    assert (message.message_id, b"".join(message.body)) == (identity, b"\xff{")
    assert message.application_properties == {b"redriven": b"1"}


def test_a_queue_that_is_not_there_refuses(queues: ServiceBusAlertQueues) -> None:
    """The error names the queue and says what to do; other queues go on."""
    with refusal(ServiceRefusedError, "queue 'nowhere'", "must exist"):
        queues.send_raw("nowhere", b"{}", message_id="1", properties={})
    queues.send(alert())


def test_a_message_that_is_too_large_is_bad_input(queues: ServiceBusAlertQueues) -> None:
    """It says how large it is; the next one passes."""
    with pytest.raises(BadInputError, match="2000000 bytes.*larger than queue model-alerts takes"):
        queues.send_raw("model-alerts", b"x" * 2_000_000, message_id="1", properties={})
    queues.send(alert())


# The SDK leaves the socket of a connection that was cut to the garbage collector, whatever is closed.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_broker_that_comes_back_is_found_again(broker: BrokerProcess, queues: ServiceBusAlertQueues) -> None:
    """While it is gone each send says so; the kept sender is replaced, and nothing is lost or doubled."""
    queues.send(alert(alert_id="before"))
    broker.kill()
    for _ in range(2):
        with pytest.raises(ServiceUnavailableError, match="queue 'model-alerts'"):
            queues.send(alert(alert_id="after"))
    broker.start()
    queues.send(alert(alert_id="after"))
    sent = [message.message_id for message in received(broker, "model-alerts", 2)]
    assert sent == [alert(alert_id="before").message_id, alert(alert_id="after").message_id]
    queues.close()
    gc.collect()


def test_the_running_calls_trace_goes_with_a_message(broker: BrokerProcess, queues: ServiceBusAlertQueues) -> None:
    """As an application property, so that who takes it goes on with the trace; without a trace there is none."""
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    with correlated("incident-1", trace):
        queues.send(alert(category="drift", alert_id="traced"))
    queues.send(alert(category="drift", alert_id="untraced"))
    found = received(broker, "drift-alerts", 2)
    properties = [message.application_properties or {} for message in found]
    assert [item.get(b"traceparent", b"") for item in properties] == [trace.encode(), b""]


def test_a_send_without_the_role_is_refused(tmp_path: Path) -> None:
    """The error says which role is missing."""
    roles = "azure:\n  - {who: app, role: Azure Service Bus Data Sender, scope: alert_queues}\n"
    broker = BrokerProcess(tmp_path / "guarded", DEFINITION + "\n  - {name: blob-events}\n", roles=roles).start()
    try:
        connection = servicebus_connection_string(broker.port, "app")
        queues = ServiceBusAlertQueues(ServiceBusClient.from_connection_string(connection, retry_total=0))
        with pytest.raises(ServiceRefusedError, match=r"'Send' claim.*the role Azure Service Bus Data Sender on it"):
            queues.send_raw("blob-events", b"{}", message_id="1", properties={})
        queues.send_raw("model-alerts", b"{}", message_id="1", properties={})
        queues.close()
    finally:
        broker.kill()
