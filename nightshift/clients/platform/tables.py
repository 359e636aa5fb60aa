"""Azure Table storage: rows with an ETag, transactions within one partition, and the errors of domain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineResponse
from azure.data.tables import TableClient, TableServiceClient, TableTransactionError, UpdateMode
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from nightshift.domain.platform.errors import RowChangedError, ServiceRefusedError, ServiceUnavailableError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Row:
    """One entity: its keys, its other properties, and the ETag that a conditional write needs."""

    partition: str
    key: str
    values: Mapping[str, Any]
    etag: str


@dataclass(frozen=True)
class Write:
    """One write of a transaction: insert if ``etag`` is None, else replace what still has that ETag."""

    key: str
    values: Mapping[str, Any]
    etag: str | None = None


@dataclass(frozen=True)
class Put:
    """Insert a row or replace it, whatever is there: for rows that another row of the transaction guards."""

    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Remove:
    """Delete a row that is there: a missing one fails the transaction, so another row of it must say that it is."""

    key: str


class Table:
    """One table, created on first use."""

    def __init__(self, service: TableServiceClient, name: str) -> None:
        self._service = service
        self._name = name
        self._client: TableClient | None = None

    def get(self, partition: str, key: str) -> Row | None:
        """Read one row; None if there is none."""
        with _translated():
            try:
                entity = self._table().get_entity(partition, key)
            except ResourceNotFoundError:
                return None
        return _row(entity)

    def age(self, partition: str, key: str) -> timedelta:
        """How long ago a row was written, by the storage's clock alone: its time stamp, and the date of its answer.

        The answer's date has whole seconds.
        """
        dates: list[datetime] = []

        def note(answer: PipelineResponse[Any, Any]) -> None:
            dates.append(parsedate_to_datetime(answer.http_response.headers["Date"]))

        with _translated():
            entity = self._table().get_entity(partition, key, raw_response_hook=note)
        written = entity.metadata["timestamp"]
        assert written is not None, "Table storage gave an entity without a timestamp"
        return dates[-1] - written

    def query(
        self, where: str, parameters: Mapping[str, Any], *, limit: int | None = None, only: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """Rows that meet an OData filter with @parameters, ordered by partition and key.

        Args:
            only: the properties that are read; None for all.
        """
        select = None if only is None else ["PartitionKey", "RowKey", *only]
        with _translated():
            pages = self._table().query_entities(
                where, parameters=dict(parameters), results_per_page=limit, select=select
            )
            for number, entity in enumerate(pages, start=1):
                yield _row(entity)
                if number == limit:
                    return

    def partition(
        self, partition: str, *, prefix: str = "", limit: int | None = None, only: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """Rows of a partition whose key starts with a prefix, ordered by key."""
        where = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        bounds = {"partition": partition, "first": prefix, "last": prefix + "\U0000fffd"}
        return self.query(where, bounds, limit=limit, only=only)

    def partitions(self, after: str = "") -> Iterator[str]:
        """The names of the partitions, in order, those behind a name.

        Each is that of the first row behind the one before, so no partition is scanned.
        """
        name = after
        while True:
            row = next(self.query("PartitionKey gt @name", {"name": name}, limit=1, only=()), None)
            if row is None:
                return
            name = row.partition
            yield name

    def write(self, partition: str, writes: Sequence[Write | Put | Remove]) -> None:
        """Make all writes (at most 100, one partition) or none.

        Raises:
            RowChangedError: a row exists already, or has changed since it was read.
        """
        operations = [_operation(partition, write) for write in writes]
        with _translated():
            try:
                self._table().submit_transaction(operations)
            except (ResourceExistsError, ResourceModifiedError) as error:
                raise RowChangedError(f"a row of {self._name}/{partition} was written by another") from error
            except TableTransactionError as error:
                if error.status_code in {409, 412}:
                    raise RowChangedError(f"a row of {self._name}/{partition} was written by another") from error
                raise

    def remove(self, partition: str, key: str) -> None:
        """Remove a row; that it is gone already is no failure."""
        with _translated():
            self._table().delete_entity(partition, key)

    def _table(self) -> TableClient:
        if self._client is None:
            self._client = self._service.create_table_if_not_exists(self._name)
        return self._client


def until_no_conflict(attempt: Callable[[], Result]) -> Result:
    """Repeat a read-decide-write until nobody else writes in between; gives up after 20 rounds with RowChangedError."""
    retrying = Retrying(
        # Every other conflict, such as a transition that a state does not allow, was decided on what stands there.
        retry=retry_if_exception_type(RowChangedError),
        stop=stop_after_attempt(20),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        reraise=True,
    )
    return retrying(attempt)


def _operation(partition: str, write: Write | Put | Remove) -> Any:
    keys = {"PartitionKey": partition, "RowKey": write.key}
    if isinstance(write, Remove):
        return ("delete", keys)
    if isinstance(write, Put):
        return ("upsert", {**keys, **write.values}, {"mode": UpdateMode.REPLACE})
    if write.etag is None:
        return ("create", {**keys, **write.values})
    condition = {"mode": UpdateMode.REPLACE, "etag": write.etag, "match_condition": MatchConditions.IfNotModified}
    return ("update", {**keys, **write.values}, condition)


def _row(entity: Mapping[str, Any]) -> Row:
    values = {name: value for name, value in entity.items() if name not in {"PartitionKey", "RowKey"}}
    etag = entity.metadata["etag"]  # type: ignore[attr-defined]
    return Row(partition=entity["PartitionKey"], key=entity["RowKey"], values=values, etag=etag)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientAuthenticationError as error:
        raise ServiceRefusedError(
            "Table storage", error.message, "the identity needs the role Storage Table Data Contributor"
        ) from error
    except (ServiceRequestError, ServiceResponseError) as error:
        raise ServiceUnavailableError("Table storage", str(error)) from error
    except HttpResponseError as error:
        if error.status_code == 403:
            raise ServiceRefusedError(
                "Table storage", error.message, "the identity needs the role Storage Table Data Contributor"
            ) from error
        if error.status_code is not None and (error.status_code >= 500 or error.status_code == 429):
            raise ServiceUnavailableError("Table storage", error.message) from error
        raise
