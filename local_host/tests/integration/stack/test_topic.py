"""The real publisher client publishes to the topic."""

from __future__ import annotations

import httpx
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridPublisherClient

from local_host.testing.eventgrid_process import EventGridProcess


def _event(subject: str) -> CloudEvent[dict[str, str]]:
    return CloudEvent(source="/the-app", type="App.Run.Started", subject=subject, data={"run": subject})


def test_published_events_are_kept_over_a_kill(eventgrid: EventGridProcess) -> None:
    """What was acknowledged can be read, after SIGKILL too."""
    eventgrid.start()
    sent = [_event("a"), _event("b")]
    with EventGridPublisherClient(f"{eventgrid.url}/api/events", AzureKeyCredential("key")) as client:
        client.send(sent)
        client.send(_event("c"))
    eventgrid.kill()
    eventgrid.start()
    listed = httpx.get(f"{eventgrid.url}/events", params={"type": "App.Run.Started"}, trust_env=False).json()
    events = [entry["event"] for entry in listed["events"]]
    assert [event["subject"] for event in events] == ["a", "b", "c"]
    assert events[0]["id"] == sent[0].id
    assert events[0]["data"] == {"run": "a"}


def test_a_wrong_key_is_refused(eventgrid: EventGridProcess) -> None:
    """The client raises what it raises in Azure."""
    eventgrid.start()
    with (
        EventGridPublisherClient(f"{eventgrid.url}/api/events", AzureKeyCredential("wrong")) as client,
        pytest.raises(ClientAuthenticationError),
    ):
        client.send(_event("a"))
