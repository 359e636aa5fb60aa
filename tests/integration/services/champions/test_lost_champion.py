"""A champion alias that is gone in MLflow: the store of moves knows who was champion, and "no champion yet" is said
only of a model that never had one.
"""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from mlflow import MlflowClient

from activities.lifecycle.databricks_job import trigger_databricks_job
from activities.response.mitigations.rollback import roll_back
from activities.response.undo_mitigations import undo_mitigations
from agents.response.rollback import rollback_candidate, rollback_target
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.ledger.bodies import record
from nightshift.domain.lifecycle.job import JobOrder, JobRun
from nightshift.domain.lifecycle.run import TriggerRequest
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.mitigations import RollbackOrder
from nightshift.services.champions.model_views import model_view
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.champions.standing import alias_problem, loss_of_champion, standing_champion
from nightshift.wiring.services import LazyServices
from tests.support.deciding import PROMOTE, REJECT, Deciding
from tests.support.failing_ports import without_alias
from tests.support.model_versions import make_champions, make_versions
from tests.support.refusals import figures
from tests.support.responder import Case, Replaced

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def deciding(services: LazyServices, mlflow_client: MlflowClient, model: str) -> Deciding:
    """A model whose champion 1 is on record, and challenger 2."""
    move_champion(services, model=model, expected="1", version="3", run="r", decided_by="first", kind="promotion")
    move_champion(services, model=model, expected="3", version="1", run="r", decided_by="second", kind="promotion")
    return Deciding(services, mlflow_client, model)


class _Jobs:
    """Remembers what was ordered."""

    def __init__(self) -> None:
        self.orders: list[JobOrder] = []

    def start(self, order: JobOrder) -> JobRun:
        """Take it."""
        self.orders.append(order)
        return JobRun(run_id=1)


def _make_again(client: MlflowClient, model: str, count: int = 3) -> None:
    """Delete a registered model and make it again, of the same files: it counts its versions from 1."""
    before = client.get_model_version(model, "1")
    client.delete_registered_model(model)
    client.create_registered_model(model)
    for _ in range(count):
        client.create_model_version(model, str(before.source), before.run_id)


def _compared_with(deciding: Deciding) -> str:
    """Which champion a new job run is told to score."""
    jobs = _Jobs()
    request = TriggerRequest(
        model=deciding.model, run="r2", job="j", purpose="score", attempt=1, dataset=deciding.manifest
    )
    services: Any = Replaced(deciding.services, jobs=jobs)
    assert trigger_databricks_job(services, request) == JobRun(run_id=1)
    return jobs.orders[0].parameters["champion_version"]


def _outside(deciding: Deciding) -> list[tuple[str, str | None]]:
    moves = deciding.services.champions.moves(deciding.model)
    return [(move.version, move.previous) for move in moves if move.kind == "outside"]


def test_a_challenger_is_compared_with_the_last_champion(deciding: Deciding, mlflow_client: MlflowClient) -> None:
    """Better than it: promoted, and a rollback goes back to it."""
    mlflow_client.delete_registered_model_alias(deciding.model, CHAMPION)
    assert _compared_with(deciding) == "1"
    result = deciding.act(deciding.request(PROMOTE))
    assert (result.outcome, deciding.champion) == ("promoted", "2")
    assert _outside(deciding)[-1] == ("", "1")
    assert deciding.reigns[-1] == ("2", "1")
    find = partial(deciding.services.registry.version, deciding.model)
    assert rollback_target("2", deciding.services.champions.moves(deciding.model), find) == "1"


def test_one_that_is_worse_than_the_last_champion_is_rejected(deciding: Deciding, mlflow_client: MlflowClient) -> None:
    """The alias stays as somebody left it, and the store knows that it is gone; a repeat enters nothing more."""
    mlflow_client.delete_registered_model_alias(deciding.model, CHAMPION)
    for number in (1, 2):
        result = deciding.act(deciding.request(REJECT, number))
        assert (result.outcome, result.champion_version, deciding.champion) == ("rejected", "1", None)
        assert _outside(deciding)[1:] == [("", "1")]


