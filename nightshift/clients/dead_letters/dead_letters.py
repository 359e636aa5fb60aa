"""Dead letters in the table ``deadletters``; their bodies in blob storage, whatever their size."""

from collections.abc import Sequence

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Row, Table, Write
from nightshift.domain.dead_letters.dead_letter import DeadLetter, DeadLetterState
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.names import EVIDENCE
from nightshift.domain.platform.ports import BlobStore
from nightshift.domain.uploads.upload import BlobRef


class TableDeadLetterStore:
    """Implements `DeadLetterStore`: a partition per queue, a row per message."""

    def __init__(self, service: TableServiceClient, blobs: BlobStore) -> None:
        self._table = Table(service, "deadletters")
        self._records = Records(self._table, DeadLetter, column="Letter", writes=_writes)
        self._blobs = blobs

    def record(self, dead_letter: DeadLetter) -> bool:
        # The body first: a row without its body would be a message lost.
        self._blobs.write(
            _body(dead_letter.letter_id), dead_letter.body.encode(), content_type="text/plain; charset=utf-8"
        )
        return self._records.put_once(dead_letter.queue, dead_letter.letter_id, dead_letter)[1]

    def get(self, letter_id: str) -> DeadLetter | None:
        dead_letter = self._find(letter_id)
        return None if dead_letter is None else self._with_body(dead_letter)

    def close(self, letter_id: str, expected: DeadLetterState, state: DeadLetterState, note: str) -> DeadLetter:
        known = self.get(letter_id)
        if known is None:
            raise BadInputError(field="dead letter", value=letter_id, rule="there is none of this id")
        closed = self._records.change(
            known.queue, letter_id, lambda dead_letter: dead_letter.closed(expected, state, note)
        )
        assert closed is not None, f"dead letter {letter_id} has no record any more: records are never deleted"
        return closed.model_copy(update={"body": known.body})

    def all(self, queue: str | None = None, state: DeadLetterState | None = None) -> tuple[DeadLetter, ...]:
        dead_letters = (
            self._with_body(dead_letter)
            for dead_letter in self._records.all(queue)
            if state in {None, dead_letter.state}
        )
        return tuple(sorted(dead_letters, key=lambda dead_letter: dead_letter.recorded_at, reverse=True))

    def waiting(self) -> tuple[DeadLetter, ...]:
        dead_letters = self._records.where("State eq @state", {"state": "waiting"})
        return tuple(sorted(dead_letters, key=lambda dead_letter: dead_letter.recorded_at, reverse=True))

    def count_waiting(self, queue: str, most: int) -> int:
        where = "PartitionKey eq @queue and State eq @state"
        rows = self._table.query(where, {"queue": queue, "state": "waiting"}, limit=most, only=())
        return sum(1 for _ in rows)

    def _find(self, letter_id: str) -> DeadLetter | None:
        """A dead letter without its body."""
        return next(self._records.where("RowKey eq @key", {"key": letter_id}), None)

    def _with_body(self, dead_letter: DeadLetter) -> DeadLetter:
        return dead_letter.model_copy(update={"body": self._blobs.read(_body(dead_letter.letter_id)).decode()})


def _body(letter_id: str) -> BlobRef:
    return BlobRef(container=EVIDENCE, name=f"dead-letters/{letter_id}")


def _writes(key: str, dead_letter: DeadLetter, before: Row | None) -> Sequence[Write]:
    kept = dead_letter.model_copy(update={"body": ""})
    values = {"State": dead_letter.state, "Letter": kept.model_dump_json()}
    return [Write(key, values, None if before is None else before.etag)]
