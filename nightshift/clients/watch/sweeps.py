"""The records of the sweeps: the last run of each in the table ``sweeps``, how far it has read in ``ordermarks``."""

from contextlib import suppress
from datetime import datetime

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Table, Write, until_no_conflict
from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.watch.sweep import OrderMark, SweepRun

_RUNS = "looks"
_MARK = "mark"


class TableSweepStore:
    """Implements `SweepStore`: a row per sweep, a row per model."""

    def __init__(self, service: TableServiceClient) -> None:
        self._runs = Table(service, "sweeps")
        self._marks = Table(service, "ordermarks")

    def saw(self, name: str, *, at: datetime, found: int, problem: str = "", broke_off: bool = False) -> None:
        def write() -> None:
            row = self._runs.get(_RUNS, name)
            before = None if row is None else SweepRun.from_json(str(row.values["Look"])).whole_at
            whole_at = before if broke_off else at
            run = SweepRun(name=name, at=at, found=found, problem=problem[:1_000], whole_at=whole_at)
            values = {"Look": run.model_dump_json()}
            self._runs.write(_RUNS, [Write(name, values, None if row is None else row.etag)])

        until_no_conflict(write)

    def last(self) -> tuple[SweepRun, ...]:
        return tuple(SweepRun.from_json(str(row.values["Look"])) for row in self._runs.partition(_RUNS))

    def mark(self, model: str) -> OrderMark:
        row = self._marks.get(model, _MARK)
        return OrderMark(model=model) if row is None else OrderMark.from_json(str(row.values["Mark"]))

    def marked(self) -> tuple[str, ...]:
        rows = self._marks.query("RowKey eq @key", {"key": _MARK})
        return tuple(row.partition for row in rows)

    def begin_mark(self, model: str) -> None:
        with suppress(ConflictError):
            self._marks.write(model, [Write(_MARK, {"Mark": OrderMark(model=model).model_dump_json()}, None)])

    def move_mark(self, before: OrderMark, after: OrderMark) -> None:
        if before == after:
            return
        row = self._marks.get(after.model, _MARK)
        found = OrderMark(model=after.model) if row is None else OrderMark.from_json(str(row.values["Mark"]))
        if found != before:
            raise ConflictError(f"the orders of {after.model} were read by another sweep meanwhile")
        values = {"Mark": after.model_dump_json()}
        self._marks.write(after.model, [Write(_MARK, values, None if row is None else row.etag)])
