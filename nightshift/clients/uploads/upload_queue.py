"""The queue of uploads per model, in the table ``uploads``.

A partition per model holds the row ``queue`` (generation, busy, next sequence) and a row per upload, and by which they
are found a row per submission (``order-``, by sequence) and per claim (``claim-``). Uploads are claimed by sequence, so
those from the queue row's ``From`` on wait, and all before it were claimed. A generation that an earlier release began
has no ``From``: it is read by a scan to its end, and the next one begins with it. Every change goes
through the queue row's ETag, so that an upload either reaches the running generation or starts the next one: the claim
that finds nothing sets the queue idle in the same write that a simultaneous submit would make fail.
The row also names the run that was claimed last, so that the successor of a generation that died takes it up.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Put, Row, Table, Write, until_no_conflict
from nightshift.domain.lifecycle.run import Batch
from nightshift.domain.platform.errors import RowChangedError
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.names import LIFECYCLE
from nightshift.domain.uploads.queue_machine import BegunRun, UploadQueueRecord, claim_mark, coalesced
from nightshift.domain.uploads.upload import Upload
from nightshift.domain.uploads.upload_queue import QueueState, Submission

_QUEUE = "queue"
_UPLOAD = "upload-"
_ORDER, _CLAIM = "order-", "claim-"
# A transaction holds at most 100 rows, two of which are the queue's own and the claim's.
_BATCH = 98
_FROM, _BEGUN_CLAIM = "From", "BegunClaim"


class TableUploadQueue:
    """Implements `UploadQueue`. What changes a queue is decided in nightshift.domain.uploads.queue_machine."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "uploads")

    def submit(self, upload: Upload, model: str, *, with_: Sequence[Upload] = ()) -> Submission:
        return until_no_conflict(lambda: self._submit((upload, *with_), model))

    def _submit(self, uploads: tuple[Upload, ...], model: str) -> Submission:
        row = self._table.get(model, _QUEUE)
        before = _read(row)
        if self._table.get(model, _UPLOAD + uploads[0].identity) is not None:
            return Submission(generation=before.generation, accepted=False)
        after = before.submitted(len(uploads))
        identities = {"Uploads": json.dumps([upload.identity for upload in uploads])}
        self._table.write(
            model,
            [
                *(
                    Write(
                        _UPLOAD + upload.identity,
                        {"State": "waiting", "Sequence": before.sequence + number, "Upload": upload.model_dump_json()},
                    )
                    for number, upload in enumerate(uploads)
                ),
                Put(f"{_ORDER}{before.sequence:010d}", identities),
                _write(after, row),
            ],
        )
        return Submission(generation=after.generation, accepted=True)

    def claim(self, model: str, generation: int, claim: int) -> Batch:
        return until_no_conflict(lambda: self._claim(model, generation, claim_mark(generation, claim)))

    def _claim(self, model: str, generation: int, mark: str) -> Batch:
        row = self._table.get(model, _QUEUE)
        queue = _read(row)
        if not queue.runs(generation):
            return Batch()
        mine = self._claimed(model, queue, mark)
        if mine:
            return _batch(model, mine)
        orphaned = self._orphaned(model, queue)
        waiting = [] if orphaned else coalesced(self._waiting(model, queue), _BATCH)
        taken = orphaned or waiting
        if not taken:
            self._table.write(model, [_write(queue.drained(), row)])
            return Batch()
        batch = _batch(model, taken)
        claimed = {"State": "claimed", "Claim": mark, "Run": batch.run}
        identities = {"Uploads": json.dumps([upload.key.removeprefix(_UPLOAD) for upload in taken])}
        self._table.write(
            model,
            [
                *(Write(upload.key, {**upload.values, **claimed}, upload.etag) for upload in taken),
                Put(_CLAIM + mark, identities),
                _write(queue.claimed(batch.run, mark, len(waiting)), row),
            ],
        )
        return batch

    def _claimed(self, model: str, queue: UploadQueueRecord, mark: str) -> list[Row]:
        """What a claim has taken."""
        if queue.waits_from is None:
            return self._scanned(model, "Claim", mark)
        row = self._table.get(model, _CLAIM + mark)
        return [] if row is None else self._named(model, row)

    def _orphaned(self, model: str, queue: UploadQueueRecord) -> list[Row]:
        """What an earlier generation has claimed and may not have brought to its end."""
        orphan = queue.orphan
        if orphan is None:
            return []
        return self._claimed(model, queue, orphan.claim) if orphan.claim else self._scanned(model, "Run", orphan.run)

    def _waiting(self, model: str, queue: UploadQueueRecord) -> Iterator[list[Row]]:
        """The uploads that wait, the oldest first; what was submitted together is one list."""
        if queue.waits_from is None:
            # An earlier release kept no record of what was submitted together.
            yield from ([row] for row in self._scanned(model, "State", "waiting"))
            return
        where = "PartitionKey eq @model and RowKey ge @first and RowKey lt @last"
        first = f"{_ORDER}{queue.waits_from:010d}"
        bounds = {"model": model, "first": first, "last": _ORDER + "\U0000fffd"}
        yield from (self._named(model, order) for order in self._table.query(where, bounds))

    def _named(self, model: str, row: Row) -> list[Row]:
        """The uploads that a row names."""
        found = (self._table.get(model, _UPLOAD + identity) for identity in json.loads(row.values["Uploads"]))
        return [upload for upload in found if upload is not None]

    def begun_run(self, model: str) -> str | None:
        begun = _read(self._table.get(model, _QUEUE)).begun
        return None if begun is None else begun.run

    def last_run(self, model: str) -> str | None:
        row = self._table.get(model, _QUEUE)
        if row is None or _read(row).last_run:
            return _read(row).last_run or None
        # The row is from before rows named it.
        claimed = self._scanned(model, "State", "claimed")
        return str(claimed[-1].values["Run"]) if claimed else None

    def take_over(self, model: str, generation: int, *, begun_has_ended: bool) -> Submission:
        row = self._table.get(model, _QUEUE)
        queue = _read(row)
        if not queue.runs(generation):
            return Submission(generation=queue.generation, accepted=False)
        successor = queue.taken_over(begun_has_ended=begun_has_ended)
        try:
            self._table.write(model, [_write(successor, row)])
        except RowChangedError:
            return Submission(generation=generation, accepted=False)
        return Submission(generation=successor.generation, accepted=True)

    def states(self) -> Iterable[QueueState]:
        return [state for model in self._table.partitions() if (state := self.state(model)) is not None]

    def state(self, model: str) -> QueueState | None:
        row = self._table.get(model, _QUEUE)
        if row is None:
            return None
        queue = _read(row)
        waiting = len(self._scanned(model, "State", "waiting")) if queue.waiting is None else queue.waiting
        return QueueState(model=model, generation=queue.generation, busy=queue.busy, waiting=waiting)

    def run_of(self, model: str, identity: str) -> str | None:
        row = self._table.get(model, _UPLOAD + identity)
        return None if row is None or "Run" not in row.values else str(row.values["Run"])

    def _scanned(self, model: str, field: str, value: str) -> list[Row]:
        """Uploads by a property, by sequence: for rows that an earlier release wrote."""
        rows = self._table.query(f"PartitionKey eq @model and {field} eq @value", {"model": model, "value": value})
        return sorted(rows, key=lambda row: int(row.values["Sequence"]))


