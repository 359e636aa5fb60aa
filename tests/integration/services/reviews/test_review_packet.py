"""The packet: all that a decision needs, and what is missing is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.reviews.packet import Link
from nightshift.domain.reviews.review import Review
from nightshift.services.reviews.decide_review import decide_review
from nightshift.services.reviews.review_packet import build_packet, job_links, read_packet
from tests.support.model_data import Starts
from tests.support.refusals import figures
from tests.support.responder import Case
from tests.support.reviewing import flag, read

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def flagged(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> Review:
    """An open review."""
    return flag(case, mlflow_client, tmp_path, uploader="ann")


def test_it_has_all_that_a_decision_needs(case: Case, flagged: Review, mlflow_client: MlflowClient) -> None:
    """Figures, slices, drift, data quality, cost, outlook, ledger and links."""
    job = Link(title="Databricks job run 7", url="http://databricks/7")
    packet = build_packet(case.services, flagged, (job,))
    assert packet.evidence is not None
    assert packet.evidence.digest == flagged.evidence_digest
    assert (packet.better, packet.worse) == (("rmse",), ("mae",))
    assert [(item.value, item.rows) for item in packet.losing_slices] == [("2", 90), ("1", 50)]
    assert [(item.column, item.psi, item.p, item.moved) for item in packet.drift] == [
        ("hum", 0.26, 0.04, True), ("temp", 0.31, None, False),
    ]  # fmt: skip
    assert [(part.upload.name, part.report.passed) for part in packet.data_quality] == [
        (f"{case.model}/mixed.csv", True)
    ]
    assert packet.data_source == "station 7"
    assert packet.cost_of_waiting[0].startswith("rmse is 10 with the champion and 8 ")
    assert [line.partition("Z: ")[2] for line in packet.if_nobody_answers] == [
        "on-call is notified again",
        "second is notified",
        "manager is notified",
        "the review expires, and version 1 stays champion",
    ]
    assert (packet.due_at, packet.next_step) == (flagged.due_at, flagged.steps[0])
    assert [entry.kind for entry in packet.entries] == ["decision", "outcome"]
    assert (packet.stale, packet.missing) == ((), ())
    experiment = mlflow_client.get_run(packet.evidence.score_run).info.experiment_id
    place = f"{case.services.links.mlflow}/experiments/{experiment}/runs"
    assert [link.url for link in packet.links] == [
        f"{place}/{packet.evidence.score_run}",
        f"{place}/{packet.evidence.train_run}",
        "http://databricks/7",
    ]
    assert packet.review.triggered_by == ("ann",)


def test_it_says_when_an_approval_would_be_void(case: Case, flagged: Review) -> None:
    """Before anybody approves for nothing."""
    case.services.registry.tag(case.model, "2", TAG_QUARANTINE, "i7")
    (change,) = build_packet(case.services, flagged).stale
    assert (change.what, change.bound) == ("challenger", "version 2")
    assert (figures(change.found), change.found.endswith("quarantine by incident i7")) == (["2"], True)


def test_once_decided_nothing_is_pending(case: Case, flagged: Review) -> None:
    """No outlook, no cost; the decision and its ledger entry are there."""
    decide_review(case.services, flagged, choice="reject", by="ann", comment="no")
    packet = build_packet(case.services, read(case, flagged))
    assert (packet.if_nobody_answers, packet.cost_of_waiting, packet.next_step) == ((), (), None)
    assert packet.review.decision is not None
    assert packet.entries[-1].actor == "ann"


def test_what_does_not_answer_is_named(case: Case, flagged: Review) -> None:
    """MLflow is away at three in the morning: the rest of the packet is there."""

    class Away:
        def __getattr__(self, _: str) -> Any:
            def refuse(*_: object) -> None:
                raise ServiceUnavailableError("MLflow", "no answer")

            return refuse

    case.replace(registry=Away())
    packet = build_packet(case.services, flagged)
    assert packet.evidence is not None
    assert (packet.drift, packet.links, packet.stale) == ((), (), ())
    assert [line.partition(":")[0] for line in packet.missing] == [
        "feature drift",
        "what has changed since",
        "MLflow links",
    ]
    assert all("MLflow is not available" in line for line in packet.missing)


async def test_an_unknown_review_has_none(case: Case) -> None:
    """The API answers 404."""
    assert await read_packet(Starts(), case.services, "nope") is None


def test_job_runs_come_from_the_history() -> None:
    """Each page once, from whatever form Durable gives a result in."""
    result = {"run_id": 7, "url": "http://databricks/7", "status": None, "failure": None}
    events: list[dict[str, Any]] = [
        {"EventType": "ExecutionStarted"},
        {"EventType": "TaskCompleted", "Result": json.dumps(result)},
        {"EventType": "TaskCompleted", "Result": json.dumps(json.dumps(result))},
        {"EventType": "TaskCompleted", "Result": {**result, "run_id": 8, "url": "http://databricks/8"}},
        {"EventType": "TaskCompleted", "Result": {**result, "url": ""}},
        {"EventType": "TaskCompleted", "Result": "not JSON"},
    ]
    assert job_links(events) == (
        Link(title="Databricks job run 7", url="http://databricks/7"),
        Link(title="Databricks job run 8", url="http://databricks/8"),
    )
