"""A custom topic: takes CloudEvents from Event Grid's publisher client and keeps them to be read."""

from __future__ import annotations

import hmac
import json
import logging
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_host.eventgrid.database import Database

logger = logging.getLogger(__name__)

KEY_HEADER = "aeg-sas-key"
# Event Grid's limit for one request.
_MAX_BYTES = 1024 * 1024
_MAX_PAGE = 1000
_REQUIRED = ("id", "source", "type")


class Topic:
    """The endpoint `POST /api/events` and the reading `GET /events`.

    As in Azure, a batch is taken whole or refused whole, and an event that is sent twice is there twice.
    """

    def __init__(self, database: Database, key: str) -> None:
        self._database = database
        self._key = key

    def routes(self) -> list[Route]:
        """`POST /api/events` to publish, `GET /events?type=&after=&limit=` to read."""
        return [
            Route("/api/events", self._publish, methods=["POST"]),
            Route("/events", self._list, methods=["GET"]),
        ]

    async def _publish(self, request: Request) -> Response:
        given = request.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            return _refuse(401, "Unauthorized", f"the header {KEY_HEADER} is missing or is not the topic's key")
        body = await request.body()
        if len(body) > _MAX_BYTES:
            return _refuse(413, "RequestEntityTooLarge", f"{len(body)} bytes are more than the {_MAX_BYTES} allowed")
        try:
            document = json.loads(body)
        except ValueError as error:
            return _refuse(400, "BadRequest", f"the body is not JSON: {error}")
        events = document if isinstance(document, list) else [document]
        for position, event in enumerate(events):
            if problem := _problem(event):
                return _refuse(400, "BadRequest", f"event {position}: {problem}")
        self._store(events)
        return Response(status_code=200)

    def _store(self, events: list[dict[str, Any]]) -> None:
        received_at = datetime.now(UTC).isoformat()
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO published (type, received_at, document) VALUES (?, ?, ?)",
                [(event["type"], received_at, json.dumps(event)) for event in events],
            )
        for event in events:
            logger.info("event_published id=%s type=%s subject=%s", event["id"], event["type"], event.get("subject"))

    async def _list(self, request: Request) -> Response:
        try:
            after = int(request.query_params.get("after", "0"))
            limit = int(request.query_params.get("limit", str(_MAX_PAGE)))
        except ValueError:
            return _refuse(400, "BadRequest", "after and limit must be whole numbers")
        if not 1 <= limit <= _MAX_PAGE:
            return _refuse(400, "BadRequest", f"limit={limit} must be from 1 to {_MAX_PAGE}")
        kind = request.query_params.get("type") or None
        rows = self._database.connection.execute(
            "SELECT sequence, received_at, document FROM published"
            " WHERE sequence > ? AND (? IS NULL OR type = ?) ORDER BY sequence LIMIT ?",
            (after, kind, kind, limit),
        ).fetchall()
        events = [
            {"sequence": row["sequence"], "receivedAt": row["received_at"], "event": json.loads(row["document"])}
            for row in rows
        ]
        return JSONResponse({"events": events, "after": events[-1]["sequence"] if events else after})


def _problem(event: object) -> str | None:
    """Why this is not a CloudEvent 1.0; None if it is one."""
    if not isinstance(event, dict):
        return "a CloudEvent must be a JSON object"
    if event.get("specversion") != "1.0":
        return f"specversion {event.get('specversion')!r} must be '1.0'; this topic takes CloudEvents only"
    for key in _REQUIRED:
        if not isinstance(event.get(key), str) or not event[key]:
            return f"{key} {event.get(key)!r} must be a text that is not empty"
    return None


def _refuse(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