@pytest.mark.parametrize("gone", ["version", "model"])
def test_without_the_last_champion_a_person_decides(deciding: Deciding, mlflow_client: MlflowClient, gone: str) -> None:
    """Alias and version are gone, or the registered model was made again, and counts its versions from 1."""
    if gone == "version":
        mlflow_client.delete_model_version(deciding.model, "1")
    else:
        _make_again(mlflow_client, deciding.model, count=2)
    assert _compared_with(deciding) == ""
    unopposed = deciding.request(PROMOTE, champion_version=None)
    result = deciding.act(unopposed)
    assert (result.outcome, result.decision.rule, deciding.champion) == ("flagged", "champion_lost", None)
    assert "version 1 was champion" in result.decision.reason
    assert _outside(deciding)[-1] == ("", "1")


def test_evidence_without_a_champion_is_void_if_there_is_one_to_compare_with(
    deciding: Deciding, mlflow_client: MlflowClient
) -> None:
    """It was ordered by a release that did not look for the last champion: the next round compares with it."""
    mlflow_client.delete_registered_model_alias(deciding.model, CHAMPION)
    result = deciding.act(deciding.request(PROMOTE, champion_version=None))
    assert (result.outcome, result.champion_version, deciding.champion) == ("void", "1", None)


def test_a_model_that_never_had_a_champion_gets_its_first(
    services: LazyServices, mlflow_client: MlflowClient, model: str
) -> None:
    """That is still decided without a person."""
    mlflow_client.delete_registered_model_alias(model, CHAMPION)
    deciding = Deciding(services, mlflow_client, model)
    assert _compared_with(deciding) == ""
    result = deciding.act(deciding.request(PROMOTE, champion_version=None))
    assert (result.outcome, deciding.champion, deciding.reigns) == ("promoted", "2", [("2", None)])


def test_the_view_of_a_model_says_that_the_alias_is_gone(champions: Case, mlflow_client: MlflowClient) -> None:
    """Before and after the loss is on record; with another version set by hand it says that."""
    services, model = champions.services, champions.model
    assert model_view(services, model, None).alias_problem == ""
    mlflow_client.delete_registered_model_alias(model, CHAMPION)
    view = model_view(services, model, None)
    assert (view.champion, view.champion_since) == (None, None)
    assert "gone from MLflow; version 3 " in view.alias_problem
    mlflow_client.set_registered_model_alias(model, CHAMPION, "1")
    view = model_view(services, model, None)
    assert (view.champion, view.champion_since) == ("1", None)
    assert "set to version 1 outside Nightshift; version 3 " in view.alias_problem
    assert standing_champion(services, model) == "1"


def test_a_move_under_way_is_no_problem_of_the_alias(services: LazyServices, model: str) -> None:
    """Between the alias and its record there is a moment."""
    move_champion(services, model=model, expected="1", version="2", run="r", decided_by="first", kind="promotion")
    moves = services.champions.moves(model)
    begun = moves[-1].model_copy(update={"sequence": 3, "version": "3", "previous": "2", "state": "begun"})
    assert alias_problem((*moves, begun), "3") == ""


def test_a_number_of_before_the_model_was_made_again_is_no_rollback_target(
    champions: Case, mlflow_client: MlflowClient
) -> None:
    """Versions count from 1 again: version 2 is another one now, which nobody has compared with anything."""
    services, model = champions.services, champions.model
    find = partial(services.registry.version, model)
    assert rollback_target("3", services.champions.moves(model), find) == "2"
    assert model_view(services, model, None).rollback_target == "2"
    _make_again(mlflow_client, model)
    assert rollback_candidate("3", services.champions.moves(model), find) == (None, None)
    move_champion(services, model=model, expected=None, version="1", run="r", decided_by="anew-1", kind="promotion")
    move_champion(services, model=model, expected="1", version="3", run="r", decided_by="anew-2", kind="promotion")
    target, registered = rollback_candidate("3", services.champions.moves(model), find)
    assert (target, registered is not None) == ("1", True)
    assert model_view(services, model, None).rollback_target == "1"


def test_a_version_that_was_made_again_since_is_not_what_an_undo_brings_back(
    champions: Case, mlflow_client: MlflowClient
) -> None:
    """The number of the version that was rolled back belongs to another one: the undo is refused and says so."""
    services, model = champions.services, champions.model
    incident = champions.alert()
    roll_back(services, champions.request(incident, "rollback"))
    _make_again(mlflow_client, model)
    mlflow_client.set_registered_model_alias(model, CHAMPION, "2")
    result = undo_mitigations(services, champions.undo_request(incident))
    (line,) = result.refused
    assert (line.partition(":")[0], figures(line)) == ("rollback", ["3"])
    assert "number belongs to another version" in line
    assert (champions.champion, len(champions.entries())) == ("2", 1)


