"""A promotion whose endpoint did not follow is taken back, once, unless the champion has moved on."""

import pytest
from mlflow import MlflowClient

from activities.champion import move_champion
from activities.withdraw_promotion import run_withdraw_promotion
from domain.names import CHAMPION
from domain.run import WithdrawRequest, WithdrawResult
from wiring.services import LazyServices

pytestmark = pytest.mark.xdist_group("mlflow")


def _promoted(services: LazyServices, model: str, previous: str | None = "1") -> WithdrawRequest:
    """Promote version 2 of a model whose champion is version 1."""
    run = f"lifecycle-{model}-1"
    move_champion(services, model=model, expected="1", version="2", run=run, decided_by=f"{run}:decision:0")
    return WithdrawRequest(model=model, run=run, version="2", previous=previous, reason="it does not serve")


def test_the_champion_before_is_back(services: LazyServices, model: str) -> None:
    """The ledger says why, before the alias moves; a repeat changes nothing."""
    request = _promoted(services, model)
    first = run_withdraw_promotion(services, request)
    assert first == run_withdraw_promotion(services, request)
    assert first == WithdrawResult(version="1", detail="version 1 is champion again")
    assert services.registry.version_of(model, CHAMPION) == "1"
    (entry,) = services.ledger.of_kind(model, "undo")
    assert entry.body == {"reason": "it does not serve", "back_to": "1"}
    assert [move.version for move in services.champions.moves(model)][-2:] == ["2", "1"]


def test_a_champion_that_moved_on_stands(services: LazyServices, model: str, mlflow_client: MlflowClient) -> None:
    """Nobody's later choice is overruled."""
    request = _promoted(services, model)
    mlflow_client.set_registered_model_alias(model, CHAMPION, "3")
    result = run_withdraw_promotion(services, request)
    assert result.version is None
    assert "the champion before could not be put back" in result.detail
    assert services.registry.version_of(model, CHAMPION) == "3"


def test_without_a_champion_before_it_stays(services: LazyServices, model: str) -> None:
    """And the result says so."""
    result = run_withdraw_promotion(services, _promoted(services, model, previous=None))
    assert result.detail == "version 2 stays champion: there was none before it"
    assert services.registry.version_of(model, CHAMPION) == "2"
