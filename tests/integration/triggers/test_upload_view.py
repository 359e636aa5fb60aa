"""GET /api/uploads/{model}/{identity}: the run of an upload, or that there can be none."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.uploads.upload_queue import TableUploadQueue
from nightshift.triggers.run_api import ENDPOINTS
from tests.support.registered import registered_endpoints
from tests.support.upload_examples import make_upload
from tests.unit.triggers.api.requests import principal, request


@pytest.fixture
def queue(tables: TableServiceClient) -> TableUploadQueue:
    """The queue of uploads."""
    return TableUploadQueue(tables)


async def _show(queue: TableUploadQueue, model: str, identity: str, *, specs: Sequence[str] = ()) -> tuple[int, Any]:
    services = SimpleNamespace(uploads=queue, specs=SimpleNamespace(names=lambda: tuple(specs)))
    handler = registered_endpoints(ENDPOINTS, services)["show_upload"]
    response = await handler(req=request(route={"model": model, "identity": identity}, headers=principal("Reader")))
    return response.status_code, json.loads(response.get_body())


async def test_a_model_that_nobody_knows_is_404(queue: TableUploadQueue, model: str) -> None:
    """A producer would take "no run" for "not yet", for ever."""
    status, document = await _show(queue, model, "i")
    assert (status, document["title"]) == (404, "unknown_model")


async def test_a_model_with_a_spec_is_known_before_its_first_upload(queue: TableUploadQueue, model: str) -> None:
    """Its run is to come."""
    assert await _show(queue, model, "i", specs=[model]) == (200, {"model": model, "identity": "i", "run": None})


async def test_a_model_whose_spec_was_removed_is_known_by_its_queue(queue: TableUploadQueue, model: str) -> None:
    """Its upload waits, and is told of with its run once it was taken."""
    upload = make_upload(f"{model}/a")
    queue.submit(upload, model)
    assert await _show(queue, model, upload.identity) == (
        200,
        {"model": model, "identity": upload.identity, "run": None},
    )
    taken = queue.claim(model, 1, 0)
    assert (await _show(queue, model, upload.identity))[1]["run"] == taken.run