def _read(row: Row | None) -> UploadQueueRecord:
    """The queue of a row; an earlier release may not have written the last three of its properties."""
    if row is None:
        return UploadQueueRecord()
    values = row.values
    run, by, claim = str(values["Begun"]), int(values["BegunBy"]), str(values.get(_BEGUN_CLAIM) or "")
    return UploadQueueRecord(
        generation=int(values["Generation"]),
        busy=bool(values["Busy"]),
        sequence=int(values["Sequence"]),
        begun=BegunRun(run=run, generation=by, claim=claim) if run else None,
        last_run=str(values.get("Last") or run),
        waits_from=None if values.get(_FROM) is None else int(values[_FROM]),
    )


def _write(queue: UploadQueueRecord, row: Row | None) -> Write:
    """The queue's row, in place of the one that was read."""
    begun = queue.begun or BegunRun(run="", generation=0)
    values = {
        "Generation": queue.generation,
        "Busy": queue.busy,
        "Sequence": queue.sequence,
        "Begun": begun.run,
        "BegunBy": begun.generation,
        _BEGUN_CLAIM: begun.claim,
        "Last": queue.last_run,
    }
    indexed = {} if queue.waits_from is None else {_FROM: queue.waits_from}
    return Write(_QUEUE, values | indexed, None if row is None else row.etag)


def _batch(model: str, rows: list[Row]) -> Batch:
    uploads = tuple(Upload.from_json(str(row.values["Upload"])) for row in rows)
    return Batch(run=instance_id(LIFECYCLE, model, uploads[0].identity), uploads=uploads)
