"""What the topic takes and refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from local_host.eventgrid.database import Database
from local_host.eventgrid.topic import Topic

KEY = {"aeg-sas-key": "key"}


def cloud_event(**fields: Any) -> dict[str, Any]:
    """A valid CloudEvent, with changes."""
    return {"specversion": "1.0", "id": "1", "source": "/the-app", "type": "Run.Started", "data": {"a": 1}} | fields


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the topic, without a server."""
    transport = httpx.ASGITransport(app=Starlette(routes=Topic(database, "key").routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://topic") as client:
        yield client


async def test_published_events_can_be_listed(client: httpx.AsyncClient) -> None:
    """In the order in which they came, by type and from a position on."""
    events = [cloud_event(id=str(number), type=f"Run.{number % 2}") for number in range(4)]
    assert (await client.post("/api/events", json=events, headers=KEY)).status_code == 200
    listed = (await client.get("/events")).json()
    assert [entry["event"] for entry in listed["events"]] == events
    assert listed["after"] == 4
    odd = (await client.get("/events", params={"type": "Run.1", "after": 2})).json()
    assert [entry["event"]["id"] for entry in odd["events"]] == ["3"]
    assert (await client.get("/events", params={"after": 4})).json() == {"events": [], "after": 4}


@pytest.mark.parametrize("headers", [{}, {"aeg-sas-key": "wrong"}])
async def test_a_wrong_key_is_unauthorized(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """As in Azure: 401."""
    response = await client.post("/api/events", json=[cloud_event()], headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        (b"{", 400, "not JSON"),
        (json.dumps([1]).encode(), 400, "event 0: a CloudEvent must be a JSON object"),
        (json.dumps([cloud_event(), cloud_event(type="")]).encode(), 400, "event 1: type '' must be"),
        (json.dumps([{"id": "1", "eventType": "a", "subject": "b"}]).encode(), 400, "specversion None must be '1.0'"),
        (b'"' + b"a" * 1024 * 1024 + b'"', 413, "more than the 1048576 allowed"),
    ],
)
async def test_a_bad_batch_is_refused_whole(client: httpx.AsyncClient, body: bytes, status: int, problem: str) -> None:
    """The error names the event, the field and the rule, and nothing is kept."""
    response = await client.post("/api/events", content=body, headers=KEY)
    assert response.status_code == status
    assert problem in response.json()["error"]["message"]
    assert (await client.get("/events")).json()["events"] == []


@pytest.mark.parametrize("query", ["after=x", "limit=0", "limit=1001"])
async def test_a_bad_listing_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """Positions and limits are whole numbers within bounds."""
    assert (await client.get(f"/events?{query}")).status_code == 400
