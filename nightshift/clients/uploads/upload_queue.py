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
from collections.abc import Iterable, Sequence

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Put, Row, Table, Write, until_no_conflict
from nightshift.domain.lifecycle.run import Batch
from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.names import LIFECYCLE
from nightshift.domain.uploads.upload import Upload
from nightshift.domain.uploads.upload_queue import QueueState, Submission

_QUEUE = "queue"
_UPLOAD = "upload-"
_ORDER, _CLAIM = "order-", "claim-"
# A transaction holds at most 100 rows, two of which are the queue's own and the claim's.
_BATCH = 98
_FROM, _BEGUN_CLAIM = "From", "BegunClaim"
_NONE_BEGUN = ("", 0, "")


class TableUploadQueue:
    """Implements `UploadQueue`."""

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
        waits_from = _waits_from(queue)
        if not busy:
            # Nothing waits, so all that waits from now on has rows by sequence.
            generation, waits_from = generation + 1, sequence
        identities = {"Uploads": json.dumps([upload.identity for upload in uploads])}
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
                Put(f"{_ORDER}{sequence:010d}", identities),
                _queue(queue, generation, busy=True, sequence=sequence + len(uploads), waits_from=waits_from),
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
        mine = self._claimed(model, queue, mark)
        if mine:
            return _batch(model, mine)
        taken = self._begun_by_another(model, queue, generation)
        waits_from = _waits_from(queue)
        if not taken:
            taken = self._waiting(model, queue)
            waits_from = None if waits_from is None else waits_from + len(taken)
        if not taken:
            self._table.write(model, [_queue(queue, generation, busy=False, sequence=sequence, waits_from=waits_from)])
            return Batch()
        batch = _batch(model, taken)
        claimed = {"State": "claimed", "Claim": mark, "Run": batch.run}
        identities = {"Uploads": json.dumps([row.key.removeprefix(_UPLOAD) for row in taken])}
        begun = (batch.run, generation, mark)
        self._table.write(
            model,
            [
                *(Write(row.key, {**row.values, **claimed}, row.etag) for row in taken),
                Put(_CLAIM + mark, identities),
                _queue(queue, generation, busy=True, sequence=sequence, waits_from=waits_from, begun=begun),
            ],
        )
        return batch

    def _claimed(self, model: str, queue: Row, mark: str) -> list[Row]:
        """What a claim has taken."""
        if _waits_from(queue) is None:
            return self._scanned(model, "Claim", mark)
        row = self._table.get(model, _CLAIM + mark)
        return [] if row is None else self._named(model, row)

    def _begun_by_another(self, model: str, queue: Row, generation: int) -> list[Row]:
        """What an earlier generation has claimed and may not have brought to its end."""
        run, begun_by, mark = _begun(queue)
        if not run or begun_by == generation:
            return []
        return self._claimed(model, queue, mark) if mark else self._scanned(model, "Run", run)

    def _waiting(self, model: str, queue: Row) -> list[Row]:
        """The uploads that wait longest, at most a batch; what was submitted together stays together."""
        first = _waits_from(queue)
        if first is None:
            return self._scanned(model, "State", "waiting")[:_BATCH]
        found: list[Row] = []
        where = "PartitionKey eq @model and RowKey ge @first and RowKey lt @last"
        bounds = {"model": model, "first": f"{_ORDER}{first:010d}", "last": _ORDER + "\U0000fffd"}
        for order in self._table.query(where, bounds):
            together = self._named(model, order)
            if len(found) + len(together) > _BATCH:
                break
            found += together
        return found

    def _named(self, model: str, row: Row) -> list[Row]:
        """The uploads that a row names."""
        found = (self._table.get(model, _UPLOAD + identity) for identity in json.loads(row.values["Uploads"]))
        return [upload for upload in found if upload is not None]

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
        claimed = self._scanned(model, "State", "claimed")
        return str(claimed[-1].values["Run"]) if claimed else None

    def take_over(self, model: str, generation: int, *, begun_has_ended: bool) -> Submission:
        """Start a successor of a generation whose instance is gone; it takes up the begun run unless that has ended."""
        queue = self._table.get(model, _QUEUE)
        current, busy, sequence = _read(queue)
        if current != generation or not busy:
            return Submission(generation=current, accepted=False)
        try:
            begun = _NONE_BEGUN if begun_has_ended else None
            waits_from = _waits_from(queue)
            successor = _queue(queue, generation + 1, busy=True, sequence=sequence, waits_from=waits_from, begun=begun)
            self._table.write(model, [successor])
        except ConflictError:
            return Submission(generation=generation, accepted=False)
        return Submission(generation=generation + 1, accepted=True)

    def states(self) -> Iterable[QueueState]:
        """All queues."""
        return [state for model in self._table.partitions() if (state := self.state(model)) is not None]

    def state(self, model: str) -> QueueState | None:
        """The queue of a model; None if nothing was ever uploaded."""
        queue = self._table.get(model, _QUEUE)
        if queue is None:
            return None
        generation, busy, sequence = _read(queue)
        waits_from = _waits_from(queue)
        if not busy:
            waiting = 0
        elif waits_from is not None:
            waiting = sequence - waits_from
        else:
            waiting = len(self._scanned(queue.partition, "State", "waiting"))
        return QueueState(model=queue.partition, generation=generation, busy=busy, waiting=waiting)

    def run_of(self, model: str, identity: str) -> str | None:
        """The run that took an upload; None while it waits or if it is unknown."""
        row = self._table.get(model, _UPLOAD + identity)
        return None if row is None or "Run" not in row.values else str(row.values["Run"])

    def _scanned(self, model: str, field: str, value: str) -> list[Row]:
        """Uploads by a property, by sequence: for rows that an earlier release wrote."""
        rows = self._table.query(f"PartitionKey eq @model and {field} eq @value", {"model": model, "value": value})
        return sorted(rows, key=lambda row: int(row.values["Sequence"]))


