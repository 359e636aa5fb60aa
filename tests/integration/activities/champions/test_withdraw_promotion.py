"""A promotion whose endpoint did not follow is taken back, once, unless the champion has moved on."""

from datetime import UTC, datetime

import pytest
from mlflow import MlflowClient

from activities.champions.withdraw_promotion import withdraw_promotion
from nightshift.domain.ledger.bodies import WithdrawalBody, read_body
from nightshift.domain.lifecycle.run import WithdrawRequest, WithdrawResult
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.view import RunDetail
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.domain.uploads.upload import Upload
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.lifecycle.run_views import as_it_stands
from nightshift.wiring.services import LazyServices
from tests.support.refusals import figures

pytestmark = pytest.mark.xdist_group("mlflow")

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _promoted(services: LazyServices, model: str, previous: str | None = "1") -> WithdrawRequest:
    """Promote version 2 of a model whose champion is version 1."""
    run = f"lifecycle-{model}-1"
    move_champion(
        services, model=model, expected="1", version="2", run=run, decided_by=f"{run}:decision:0", kind="promotion"
    )
    return WithdrawRequest(model=model, run=run, version="2", previous=previous, reason="it does not serve")


def test_the_champion_before_is_back(services: LazyServices, model: str) -> None:
    """The ledger says why, before the alias moves; a repeat changes nothing."""
    request = _promoted(services, model)
    first = withdraw_promotion(services, request)
    assert first == withdraw_promotion(services, request)
    assert first == WithdrawResult(version="1", detail="version 1 is champion again")
    assert services.registry.version_of(model, CHAMPION) == "1"
    (entry,) = services.ledger.of_kind(model, "undo")
    assert read_body(entry) == WithdrawalBody(reason="it does not serve", version="2", back_to="1")
    assert [move.version for move in services.champions.moves(model)][-2:] == ["2", "1"]


def test_a_champion_that_moved_on_stands(services: LazyServices, model: str, mlflow_client: MlflowClient) -> None:
    """Nobody's later choice is overruled."""
    request = _promoted(services, model)
    mlflow_client.set_registered_model_alias(model, CHAMPION, "3")
    result = withdraw_promotion(services, request)
    assert result.version is None
    assert "could not be put back" in result.detail
    assert services.registry.version_of(model, CHAMPION) == "3"


def test_without_a_champion_before_it_stays(services: LazyServices, model: str) -> None:
    """And the result says so."""
    result = withdraw_promotion(services, _promoted(services, model, previous=None))
    assert figures(result.detail) == ["2"]
    assert "stays champion" in result.detail
    assert services.registry.version_of(model, CHAMPION) == "2"


def test_what_the_withdrawn_promotion_was_trained_on_is_forgotten_as_such(services: LazyServices, model: str) -> None:
    """The improvement loop has promoted, its lifecycle withdraws: older data is not too old for the next run."""
    loop, run = f"improvement-{model}-1", f"lifecycle-{model}-1"
    move_champion(
        services, model=model, expected="1", version="2", run=loop, decided_by=f"{loop}:decision:1", kind="promotion"
    )
    upload = Upload(url="u", container="bronze", name="m/a", etag="e", size=1, event_time=NOW, event_id="e")
    services.datasets.accept(
        AcceptedDataset(
            model=model, digest="d", run=run, upload=upload, newest="2026-01-01", promoted_by=loop, accepted_at=NOW
        )
    )
    request = WithdrawRequest(model=model, run=run, version="2", previous="1", reason="it does not serve")
    assert withdraw_promotion(services, request).version == "1"
    assert services.datasets.last_newest(model, before_run="other") is None


def test_the_loop_of_a_withdrawn_promotion_is_shown_as_failed(services: LazyServices, model: str) -> None:
    """It was over when its lifecycle withdrew what it had promoted; a promotion that stands is shown as one."""
    loop = f"improvement-{model}-1"
    move_champion(
        services, model=model, expected="1", version="2", run=loop, decided_by=f"{loop}:decision:1", kind="promotion"
    )
    run = RunDetail(
        run=loop, model=model, state="completed", outcome="promoted", reason="better", step="",
        started_at=NOW, updated_at=NOW, input=None, output=None, steps=(),
    )  # fmt: skip
    assert as_it_stands(run, services.champions.moves(model)) == run
    request = WithdrawRequest(
        model=model, run=f"lifecycle-{model}-1", version="2", previous="1", reason="it does not serve"
    )
    withdraw_promotion(services, request)
    shown = as_it_stands(run, services.champions.moves(model))
    assert (shown.outcome, "version 2 was withdrawn" in shown.reason) == ("failed", True)
