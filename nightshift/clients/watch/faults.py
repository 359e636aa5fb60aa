"""What the app writes down about itself, in the tables ``faults``, a row for each step and model, and ``starts``."""

from collections.abc import Iterable

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Table
from nightshift.domain.platform.identity import short
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.watch.fault import Fault, Faults, ProcessStart, ProcessStarts

_STARTS = "starts"


class TableFaultStore:
    """Implements `FaultStore`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._faults = Records(Table(service, "faults"), Faults)
        self._starts = Records(Table(service, "starts"), ProcessStarts)

    def count(self, fault: Fault) -> Fault:
        model, key = fault.model or PLATFORM, short(fault.step)
        self._faults.put_once(model, key, Faults())
        counted = self._faults.change(model, key, lambda known: known.counted(fault))
        assert counted is not None, "the fault that was just counted has no row: rows are never deleted"
        return counted.recent[-1]

    def final(self) -> Iterable[Fault]:
        return (fault for faults in self._faults.all() for fault in faults.recent if fault.final)

    def began(self, start: ProcessStart) -> None:
        self._starts.put_once(PLATFORM, _STARTS, ProcessStarts())
        self._starts.change(PLATFORM, _STARTS, lambda known: known.began(start))

    def starts(self) -> tuple[ProcessStart, ...]:
        known = self._starts.get(PLATFORM, _STARTS)
        return known.recent if known is not None else ()
