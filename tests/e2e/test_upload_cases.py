"""Files derived from public bug reports, from upload to decision: trained on and judged, or refused with the rule."""

import pytest
from mlflow import MlflowClient

from nightshift.cli.upload_command import await_run, put
from nightshift.domain.platform.names import CHAMPION
from tests.e2e.conftest import ROOT, RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(900)]

CASES = ROOT / "tests" / "data" / "cases" / "e2e"
MODEL = "lab"


def test_each_file_ends_in_the_verdict_that_it_deserves(running: RunningApp) -> None:
    """In one order, because each is compared with the champion that the ones before it made."""
    first = running.outcome(running.upload(MODEL, CASES / "good.parquet"))
    assert (first.outcome, first.decision and first.decision.rule) == ("promoted", "first_champion"), first.reason

    # Somebody takes the alias away. The last champion is known all the same, and the challenger is compared with it.
    registry = MlflowClient(running.endpoints.mlflow_url, running.endpoints.mlflow_url)
    registry.delete_registered_model_alias(MODEL, CHAMPION)
    second = running.outcome(running.upload(MODEL, CASES / "worse.parquet"))
    assert second.decision is not None, second.reason
    assert (second.decision.champion_version, second.decision.rule != "first_champion") == (
        first.challenger_version,
        True,
    )

    # Such files met the contract and then failed in the job.
    files = [CASES / name for name in ("hour_24.csv", "ts_as_pandas_index.parquet", "ts_index_2.parquet")]
    waiting = [put(MODEL, file, "synthetic: a test", running.state).identity for file in files]
    for run in {await_run(running.app, MODEL, identity, seconds=240) for identity in waiting}:
        outcome = running.outcome(run)
        assert (outcome.failure, outcome.outcome in {"promoted", "rejected", "flagged"}) == (None, True), outcome.reason

    # Its statistics say that all is well.
    refused = running.outcome(running.upload(MODEL, CASES / "reversed_stats.parquet"))
    assert refused.failure is not None
    assert (refused.outcome, set(str(refused.failure.fields["rules"]).split(", "))) == (
        "halted",
        {"minimum", "maximum"},
    )
