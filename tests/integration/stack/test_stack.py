"""The local stack over this app and its queues."""

from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusAuthorizationError

from local_host.stack import Stack, StackError
from local_host.stack.doctor import doctor
from local_host.stack.endpoints import servicebus_connection_string

ROOT = Path(__file__).resolve().parents[3]


def test_the_stack_has_the_platforms_queues(tmp_path: Path) -> None:
    """By the connection string that the app gets; the doctor finds it well; messages outlive the stack.

    Who has no role on a queue is refused there as in Azure.
    """
    with Stack(ROOT, tmp_path, components=["servicebus"]) as endpoints:
        connection = endpoints.environment()["NIGHTSHIFT_SERVICEBUS"]
        with ServiceBusClient.from_connection_string(connection) as client:
            for queue in ("model-alerts", "drift-alerts", "pipeline-alerts", "budget-alerts"):
                with client.get_queue_sender(queue) as sender:
                    sender.send_messages(ServiceBusMessage(queue))
        [finding] = [finding for finding in doctor(tmp_path, ROOT) if finding.component == "servicebus"]
        assert finding.ok, finding
    with (
        Stack(ROOT, tmp_path, components=["servicebus"]) as endpoints,
        ServiceBusClient.from_connection_string(endpoints.environment()["NIGHTSHIFT_SERVICEBUS"]) as client,
        client.get_queue_receiver("drift-alerts") as receiver,
    ):
        [message] = receiver.receive_messages(max_wait_time=10)
        assert str(message) == "drift-alerts"
        assert message.time_to_live is not None
        assert message.time_to_live.days == 1
        source = servicebus_connection_string(endpoints.servicebus, "alert_sources")
        with (
            ServiceBusClient.from_connection_string(source, retry_total=0) as other,
            pytest.raises(ServiceBusAuthorizationError),
            other.get_queue_receiver("drift-alerts"),
        ):
            pass


def test_a_wrong_setting_of_the_app_is_named_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a subscription that the app never accepts, minutes later."""
    monkeypatch.setenv("NIGHTSHIFT_KEEP_HISTORY_DAYS", "many")
    with pytest.raises(StackError) as raised:
        Stack(ROOT, tmp_path, components=["azurite", "servicebus", "eventgrid", "functions"]).up(lambda _event: None)
    assert raised.value.code == "component_failed"
    assert "NIGHTSHIFT_KEEP_HISTORY_DAYS = 'many': " in raised.value.message
