"""Contents on which a run has decided, in the table ``datasets``."""

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Table
from nightshift.domain.uploads.dataset import AcceptedDataset


class TableDatasetRegister:
    """Implements `DatasetRegister`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._records = Records(Table(service, "datasets"), AcceptedDataset)

    def accept(self, dataset: AcceptedDataset) -> AcceptedDataset:
        return self._records.put_once(dataset.model, dataset.digest, dataset)[0]

    def find(self, model: str, digest: str) -> AcceptedDataset | None:
        return self._records.get(model, digest)

    def promote(self, model: str, digest: str, newest: str | None, run: str) -> None:
        def change(known: AcceptedDataset) -> AcceptedDataset:
            return known if known.newest else known.model_copy(update={"newest": newest, "promoted_by": run})

        self._records.change(model, digest, change)

    def withdraw(self, model: str, run: str) -> None:
        def change(known: AcceptedDataset) -> AcceptedDataset:
            return known.model_copy(update={"newest": None, "promoted_by": ""})

        for dataset in self._records.all(model):
            if dataset.promoted_by == run:
                self._records.change(model, dataset.digest, change)

    def accepted(self, model: str) -> tuple[AcceptedDataset, ...]:
        return tuple(sorted(self._records.all(model), key=lambda item: item.accepted_at, reverse=True))

    def last_newest(self, model: str, *, before_run: str) -> str | None:
        accepted = self._records.all(model)
        return max((item.newest for item in accepted if item.newest and item.run != before_run), default=None)
