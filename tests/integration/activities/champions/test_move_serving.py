"""An endpoint is brought to a version, one look at a time."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from activities.champions.move_serving import move_serving
from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.response.messages import EndpointTarget, MoveServingRequest, MoveServingResult
from tests.support.memory_ports import MemoryServing
from tests.support.model_versions import make_versions
from tests.support.refusals import figures
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture(autouse=True)
def champion(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """Version 2 of three is champion."""
    make_versions(mlflow_client, case.model, 3, tmp_path)
    mlflow_client.set_registered_model_alias(case.model, CHAMPION, "2")


def _look(case: Case, serving: MemoryServing, looks: int, endpoint: str = "revenue") -> MoveServingResult:
    case.replace(serving=serving)
    wanted = EndpointTarget(endpoint=endpoint, model=case.model, version="2")
    return move_serving(
        case.services, MoveServingRequest(model=case.model, incident_id="i1", serve=wanted, looks=looks)
    )


def test_an_endpoint_is_asked_once_and_looked_at_until_it_serves(case: Case) -> None:
    """Update, poll, read back."""
    serving = MemoryServing("3")
    results = [_look(case, serving, looks) for looks in range(3)]
    assert {(result.moved, result.failed) for result in results} == {(False, False)}
    assert all("revenue" in result.detail and result.detail.endswith(" version 2") for result in results)
    serving.end_update()
    last = _look(case, serving, 3)
    assert (last.moved, last.detail.endswith("serves version 2")) == (True, True)
    assert serving.asked == ["2"]


def test_an_endpoint_that_serves_the_version_is_not_touched(case: Case) -> None:
    """A repeat, or an alias that came back."""
    serving = MemoryServing("2")
    assert _look(case, serving, 0).moved
    assert serving.asked == []


def test_an_endpoint_without_any_version_is_asked_too(case: Case) -> None:
    """It was created, and has never served."""
    serving = MemoryServing(None)
    _look(case, serving, 0)
    assert serving.asked == ["2"]


def test_a_version_that_is_not_ready_is_waited_for(case: Case) -> None:
    """The update has ended, the endpoint does not take requests yet; it is not asked again."""
    serving = MemoryServing("3")
    _look(case, serving, 0)
    serving.end_update(ready=False)
    result = _look(case, serving, 1)
    assert (result.moved, result.failed, serving.asked) == (False, False, ["2"])


def test_an_update_that_fails_is_not_asked_for_again(case: Case) -> None:
    """The caller takes the alias back."""
    serving = MemoryServing("3")
    _look(case, serving, 0)
    serving.end_update(failed=True)
    result = _look(case, serving, 1)
    assert (result.failed, "revenue: its update to 2 " in result.detail) == (True, True)
    assert serving.asked == ["2"]


def test_an_older_failure_is_not_this_ones(case: Case) -> None:
    """The last update failed before the alert; at the first look that is history."""
    serving = MemoryServing("3", failed=True)
    result = _look(case, serving, 0)
    assert (result.failed, serving.asked) == (False, ["2"])


def test_while_another_update_is_under_way_it_is_to_be_tried_again(case: Case) -> None:
    """Somebody deploys: raised, so that Durable calls again."""
    serving = MemoryServing("3")
    serving.serve("revenue", case.model, "4")
    with pytest.raises(ConflictError, match="is being updated"):
        _look(case, serving, 0)


def test_a_version_that_is_being_replaced_does_not_count_as_served(case: Case) -> None:
    """It serves version 2 still, but an update to another is under way: that has to be undone."""
    serving = MemoryServing("2")
    serving.serve("revenue", case.model, "4")
    with pytest.raises(ConflictError):
        _look(case, serving, 0)
    serving.end_update()
    assert _look(case, serving, 1).moved is False
    assert serving.asked == ["4", "2"]


def test_an_endpoint_that_is_not_there_is_refused(case: Case) -> None:
    """A wrong name in the spec will not pass: it is not tried again."""
    with pytest.raises(ServiceRefusedError) as refused:
        _look(case, MemoryServing("3"), 0, endpoint="other")
    assert (refused.value.code, refused.value.retryable) == ("service_refused", False)
    assert refused.value.fields == {"service": "Databricks", "reason": "no endpoint other", "hint": "create it"}


def test_a_version_that_is_champion_no_more_is_not_served(case: Case, mlflow_client: MlflowClient) -> None:
    """An incident has rolled it back between its promotion and this look."""
    mlflow_client.set_registered_model_alias(case.model, CHAMPION, "1")
    serving = MemoryServing("1")
    result = _look(case, serving, 0)
    assert (result.moved, result.failed, serving.asked) == (False, True, [])
    assert figures(result.detail) == ["2", "1"]
    assert "revenue was left as it is" in result.detail
