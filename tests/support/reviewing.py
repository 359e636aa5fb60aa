"""A flagged promotion on real storage and a real registry: what the rules flag, with all that a review binds."""

from pathlib import Path
from typing import Any

import yaml
from mlflow import MlflowClient

from activities.lifecycle.decide_action import decide_and_act
from nightshift.domain.lifecycle.evidence import Evidence, Interval, MetricComparison, SliceComparison
from nightshift.domain.lifecycle.run import DecideRequest, score_token
from nightshift.domain.platform.names import (
    SILVER,
    TAG_CHALLENGER_VERSION,
    TAG_CHAMPION_VERSION,
    TAG_EVALUATION_SET_DIGEST,
    TAG_SCORE_TOKEN,
    TAG_TRAIN_RUN,
    UPLOADED_BY,
    experiment,
)
from nightshift.domain.reviews.messages import ReviewRequest
from nightshift.domain.reviews.review import Review
from nightshift.domain.uploads.dataset import DatasetManifest
from nightshift.domain.uploads.upload import BlobRef, Upload
from nightshift.services.lifecycle.run_files import RunFiles
from nightshift.services.reviews.find_review import find_review
from tests.support.model_data import HEADER, validate
from tests.support.model_versions import make_champions, make_versions
from tests.support.responder import ROOT, Case

HOLDOUT = "5" * 64


def flag(case: Case, client: MlflowClient, folder: Path, uploader: str = "", again: str = "", **spec: Any) -> Review:
    """Champion 1, challenger 2, evidence that is better on rmse and worse on mae: the rules open a review."""
    document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
    case.specify(contract=document["contract"] | {"min_rows": 1}, **spec)
    make_versions(client, case.model, 3, folder)
    make_champions(case.services, case.model, ("1",))
    run = f"lifecycle-{case.model}-1"
    upload = _upload(case, folder, uploader).model_copy(update={"again": again})
    validated = validate(case, run, upload)
    assert validated.manifest is not None
    files = RunFiles(case.services.blobs, run)
    manifest = files.manifest()
    evidence = _evidence(case, manifest, _score(client, case.model, run))
    kept = files.write_evidence(0, evidence)
    decided = decide_and_act(
        case.services, DecideRequest(model=case.model, run=run, manifest=validated.manifest, evidence=kept)
    )
    assert decided.outcome == "flagged", decided
    assert decided.review_id is not None
    return find_review(case.services, case.model, decided.review_id)


def request(review: Review) -> ReviewRequest:
    """The message of a review's activities."""
    return ReviewRequest(model=review.model, review_id=review.review_id)


def read(case: Case, review: Review) -> Review:
    """The review as it is now."""
    return find_review(case.services, review.model, review.review_id)


def _upload(case: Case, folder: Path, uploader: str) -> Upload:
    """Two rows, in a container that no event comes from: on a whole stack no run of their own may start."""
    rows = [f"2012-01-01T0{hour}:00:00,1,0,1,1,1,0.5,0.5,0.5,0.5,1{hour}.5" for hour in range(2)]
    path = folder / "mixed.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    blob = BlobRef(container=SILVER, name=f"{case.model}/mixed.csv")
    metadata = {"data_source": "station 7"} | ({UPLOADED_BY: uploader} if uploader else {})
    etag = case.services.blobs.upload(blob, path, metadata=metadata)
    return Upload(
        url=case.services.blobs.url(blob),
        container=blob.container,
        name=blob.name,
        etag=etag,
        size=path.stat().st_size,
        event_time=case.services.clock(),
        event_id="mixed",
    )


def _score(client: MlflowClient, model: str, run: str) -> tuple[str, str]:
    """A finished score run; return its id and that of the training."""
    found = client.get_experiment_by_name(experiment(model))
    assert found is not None
    train = client.create_run(found.experiment_id)
    client.set_terminated(train.info.run_id)
    tags = {
        TAG_SCORE_TOKEN: score_token(run, 0),
        TAG_EVALUATION_SET_DIGEST: HOLDOUT,
        TAG_CHALLENGER_VERSION: "2",
        TAG_CHAMPION_VERSION: "1",
        TAG_TRAIN_RUN: train.info.run_id,
    }
    score = client.create_run(found.experiment_id, tags=tags)
    client.log_metric(score.info.run_id, "drift.temp", 0.31)
    client.log_metric(score.info.run_id, "drift.hum", 0.26)
    client.log_metric(score.info.run_id, "drift_p.hum", 0.04)
    client.log_metric(score.info.run_id, "rmse.challenger", 8.0)
    client.set_terminated(score.info.run_id)
    return score.info.run_id, train.info.run_id


def _evidence(case: Case, manifest: DatasetManifest, runs: tuple[str, str]) -> Evidence:
    return Evidence(
        model=case.model,
        challenger_version="2",
        champion_version="1",
        rows=200,
        metrics=(
            MetricComparison(
                name="rmse", tracked=True, champion=10.0, challenger=8.0, verdict="better",
                difference=Interval(low=-2.5, high=-1.5),
            ),
            MetricComparison(
                name="mae", tracked=True, champion=4.0, challenger=5.0, verdict="worse",
                difference=Interval(low=0.5, high=1.5),
            ),
        ),
        slices=(
            SliceComparison(
                column="season", value="1", rows=50, metric="rmse", champion=5.0, challenger=7.0, verdict="worse"
            ),
            SliceComparison(
                column="season", value="2", rows=90, metric="rmse", champion=5.0, challenger=8.0, verdict="worse"
            ),
            SliceComparison(
                column="season", value="3", rows=60, metric="rmse", champion=5.0, challenger=4.0, verdict="better"
            ),
        ),
        score_run=runs[0],
        train_run=runs[1],
        evaluation_set_digest=HOLDOUT,
        predictions_digest="6" * 64,
        dataset_digest=manifest.digest,
        data_source=manifest.source,
        policy_digest=manifest.spec.policy_digest,
        spec_digest=manifest.spec.digest,
    )  # fmt: skip
