"""Reading what is committed, beside the writer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

import pytest

from local_host.durable.errors import InvalidRequestError
from local_host.durable.instance import RuntimeStatus
from local_host.durable.status import InstanceQuery, StatusReader

Drive: TypeAlias = Callable[..., Any]


@pytest.fixture
def filled(drive: Drive) -> Any:
    """Six instances, a minute apart: even ones complete, odd ones wait."""

    def waits(context: Any) -> Any:
        yield context.wait_for_external_event("go")

    driven = drive({"quick": lambda context: context.get_input(), "waits": waits})
    for index in range(6):
        driven.start("waits" if index % 2 else "quick", index, f"run-{index}" if index < 4 else f"other_{index}")
        driven.run()
        driven.now += timedelta(minutes=1)
    return driven


async def ids(driven: Any, **conditions: Any) -> list[str]:
    reader = StatusReader(driven.database)
    try:
        found, _ = await reader.query(InstanceQuery(**conditions))
        return [status.instance_id for status in found]
    finally:
        await reader.close()


async def test_all_are_listed_in_the_order_of_their_ids(filled: Any) -> None:
    """Without conditions, everything, as a table of Azure Storage is read: by key, whatever the time of creation."""
    assert await ids(filled) == ["other_4", "other_5", "run-0", "run-1", "run-2", "run-3"]


async def test_conditions_are_combined(filled: Any) -> None:
    """Time span (both ends included), prefix and statuses each narrow the list."""
    began = filled.now - timedelta(minutes=6)
    assert await ids(filled, created_from=began + timedelta(minutes=1), created_to=began + timedelta(minutes=3)) == [
        "run-1",
        "run-2",
        "run-3",
    ]
    assert await ids(filled, instance_id_prefix="other_") == ["other_4", "other_5"]
    assert await ids(filled, statuses=(RuntimeStatus.COMPLETED,), instance_id_prefix="run") == ["run-0", "run-2"]
    assert await ids(filled, statuses=()) == []


async def test_prefix_is_text_not_a_pattern(filled: Any) -> None:
    """An underscore or percent sign means itself."""
    assert await ids(filled, instance_id_prefix="other%") == []
    assert await ids(filled, instance_id_prefix="run_") == []


async def test_pages_cover_the_list_once(filled: Any) -> None:
    """Following the tokens gives every instance in order, and ends."""
    reader, seen, token = StatusReader(filled.database), list[str](), None
    while True:
        found, token = await reader.query(InstanceQuery(page_size=4, page_token=token))
        seen += [status.instance_id for status in found]
        if token is None:
            break
    await reader.close()
    assert seen == ["other_4", "other_5", "run-0", "run-1", "run-2", "run-3"]


async def test_invented_token_is_refused(filled: Any) -> None:
    """The error names the header."""
    with pytest.raises(InvalidRequestError, match="x-ms-continuation-token"):
        await ids(filled, page_token="x")


async def test_status_of_one_has_its_history_if_asked(filled: Any) -> None:
    """History is read only when wanted; an unknown id gives None."""
    reader = StatusReader(filled.database)
    with_history = await reader.get("run-0", with_history=True)
    without = await reader.get("run-0", with_history=False)
    unknown = await reader.get("absent", with_history=True)
    await reader.close()
    assert with_history is not None
    assert with_history.history is not None
    assert [record["EventType"] for record in with_history.history] == [12, 0, 13, 1]
    assert without is not None
    assert (without.history, without.runtime_status, without.output) == (None, RuntimeStatus.COMPLETED, "0")
    assert unknown is None


async def test_uncommitted_work_is_not_seen(filled: Any) -> None:
    """A reader sees the last commit, never a transaction under way."""
    filled.hub.begin()
    filled.hub.requests.start("quick", None, "uncommitted", None)
    assert "uncommitted" not in await ids(filled)
    filled.hub.commit()
    assert "uncommitted" in await ids(filled)
