"""Dead letters in the table ``deadletters``; their bodies in blob storage, whatever their size."""

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Row, Table, Write
from nightshift.domain.dead_letters.dead_letter import DeadLetter, DeadLetterState
from nightshift.domain.platform.errors import BadInputError, ConflictError
from nightshift.domain.platform.names import EVIDENCE
from nightshift.domain.platform.ports import BlobStore
from nightshift.domain.uploads.upload import BlobRef


class TableDeadLetterBook:
    """Implements `DeadLetterBook`: a partition per queue, a row per letter."""

    def __init__(self, service: TableServiceClient, blobs: BlobStore) -> None:
        self._table = Table(service, "deadletters")
        self._blobs = blobs

    def record(self, letter: DeadLetter) -> bool:
        """Keep a dead letter once; False if it was there."""
        # The body first: a row without its body would be a message lost.
        self._blobs.write(_body(letter.letter_id), letter.body.encode(), content_type="text/plain; charset=utf-8")
        try:
            self._table.write(letter.queue, [_write(letter, None)])
        except ConflictError:
            return False
        return True

    def get(self, letter_id: str) -> DeadLetter | None:
        """A dead letter."""
        row = self._row(letter_id)
        return None if row is None else self._read(row)

    def settle(self, letter_id: str, expected: DeadLetterState, state: DeadLetterState, note: str) -> DeadLetter:
        """Move it from one state to another and add a line to its history; ConflictError if it is in another state."""
        row = self._row(letter_id)
        if row is None:
            raise BadInputError(field="dead letter", value=letter_id, rule="there is none of this id")
        letter = self._read(row)
        if letter.state != expected:
            raise ConflictError(f"dead letter {letter_id} is {letter.state}, not {expected}")
        settled = letter.model_copy(update={"state": state, "history": (*letter.history, note)})
        self._table.write(letter.queue, [_write(settled, row.etag)])
        return settled

    def all(self, queue: str | None = None, state: DeadLetterState | None = None) -> tuple[DeadLetter, ...]:
        """Dead letters, newest first."""
        rows = self._table.partition(queue) if queue else self._table.query("RowKey ne @none", {"none": ""})
        letters = (self._read(row) for row in rows if state is None or row.values["State"] == state)
        return tuple(sorted(letters, key=lambda letter: letter.recorded_at, reverse=True))

    def waiting(self) -> tuple[DeadLetter, ...]:
        """Those that wait for a person, newest first, without their bodies."""
        rows = self._table.query("State eq @state", {"state": "waiting"})
        letters = (DeadLetter.from_json(str(row.values["Letter"])) for row in rows)
        return tuple(sorted(letters, key=lambda letter: letter.recorded_at, reverse=True))

    def count_waiting(self, queue: str, most: int) -> int:
        """How many of a queue wait for a person; none is counted beyond ``most`` (1 to 1000)."""
        where = "PartitionKey eq @queue and State eq @state"
        rows = self._table.query(where, {"queue": queue, "state": "waiting"}, limit=most, only=())
        return sum(1 for _ in rows)

    def _row(self, letter_id: str) -> Row | None:
        return next(iter(self._table.query("RowKey eq @key", {"key": letter_id})), None)

    def _read(self, row: Row) -> DeadLetter:
        letter = DeadLetter.from_json(str(row.values["Letter"]))
        body = self._blobs.read(_body(letter.letter_id)).decode()
        return letter.model_copy(update={"body": body})


def _body(letter_id: str) -> BlobRef:
    return BlobRef(container=EVIDENCE, name=f"dead-letters/{letter_id}")


def _write(letter: DeadLetter, etag: str | None) -> Write:
    kept = letter.model_copy(update={"body": ""})
    return Write(letter.letter_id, {"State": letter.state, "Letter": kept.model_dump_json()}, etag)
