"""The verification of a ledger in Table storage, over HTTP."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.ledger.ledger import TableLedger
from nightshift.domain.ledger.ledger import LedgerRecord
from nightshift.triggers.ledger_api import ENDPOINTS
from tests.support.registered import registered_endpoints
from tests.unit.triggers.api.requests import principal, request

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tables: TableServiceClient, model: str) -> TableLedger:
    """A ledger with seven entries of the model."""
    result = TableLedger(tables, lambda: AT)
    for number in range(7):
        result.append(
            LedgerRecord(
                key=str(number), model=model, run="r", kind="decision", subject="x", actor="nightshift", body={}
            )
        )
    return result


async def pages(ledger: TableLedger, **params: str) -> list[Any]:
    """The items of each page of a verification."""
    services = SimpleNamespace(ledger=ledger)
    handler = registered_endpoints(ENDPOINTS, services)["verify_ledger"]
    found = []
    while True:
        response = await handler(req=request(params=params, headers=principal("Reader")))
        page = json.loads(response.get_body())
        assert response.status_code == 200, page
        found.append(page["items"])
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


async def test_cursors_lead_to_the_end(ledger: TableLedger, model: str) -> None:
    """Three short calls in place of a long one; the last is held against the head."""
    found = await pages(ledger, model=model, limit="3")
    assert [[(item["entries"], item["length"], item["complete"]) for item in items] for items in found] == [
        [(3, 7, False)],
        [(6, 7, False)],
        [(7, 7, True)],
    ]


async def test_an_unreadable_entry_is_an_answer(ledger: TableLedger, tables: TableServiceClient, model: str) -> None:
    """The entry is named where it lies; that it cannot be read is no failure of the call."""
    garbage = {"PartitionKey": model, "RowKey": "entry-0000000005", "Entry": "garbage"}
    tables.get_table_client("ledger").update_entity(garbage)
    for limit in ("3", "4", "1000"):
        (last,) = (await pages(ledger, model=model, limit=limit))[-1]
        fault = {"model": model, "sequence": 5, "problem": "it cannot be read"}
        assert last == {"model": model, "entries": 4, "length": 7, "complete": True, "fault": fault}