# --- whose clock says which version is meant


def _behind(services: Services) -> Services:
    """The same services on a host whose clock is five minutes behind MLflow's."""
    return cast("Services", Replaced(services, clock=lambda: services.clock() - timedelta(minutes=5)))


def test_a_host_whose_clock_is_behind_knows_its_champions(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """Which version a number means is by MLflow's clock alone: the rollback happens, and no version is called gone."""
    true = case.services
    case.services = _behind(true)
    make_versions(mlflow_client, case.model, 3, tmp_path)
    make_champions(case.services, case.model, ("1", "2", "3"))
    result = roll_back(case.services, case.request(case.alert(), "rollback"))
    assert (result.action.state, case.champion) == ("done", "2"), result.action.detail
    mlflow_client.delete_registered_model_alias(case.model, CHAMPION)
    assert (standing_champion(true, case.model), loss_of_champion(true, case.model)) == ("2", "")


def test_a_bad_version_of_a_model_that_was_made_again_is_rolled_back(
    champions: Case, mlflow_client: MlflowClient
) -> None:
    """Its number was rolled back before; that was another version, and neither its order nor its undo is meant."""
    first = champions.alert("a1")
    roll_back(champions.services, champions.request(first, "rollback"))
    _make_again(mlflow_client, champions.model)
    make_champions(champions.services, champions.model, ("1", "2", "3"))
    second, third = (champions.alert(name, value=None, severity="critical", rule=name) for name in ("a2", "a3"))
    result = roll_back(champions.services, champions.request(second, "rollback"))
    assert (result.action.state, champions.champion) == ("done", "2"), result.action.detail
    assert champions.quarantine("3") == second.incident_id
    repeated = roll_back(champions.services, champions.request(third, "rollback")).action
    assert (repeated.state, second.incident_id in repeated.detail) == ("repeated", True)
    gone = "rollback: version 3 was deleted since, and its number belongs to another version"
    assert undo_mitigations(champions.services, champions.undo_request(first)).refused == (gone,)
    assert undo_mitigations(champions.services, champions.undo_request(second)).refused == ()
    assert (champions.champion, champions.quarantine("3")) == ("3", None)


def test_an_unfinished_rollback_of_a_version_that_was_made_again_is_called_off(
    champions: Case, mlflow_client: MlflowClient
) -> None:
    """The champion has the number that was ordered to go, and is another version."""
    incident = champions.alert()
    away = ServiceUnavailableError("MLflow", "503")
    with pytest.raises(ServiceUnavailableError):
        roll_back(without_alias(champions.services, away), champions.request(incident, "rollback"))
    _make_again(mlflow_client, champions.model)
    mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "3")
    result = roll_back(champions.services, champions.request(incident, "rollback"))
    assert (result.action.state, champions.champion, champions.quarantine("3")) == ("refused", "3", None)
    assert "number belongs to another version" in result.action.detail
    assert figures(result.action.detail) == ["3"]


def test_records_of_an_earlier_release_are_still_understood(champions: Case) -> None:
    """Neither moves nor orders had MLflow's time then: the same version is not rolled back twice."""
    services, model = champions.services, champions.model
    moves = tuple(
        AliasChange.model_validate(move.model_dump(exclude={"version_created_at", "previous_created_at"}))
        for move in services.champions.moves(model)
    )
    assert rollback_target("3", moves, partial(services.registry.version, model)) == "2"
    first, second = (champions.alert(name, value=None, severity="critical", rule=name) for name in ("a1", "a2"))
    key = f"rollback:{model}:3"
    body = RollbackOrder(
        incident=first.incident_id, rule=first.rule, reason=first.reason, bad_version="3", target="2", alert={}
    )
    services.ledger.append(record(body, key=key, model=model, run=first.response, subject="version 3"))
    move_champion(
        services, model=model, expected="3", version="2", run=first.response, decided_by=key, kind="promotion"
    )
    result = roll_back(services, champions.request(second, "rollback"))
    assert (result.action.state, champions.reigns) == ("repeated", ["1", "2", "3", "2"])
