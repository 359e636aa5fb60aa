"""Dead letters in Table and blob storage."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from nightshift.clients.dead_letters.dead_letters import TableDeadLetterStore
from nightshift.clients.platform.blob_storage import AzureBlobStore
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.errors import BadInputError, ConflictError
from nightshift.domain.platform.names import EVIDENCE
from tests.integration.clients.reads import Reads

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tables: TableServiceClient, blobs: BlobServiceClient) -> TableDeadLetterStore:
    """The store on a real Azurite."""
    if not blobs.get_container_client(EVIDENCE).exists():
        blobs.create_container(EVIDENCE)
    return TableDeadLetterStore(tables, AzureBlobStore(blobs))


def dead_letter(queue: str, number: int = 1, body: str = "{}") -> DeadLetter:
    """A dead letter that waits."""
    return DeadLetter(
        letter_id=f"{queue}-{number}",
        queue=queue,
        message_id=str(number),
        body=body,
        encoding="utf-8",
        body_digest="d",
        reason="r",
        broker_reason="MaxDeliveryCountExceeded",
        delivery_count=5,
        enqueued_at=AT,
        recorded_at=AT + timedelta(minutes=number),
    )


def test_a_dead_letter_is_kept_once_and_whole(store: TableDeadLetterStore, model: str) -> None:
    """300,000 characters that no table property could hold come back as they were."""
    large = dead_letter(model, body="ä" * 300_000)
    assert [store.record(large), store.record(large)] == [True, False]
    assert store.get(large.letter_id) == large


def test_dead_letters_are_listed_by_queue_and_state(store: TableDeadLetterStore, model: str) -> None:
    """Newest first."""
    dead_letters = [dead_letter(model, number) for number in (1, 2, 3)]
    for item in dead_letters:
        store.record(item)
    store.close(dead_letters[1].letter_id, "waiting", "discarded", "by me")
    assert [item.message_id for item in store.all(model)] == ["3", "2", "1"]
    assert [item.message_id for item in store.all(model, "waiting")] == ["3", "1"]


def test_what_waits_is_listed_without_its_bodies(store: TableDeadLetterStore, model: str) -> None:
    """Newest first, of all queues; a page that only counts them does not read every body."""
    dead_letters = [dead_letter(f"{model}-{number % 2}", number, body="long") for number in (1, 2, 3)]
    for item in dead_letters:
        store.record(item)
    store.close(dead_letters[1].letter_id, "waiting", "discarded", "by me")
    found = [item for item in store.waiting() if item.queue.startswith(f"{model}-")]
    assert found == [dead_letters[2].model_copy(update={"body": ""}), dead_letters[0].model_copy(update={"body": ""})]


def test_what_waits_is_counted_without_being_read(
    store: TableDeadLetterStore, counted: TableServiceClient, reads: Reads, model: str
) -> None:
    """Of its queue alone and up to a limit: no other message is fetched, and no body."""
    for number in (1, 2, 3):
        store.record(dead_letter(model, number))
    store.record(dead_letter(f"{model}-other"))
    store.close(f"{model}-1", "waiting", "discarded", "by me")
    bodiless = TableDeadLetterStore(counted, cast("AzureBlobStore", None))
    assert [bodiless.count_waiting(model, most) for most in (1, 2, 1_000)] == [1, 2, 2]
    assert reads.entities == 1 + 2 + 2


def test_a_dead_letter_is_closed_once(store: TableDeadLetterStore, model: str) -> None:
    """Whoever comes second learns of it, and the history tells who was first."""
    store.record(dead_letter(model))
    closed = store.close(f"{model}-1", "waiting", "redriven", "by the first")
    assert (closed.state, closed.history) == ("redriven", ("by the first",))
    with pytest.raises(ConflictError, match="is redriven, not waiting"):
        store.close(f"{model}-1", "waiting", "redriven", "by the second")


def test_an_unknown_letter(store: TableDeadLetterStore) -> None:
    """None, and an error for whoever wants to close it."""
    assert store.get("nothing") is None
    with pytest.raises(BadInputError, match="nothing"):
        store.close("nothing", "waiting", "discarded", "")
