"""Dead letters in Table and blob storage."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from nightshift.clients.dead_letters.dead_letters import TableDeadLetterBook
from nightshift.clients.platform.blob_storage import AzureBlobStore
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.errors import BadInputError, ConflictError
from nightshift.domain.platform.names import EVIDENCE
from tests.integration.clients.reads import Reads

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def book(tables: TableServiceClient, blobs: BlobServiceClient) -> TableDeadLetterBook:
    """The store on a real Azurite."""
    if not blobs.get_container_client(EVIDENCE).exists():
        blobs.create_container(EVIDENCE)
    return TableDeadLetterBook(tables, AzureBlobStore(blobs))


def letter(queue: str, number: int = 1, body: str = "{}") -> DeadLetter:
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


def test_a_letter_is_kept_once_and_whole(book: TableDeadLetterBook, model: str) -> None:
    """300,000 characters that no table property could hold come back as they were."""
    large = letter(model, body="ä" * 300_000)
    assert [book.record(large), book.record(large)] == [True, False]
    assert book.get(large.letter_id) == large


def test_letters_are_listed_by_queue_and_state(book: TableDeadLetterBook, model: str) -> None:
    """Newest first."""
    letters = [letter(model, number) for number in (1, 2, 3)]
    for item in letters:
        book.record(item)
    book.settle(letters[1].letter_id, "waiting", "discarded", "by me")
    assert [item.message_id for item in book.all(model)] == ["3", "2", "1"]
    assert [item.message_id for item in book.all(model, "waiting")] == ["3", "1"]


def test_what_waits_is_listed_without_its_bodies(book: TableDeadLetterBook, model: str) -> None:
    """Newest first, of all queues; a page that only counts them does not read every body."""
    letters = [letter(f"{model}-{number % 2}", number, body="long") for number in (1, 2, 3)]
    for item in letters:
        book.record(item)
    book.settle(letters[1].letter_id, "waiting", "discarded", "by me")
    found = [item for item in book.waiting() if item.queue.startswith(f"{model}-")]
    assert found == [letters[2].model_copy(update={"body": ""}), letters[0].model_copy(update={"body": ""})]


def test_what_waits_is_counted_without_being_read(
    book: TableDeadLetterBook, counted: TableServiceClient, reads: Reads, model: str
) -> None:
    """Of its queue alone and up to a limit: no other message is fetched, and no body."""
    for number in (1, 2, 3):
        book.record(letter(model, number))
    book.record(letter(f"{model}-other"))
    book.settle(f"{model}-1", "waiting", "discarded", "by me")
    bodiless = TableDeadLetterBook(counted, cast("AzureBlobStore", None))
    assert [bodiless.count_waiting(model, most) for most in (1, 2, 1_000)] == [1, 2, 2]
    assert reads.entities == 1 + 2 + 2


def test_a_letter_is_settled_once(book: TableDeadLetterBook, model: str) -> None:
    """Whoever comes second learns of it, and the history tells who was first."""
    book.record(letter(model))
    settled = book.settle(f"{model}-1", "waiting", "redriven", "by the first")
    assert (settled.state, settled.history) == ("redriven", ("by the first",))
    with pytest.raises(ConflictError, match="is redriven, not waiting"):
        book.settle(f"{model}-1", "waiting", "redriven", "by the second")


def test_an_unknown_letter(book: TableDeadLetterBook) -> None:
    """None, and an error for whoever wants to close it."""
    assert book.get("nothing") is None
    with pytest.raises(BadInputError, match="nothing"):
        book.settle("nothing", "waiting", "discarded", "")