def _read(queue: Row | None) -> tuple[int, bool, int]:
    if queue is None:
        return 0, False, 1
    return int(queue.values["Generation"]), bool(queue.values["Busy"]), int(queue.values["Sequence"])


def _waits_from(queue: Row | None) -> int | None:
    """From which sequence on uploads wait; None if an earlier release began the generation or wrote to it."""
    return None if queue is None or queue.values.get(_FROM) is None else int(queue.values[_FROM])


def _begun(queue: Row | None) -> tuple[str, int, str]:
    """The run that was claimed last, the generation that claimed it, and its claim if that has a row."""
    if queue is None:
        return _NONE_BEGUN
    values = queue.values
    return str(values["Begun"]), int(values["BegunBy"]), str(values.get(_BEGUN_CLAIM) or "")


def _last(queue: Row | None) -> str:
    """The run that was claimed last, whether or not it has ended; empty if the row does not name it."""
    return "" if queue is None else str(queue.values.get("Last") or _begun(queue)[0])


def _queue(
    queue: Row | None,
    generation: int,
    *,
    busy: bool,
    sequence: int,
    waits_from: int | None,
    begun: tuple[str, int, str] | None = None,
) -> Write:
    """The queue's row; ``begun`` None leaves the begun run as it is, unless the queue becomes idle."""
    run, begun_by, claim = (begun or _begun(queue)) if busy else _NONE_BEGUN
    values = {
        "Generation": generation,
        "Busy": busy,
        "Sequence": sequence,
        "Begun": run,
        "BegunBy": begun_by,
        "Last": run or _last(queue),
    }
    indexed = {} if waits_from is None else {_FROM: waits_from}
    return Write(_QUEUE, {**values, _BEGUN_CLAIM: claim, **indexed}, None if queue is None else queue.etag)


def _batch(model: str, rows: list[Row]) -> Batch:
    uploads = tuple(Upload.from_json(str(row.values["Upload"])) for row in rows)
    return Batch(run=instance_id(LIFECYCLE, model, uploads[0].identity), uploads=uploads)
