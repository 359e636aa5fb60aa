"""The webhook that gets the events: its handshake and its answers."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx

# Event Grid waits this long for an answer.
_ANSWER_SECONDS = 30.0
_ACCEPTED = {200, 201, 202, 203, 204}


class SubscriberUnreachableError(ConnectionError):
    """Nobody listens at the subscriber's address: the event was not received."""


@dataclass(frozen=True)
class Answer:
    """What came of one delivery. `status` is None if no answer came in time."""

    status: int | None
    outcome: str

    @property
    def accepted(self) -> bool:
        """True if the subscriber took the event."""
        return self.status in _ACCEPTED


class Subscriber:
    """Speaks Event Grid's webhook delivery: events one at a time, each in an array, after a validation handshake."""

    def __init__(self, url: str, *, name: str = "local") -> None:
        self._url = url
        self._name = name
        # trust_env: a proxy of the user's must not see loopback traffic.
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(_ANSWER_SECONDS, connect=5.0), trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def validate(self, topic: str) -> str | None:
        """Asks the subscriber whether it wants the events; returns why not, or None if it does."""
        code = str(uuid.uuid4())
        event = {
            "id": str(uuid.uuid4()),
            "topic": topic,
            "subject": "",
            "data": {"validationCode": code},
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": datetime.now(UTC).isoformat(),
            "metadataVersion": "1",
            "dataVersion": "1",
        }
        try:
            response = await self._post(event, "SubscriptionValidation", attempt=0)
        except (SubscriberUnreachableError, httpx.TransportError) as error:
            return str(error) or type(error).__name__
        if response.status_code != 200:
            return f"answered {response.status_code}: {response.text[:200]}"
        try:
            answer = response.json()
        except ValueError:
            return "the answer to the validation is not JSON"
        given = answer.get("validationResponse") if isinstance(answer, dict) else None
        return None if given == code else f"validationResponse {given!r} is not the code that was sent"

    async def deliver(self, event: dict[str, Any], *, attempt: int) -> Answer:
        """Posts one event; SubscriberUnreachableError if nobody listens. `attempt` counts from 0."""
        try:
            response = await self._post(event, "Notification", attempt=attempt)
        except httpx.TimeoutException:
            return Answer(None, "TimedOut")
        except httpx.TransportError as error:
            # The connection broke after it stood: the subscriber may have the event, and gets it again.
            return Answer(None, f"Disconnected ({type(error).__name__})")
        accepted = response.status_code in _ACCEPTED
        detail = "Delivered" if accepted else f"HTTP {response.status_code}: {response.text[:200]}"
        return Answer(response.status_code, detail)

    async def _post(self, event: dict[str, Any], kind: str, *, attempt: int) -> httpx.Response:
        headers = {
            "content-type": "application/json; charset=utf-8",
            "aeg-event-type": kind,
            "aeg-subscription-name": self._name.upper(),
            "aeg-delivery-count": str(attempt),
            "aeg-data-version": event["dataVersion"],
            "aeg-metadata-version": event["metadataVersion"],
        }
        try:
            return await self._client.post(self._url, content=json.dumps([event]), headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise SubscriberUnreachableError(f"{self._url} does not answer: {error}") from error
