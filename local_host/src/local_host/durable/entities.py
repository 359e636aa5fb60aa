"""Durable entities: their state, and operations in order, one batch of an entity at a time."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from local_host.durable.clock import format_time, utc_now
from local_host.durable.errors import FunctionNotFoundError
from local_host.durable.functions import DurableFunctions
from local_host.durable.history import event_raised
from local_host.durable.instance import Message
from local_host.durable.work import EntityRequest

logger = logging.getLogger(__name__)

Deliver = Callable[[str, Message], None]


def entity_id(name: str, key: str) -> str:
    """An entity's id as the SDK writes it; names are case-insensitive."""
    return f"@{name.lower()}@{key}"


def entity_input(body: str | None) -> str:
    """The input text of an operation from a request body: JSON text of JSON text, whichever of the two was sent."""
    value = None if body is None else json.loads(body)
    return json.dumps(value if isinstance(value, str) else json.dumps(value))


@dataclass(frozen=True, slots=True)
class EntityBatch:
    """Operations of one entity to run, in order; `document` is the invocation's JSON text."""

    entity_id: str
    requests: tuple[tuple[int, EntityRequest], ...]
    document: str


class Entities:
    """Keeps entity states and queued operations; decides which batches may run.

    `deliver` takes a message to an instance. Batches to run are appended to `batches`, which the caller empties
    once the transaction has been committed.
    """

    def __init__(self, connection: sqlite3.Connection, functions: DurableFunctions, deliver: Deliver) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._functions = functions
        self._deliver = deliver
        self._waiting: dict[str, None] = {}
        self._busy: set[str] = set()
        self.batches: list[EntityBatch] = []

    def recover(self) -> None:
        """Queues every entity that has operations waiting."""
        rows = self._execute("SELECT DISTINCT entity_id FROM entity_inbox")
        self._waiting.update((identity, None) for (identity,) in rows)

    def signal(self, request: EntityRequest) -> None:
        """Queues an operation; FunctionNotFoundError if no entity function has this name."""
        name = request.entity_id.split("@")[1]
        if name not in self._functions.entities:
            raise FunctionNotFoundError(name, "entity", self._functions.entities)
        self._execute(
            "INSERT INTO entity_inbox (entity_id, request_id, operation, input, parent_instance_id,"
            " parent_execution_id) VALUES (?, ?, ?, ?, ?, ?)",
            (
                request.entity_id,
                request.request_id,
                request.operation,
                request.input,
                request.parent_instance_id,
                request.parent_execution_id,
            ),
        )
        self._waiting[request.entity_id] = None

    def take_batches(self) -> None:
        """Makes a batch for each entity that has operations waiting and none running."""
        for identity in [identity for identity in self._waiting if identity not in self._busy]:
            del self._waiting[identity]
            rows = self._execute(
                "SELECT id, request_id, operation, input, parent_instance_id, parent_execution_id"
                " FROM entity_inbox WHERE entity_id = ? ORDER BY id",
                (identity,),
            ).fetchall()
            if rows:
                requests = tuple((row_id, EntityRequest(identity, *rest)) for row_id, *rest in rows)
                self._busy.add(identity)
                self.batches.append(EntityBatch(identity, requests, self._document(identity, requests)))

    def complete(self, batch: EntityBatch, answer: str) -> None:
        """Takes in what an entity function answered: its new state, and a result for each operation."""
        state = json.loads(answer)
        if state["entityExists"]:
            self._execute(
                "INSERT INTO entities VALUES (?, ?, ?3, ?3) ON CONFLICT DO UPDATE SET state = excluded.state,"
                " last_updated_time = excluded.last_updated_time",
                (batch.entity_id, state["entityState"], format_time(utc_now())),
            )
        else:
            self._execute("DELETE FROM entities WHERE entity_id = ?", (batch.entity_id,))
        self._finish(batch, state["results"])

    def fail(self, batch: EntityBatch, reason: str) -> None:
        """Answers every operation of the batch with this error and leaves the state as it was."""
        logger.error(
            "entity_batch_failed entity_id=%s operations=%d reason=%s", batch.entity_id, len(batch.requests), reason
        )
        self._finish(batch, [{"isError": True, "result": json.dumps(reason)}] * len(batch.requests))

    def _finish(self, batch: EntityBatch, results: Iterable[dict[str, Any]]) -> None:
        for (row_id, request), result in zip(batch.requests, results, strict=True):
            self._execute("DELETE FROM entity_inbox WHERE id = ?", (row_id,))
            if request.parent_instance_id is None:
                if result["isError"]:
                    logger.error(
                        "entity_signal_failed entity_id=%s operation=%s reason=%s",
                        batch.entity_id,
                        request.operation,
                        result["result"],
                    )
                continue
            reply = {"result": result["result"]}
            if result["isError"]:
                reply["exceptionType"] = "Exception"
            raised = event_raised(request.request_id, json.dumps(reply), utc_now())
            self._deliver(request.parent_instance_id, Message(raised, request.parent_execution_id))
        self._busy.discard(batch.entity_id)
        self._waiting[batch.entity_id] = None

    def _document(self, identity: str, requests: tuple[tuple[int, EntityRequest], ...]) -> str:
        _, name, key = identity.split("@", 2)
        row = self._execute("SELECT state FROM entities WHERE entity_id = ?", (identity,)).fetchone()
        return json.dumps(
            {
                "self": {"name": name, "key": key},
                "exists": row is not None,
                "state": None if row is None else row[0],
                "batch": [
                    {
                        "name": request.operation,
                        "input": request.input,
                        "isSignal": request.parent_instance_id is None,
                    }
                    for _, request in requests
                ],
            }
        )
