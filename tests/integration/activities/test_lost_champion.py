"""A champion alias that is gone in MLflow: the store of moves knows who was champion, and "no champion yet" is said
only of a model that never had one.
"""

from functools import partial
from typing import Any

import pytest
from mlflow import MlflowClient

from activities.champion import move_champion
from activities.model_views import model_view
from activities.roll_back import run_roll_back
from activities.standing import alias_problem, standing_champion
from activities.trigger_databricks_job import run_trigger_databricks_job
from activities.undo_mitigations import run_undo_mitigations
from agents.responder.rollback import rollback_candidate, rollback_target
from domain.decision import OUTSIDE
from domain.job import JobOrder, JobRun
from domain.names import CHAMPION
from domain.run import TriggerRequest
from tests.integration.activities.deciding import PROMOTE, REJECT, Deciding
from tests.integration.activities.responder import Case, Replaced
from wiring.services import LazyServices

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def deciding(services: LazyServices, mlflow_client: MlflowClient, model: str) -> Deciding:
    """A model whose champion 1 is on record, and challenger 2."""
    move_champion(services, model=model, expected="1", version="3", run="r", decided_by="first")
    move_champion(services, model=model, expected="3", version="1", run="r", decided_by="second")
    return Deciding(services, mlflow_client, model)


class _Jobs:
    """Remembers what was ordered."""

    def __init__(self) -> None:
        self.orders: list[JobOrder] = []

    def start(self, order: JobOrder) -> JobRun:
        """Take it."""
        self.orders.append(order)
        return JobRun(run_id=1)


def _compared_with(deciding: Deciding) -> str:
    """Which champion a new job run is told to score."""
    jobs = _Jobs()
    request = TriggerRequest(
        model=deciding.model, run="r2", job="j", purpose="score", attempt=1, dataset=deciding.manifest
    )
    services: Any = Replaced(deciding.services, jobs=jobs)
    assert run_trigger_databricks_job(services, request).failure is None
    return jobs.orders[0].parameters["champion_version"]


def _outside(deciding: Deciding) -> list[tuple[str, str | None]]:
    moves = deciding.services.champions.moves(deciding.model)
    return [(move.version, move.previous) for move in moves if move.decided_by == OUTSIDE]


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
        before = mlflow_client.get_model_version(deciding.model, "1")
        mlflow_client.delete_registered_model(deciding.model)
        mlflow_client.create_registered_model(deciding.model)
        for _ in range(2):
            mlflow_client.create_model_version(deciding.model, str(before.source), before.run_id)
    assert _compared_with(deciding) == ""
    unopposed = deciding.request(PROMOTE, champion_version=None)
    result = deciding.act(unopposed)
    assert result.decision is not None
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
    assert view.alias_problem.startswith("the champion alias is gone from MLflow; version 3 held it last, since ")
    mlflow_client.set_registered_model_alias(model, CHAMPION, "1")
    view = model_view(services, model, None)
    assert (view.champion, view.champion_since) == ("1", None)
    assert view.alias_problem.startswith("the champion alias was set to version 1 outside Nightshift; version 3 ")
    assert standing_champion(services, model) == "1"


def test_a_move_under_way_is_no_problem_of_the_alias(services: LazyServices, model: str) -> None:
    """Between the alias and its record there is a moment."""
    move_champion(services, model=model, expected="1", version="2", run="r", decided_by="first")
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
    before = mlflow_client.get_model_version(model, "1")
    mlflow_client.delete_registered_model(model)
    mlflow_client.create_registered_model(model)
    for _ in range(3):
        mlflow_client.create_model_version(model, str(before.source), before.run_id)
    assert rollback_candidate("3", services.champions.moves(model), find) == (None, None)
    move_champion(services, model=model, expected=None, version="1", run="r", decided_by="anew-1")
    move_champion(services, model=model, expected="1", version="3", run="r", decided_by="anew-2")
    target, registered = rollback_candidate("3", services.champions.moves(model), find)
    assert (target, registered is not None) == ("1", True)
    assert model_view(services, model, None).rollback_target == "1"


def test_a_version_that_was_made_again_since_is_not_what_an_undo_brings_back(
    champions: Case, mlflow_client: MlflowClient
) -> None:
    """The number of the version that was rolled back belongs to another one: the undo is refused and says so."""
    services, model = champions.services, champions.model
    incident = champions.alert()
    run_roll_back(services, champions.request(incident, "rollback"))
    before = mlflow_client.get_model_version(model, "1")
    mlflow_client.delete_registered_model(model)
    mlflow_client.create_registered_model(model)
    for _ in range(3):
        mlflow_client.create_model_version(model, str(before.source), before.run_id)
    mlflow_client.set_registered_model_alias(model, CHAMPION, "2")
    result = run_undo_mitigations(services, champions.undo_request(incident))
    assert result.refused == ("rollback: version 3 was deleted since, and its number belongs to another version",)
    assert (champions.champion, len(champions.entries())) == ("2", 1)
