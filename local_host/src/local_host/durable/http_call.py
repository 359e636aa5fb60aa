"""Durable HTTP calls (`context.call_http`), with the polling of a 202 answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from local_host.durable.clock import utc_now

_POLL_SECONDS = 30.0
"""Azure's defaultHttpAsyncRequestSleepTimeMilliseconds, for a 202 that names no Retry-After."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What follows a 202 with a Location: the request to send in its place, as JSON text, after so many seconds."""

    request: str
    seconds: float


def seconds_until(request_text: str | None) -> float:
    """How long a request is to wait before it is sent: a poll as its answer said, any other not at all."""
    request = json.loads(request_text or "{}")
    return float(request["delaySeconds"]) if request.get("isPoll") else 0.0


async def call_http(request_text: str) -> str | Poll:
    """Makes the call; gives JSON text `{"statusCode", "headers", "content"}`, or what to send instead and when.

    ValueError for a tokenSource: there is no managed identity on this machine.
    """
    request: dict[str, Any] = json.loads(request_text)
    if request.get("tokenSource") is not None:
        raise ValueError(f"tokenSource is {request['tokenSource']!r}: must be absent, no managed identity exists here")
    async with httpx.AsyncClient(timeout=httpx.Timeout(100.0)) as client:
        response = await _send(client, request)
    location = response.headers.get("Location")
    if response.status_code == httpx.codes.ACCEPTED and location is not None:
        delay = _retry_after(response.headers.get("Retry-After"))
        poll = {
            "method": "GET",
            "uri": str(response.url.join(location)),
            "headers": request.get("headers"),
            "isPoll": True,
            "delaySeconds": delay,
        }
        return Poll(json.dumps(poll), delay)
    return json.dumps({"statusCode": response.status_code, "headers": dict(response.headers), "content": response.text})


async def _send(client: httpx.AsyncClient, request: dict[str, Any]) -> httpx.Response:
    headers = dict(request.get("headers") or {})
    content = request.get("content")
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return await client.request(request["method"], request["uri"], content=content, headers=headers)


def _retry_after(value: str | None) -> float:
    """Seconds to wait: the header holds seconds or an HTTP date."""
    if value is None:
        return _POLL_SECONDS
    if value.isdigit():
        return float(value)
    return max(0.0, (parsedate_to_datetime(value) - utc_now()).total_seconds())
