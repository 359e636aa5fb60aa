"""Queues over a store in a folder of the test, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.message import parse_message
from local_host.servicebus.amqp.values import Described, Symbol, UInt, ULong
from local_host.servicebus.definitions import QueueDefinition
from local_host.servicebus.entity import Entity
from local_host.servicebus.message_store import MessageStore
from local_host.servicebus.namespace import Namespace


def encoded_message(
    body: bytes = b"body",
    *,
    message_id: Any = None,
    ttl: int | None = None,
    annotations: Mapping[str, Any] | None = None,
    properties: Mapping[str, Any] | None = None,
) -> bytes:
    """A message as a client encodes it."""
    sections = []
    if ttl is not None:
        sections.append(Described(ULong(0x70), [True, None, UInt(ttl)]))
    if annotations:
        sections.append(Described(ULong(0x72), {Symbol(key): value for key, value in annotations.items()}))
    if message_id is not None:
        sections.append(Described(ULong(0x73), [message_id]))
    if properties:
        sections.append(Described(ULong(0x74), dict(properties)))
    sections.append(Described(ULong(0x75), body))
    return b"".join(map(encode, sections))


@dataclass
class Workbench:
    """A namespace and what happened to it. `now` is in ms; `ready` counts announcements by address."""

    folder: Path
    definitions: tuple[QueueDefinition, ...]
    store: MessageStore
    now: int = 1_000_000

    def __post_init__(self) -> None:
        self.ready: list[str] = []
        self.namespace = Namespace(self.definitions, self.store, lambda: self.now, self._note)
        self.queue = self.namespace.entity(self.definitions[0].name)
        self.dead_letters = self.namespace.entity(f"{self.definitions[0].name}/$DeadLetterQueue")

    def send(self, *bodies: bytes, **options: Any) -> list[int]:
        """Sends messages to the queue; their numbers."""
        return [self.namespace.send(self.queue, parse_message(encoded_message(body, **options))) for body in bodies]

    def lock(self) -> bytes:
        """Locks the next message, which must exist; its token."""
        [locked] = self.queue.lock_next(1)
        return locked.token

    def wait(self, milliseconds: int) -> None:
        """Lets time pass."""
        self.now += milliseconds
        self.namespace.run_due()

    def _note(self, entity: Entity) -> None:
        self.ready.append(entity.address)


MakeWorkbench = Callable[..., Workbench]


@pytest.fixture
def make_workbench(tmp_path: Path) -> Iterator[MakeWorkbench]:
    """A workbench with one queue `q`: locks of 10 s, three deliveries, dead letters on expiry, and these options.

    Without a folder it has a new one.
    """
    stores: list[MessageStore] = []

    def make(folder: Path | None = None, **options: Any) -> Workbench:
        settings = {
            "name": "q",
            "lock_duration": 10,
            "max_delivery_count": 3,
            "dead_lettering_on_expiration": True,
            **options,
        }
        folder = folder or tmp_path / f"state-{len(stores)}"
        stores.append(MessageStore(folder))
        return Workbench(folder, (QueueDefinition.model_validate(settings),), stores[-1])

    yield make
    for store in stores:
        with closing(store):
            pass


@pytest.fixture
def bench(make_workbench: MakeWorkbench) -> Workbench:
    """The usual queue."""
    return make_workbench()
