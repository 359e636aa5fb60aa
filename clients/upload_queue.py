"""The queue of uploads per model, in the table ``uploads``.

A partition per model holds the row ``queue`` (generation, busy, next sequence) and a row per upload. Every change goes
through the queue row's ETag, so that an upload either reaches the running generation or starts the next one: the claim
that finds nothing sets the queue idle in the same write that a simultaneous submit would make fail.
The row also names the run that was claimed last, so that the successor of a generation that died takes it up.
"""

from collections.abc import Iterable, Sequence

from azure.data.tables import TableServiceClient

from clients.tables import Row, Table, Write, until_no_conflict
from domain.errors import ConflictError
from domain.identity import instance_id
from domain.names import LIFECYCLE
from domain.run import Batch
from domain.upload import Upload
from domain.upload_queue import QueueState, Submission

_QUEUE = "queue"
_UPLOAD = "upload-"
# A transaction holds at most 100 rows, one of which is the queue's own.
_BATCH = 99
_NONE_BEGUN = ("", 0)


class TableUploadQueue:
    """Implements domain.ports.UploadQueue."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "uploads")

    def submit(self, upload: Upload, model: str, *, with_: Sequence[Upload] = ()) -> Submission:
        """Add an upload (and those that go with it) once and wake the queue if it is idle."""
        return until_no_conflict(lambda: self._submit((upload, *with_), model))

    def _submit(self, uploads: tuple[Upload, ...], model: str) -> Submission:
        queue = self._table.get(model, _QUEUE)
        generation, busy, sequence = _read(queue)
        if self._table.get(model, _UPLOAD + uploads[0].identity) is not None:
            return Submission(generation=generation, accepted=False)
        if not busy:
            generation += 1
        self._table.write(
            model,
            [
                *(
                    Write(
                        _UPLOAD + upload.identity,
                        {"State": "waiting", "Sequence": sequence + number, "Upload": upload.model_dump_json()},
                    )
                    for number, upload in enumerate(uploads)
                ),
                _queue(queue, generation, busy=True, sequence=sequence + len(uploads)),
            ],
        )
        return Submission(generation=generation, accepted=True)

    def claim(self, model: str, generation: int, claim: int) -> Batch:
        """Take all waiting uploads as one batch; the same claim gets the same batch; an empty one sets it idle."""
        return until_no_conflict(lambda: self._claim(model, generation, claim))

    def _claim(self, model: str, generation: int, claim: int) -> Batch:
        mark = f"{generation}:{claim}"
        queue = self._table.get(model, _QUEUE)
        current, busy, sequence = _read(queue)
        if queue is None or current != generation or not busy:
            # A generation that has ended takes nothing any more, whatever starts it again.
            return Batch()
        mine = self._uploads(model, "Claim", mark)
        if mine:
            return _batch(model, mine)
        begun = self._begun_by_another(model, queue, generation)
        waiting = begun or self._uploads(model, "State", "waiting")[:_BATCH]
        if not waiting:
            self._table.write(model, [_queue(queue, generation, busy=False, sequence=sequence)])
            return Batch()
        batch = _batch(model, waiting)
        claimed = {"State": "claimed", "Claim": mark, "Run": batch.run}
        writes = [Write(row.key, {**row.values, **claimed}, row.etag) for row in waiting]
        begun_by_us = (batch.run, generation)
        self._table.write(model, [*writes, _queue(queue, generation, busy=True, sequence=sequence, begun=begun_by_us)])
        return batch

    def _begun_by_another(self, model: str, queue: Row, generation: int) -> list[Row]:
        run, begun_by = _begun(queue)
        return self._uploads(model, "Run", run) if run and begun_by != generation else []

    def begun_run(self, model: str) -> str | None:
        """The run that was claimed last and may not have ended; None if there is none."""
        queue = self._table.get(model, _QUEUE)
        return None if queue is None else _begun(queue)[0] or None

    def last_run(self, model: str) -> str | None:
        """The run that was claimed last, whether or not it has ended; None if there was none."""
        queue = self._table.get(model, _QUEUE)
        if queue is None or _last(queue):
            return None if queue is None else _last(queue)
        # The row is from before rows named it.
        claimed = self._uploads(model, "State", "claimed")
        return str(claimed[-1].values["Run"]) if claimed else None

    def take_over(self, model: str, generation: int, *, begun_has_ended: bool) -> Submission:
        """Start a successor of a generation whose instance is gone; it takes up the begun run unless that has ended."""
        queue = self._table.get(model, _QUEUE)
        current, busy, sequence = _read(queue)
        if current != generation or not busy:
            return Submission(generation=current, accepted=False)
        try:
            begun = _NONE_BEGUN if begun_has_ended else None
            self._table.write(model, [_queue(queue, generation + 1, busy=True, sequence=sequence, begun=begun)])
        except ConflictError:
            return Submission(generation=generation, accepted=False)
        return Submission(generation=generation + 1, accepted=True)

    def states(self) -> Iterable[QueueState]:
        """All queues."""
        rows = self._table.query("RowKey eq @key", {"key": _QUEUE})
        return [
            QueueState(
                model=row.partition,
                generation=int(row.values["Generation"]),
                busy=bool(row.values["Busy"]),
                waiting=len(self._uploads(row.partition, "State", "waiting")),
            )
            for row in rows
        ]

    def run_of(self, model: str, identity: str) -> str | None:
        """The run that took an upload; None while it waits or if it is unknown."""
        row = self._table.get(model, _UPLOAD + identity)
        return None if row is None or "Run" not in row.values else str(row.values["Run"])

    def _uploads(self, model: str, field: str, value: str) -> list[Row]:
        rows = self._table.query(f"PartitionKey eq @model and {field} eq @value", {"model": model, "value": value})
        return sorted(rows, key=lambda row: int(row.values["Sequence"]))


def _read(queue: Row | None) -> tuple[int, bool, int]:
    if queue is None:
        return 0, False, 1
    return int(queue.values["Generation"]), bool(queue.values["Busy"]), int(queue.values["Sequence"])


def _begun(queue: Row | None) -> tuple[str, int]:
    """The run that was claimed last and the generation that claimed it."""
    if queue is None:
        return _NONE_BEGUN
    return str(queue.values["Begun"]), int(queue.values["BegunBy"])


def _last(queue: Row | None) -> str:
    """The run that was claimed last, whether or not it has ended; empty if the row does not name it."""
    return "" if queue is None else str(queue.values.get("Last") or _begun(queue)[0])


def _queue(
    queue: Row | None, generation: int, *, busy: bool, sequence: int, begun: tuple[str, int] | None = None
) -> Write:
    """The queue's row; ``begun`` None leaves the begun run as it is, unless the queue becomes idle."""
    run, begun_by = (begun or _begun(queue)) if busy else _NONE_BEGUN
    values = {
        "Generation": generation,
        "Busy": busy,
        "Sequence": sequence,
        "Begun": run,
        "BegunBy": begun_by,
        "Last": run or _last(queue),
    }
    return Write(_QUEUE, values, None if queue is None else queue.etag)


def _batch(model: str, rows: list[Row]) -> Batch:
    uploads = tuple(Upload.from_json(str(row.values["Upload"])) for row in rows)
    return Batch(run=instance_id(LIFECYCLE, model, uploads[0].identity), uploads=uploads)
