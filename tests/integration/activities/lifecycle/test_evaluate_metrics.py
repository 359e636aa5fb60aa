"""Evidence from a score run, on real storage and a real MLflow: the same each time, or an error that says why."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from activities.lifecycle.evaluate_metrics import evaluate_metrics
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.run import EvaluateRequest, EvaluateResult, score_token
from nightshift.domain.lifecycle.training_overlap import TrainingOverlap
from nightshift.domain.platform.errors import BlobMissingError, NightshiftError
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.names import (
    COLUMN_CHALLENGER,
    COLUMN_CHAMPION,
    COLUMN_TRUTH,
    EVIDENCE,
    PREDICTIONS_ARTIFACT,
    TAG_CHALLENGER_VERSION,
    TAG_CHAMPION_VERSION,
    TAG_EVALUATION_SET_DIGEST,
    TAG_SCORE_TOKEN,
    TAG_TRAIN_RUN,
    TAG_TRAINING_OVERLAP,
    experiment,
)
from nightshift.domain.uploads.dataset import DatasetManifest
from nightshift.domain.uploads.upload import BlobRef
from nightshift.wiring.services import LazyServices
from tests.support.improving import Improving
from tests.support.interruptions import Interrupted, KilledError

pytestmark = pytest.mark.xdist_group("mlflow")

ROWS = 96
TRUTH = 100 + 50 * np.sin(np.arange(ROWS) / 24 * 2 * np.pi)
_GENERATOR = np.random.default_rng(7)
CHAMPION = TRUTH + _GENERATOR.normal(0, 10, ROWS)
CHALLENGER = TRUTH + _GENERATOR.normal(0, 3, ROWS)
TABLE = {COLUMN_TRUTH: TRUTH, COLUMN_CHAMPION: CHAMPION, COLUMN_CHALLENGER: CHALLENGER}
TAGS = {
    TAG_CHALLENGER_VERSION: "2",
    TAG_CHAMPION_VERSION: "1",
    TAG_EVALUATION_SET_DIGEST: "5" * 64,
    TAG_TRAIN_RUN: "t1",
}


class Evaluating(Improving):
    """A model with a manifest, and score runs as a test wants them."""

    def __init__(self, services: LazyServices, client: MlflowClient, model: str, folder: Path) -> None:
        super().__init__(services, client, model)
        self._folder = folder

    def scored(
        self,
        number: int,
        table: dict[str, Any] | bytes | None,
        tags: dict[str, str] | None = None,
        *,
        run: str = "",
    ) -> str:
        """A finished score run of a round, of the lifecycle unless a run is named, with these predictions; its id."""
        found = self._client.get_experiment_by_name(experiment(self.model))
        assert found is not None
        token = {TAG_SCORE_TOKEN: score_token(run or self.lifecycle, number)}
        scored: str = self._client.create_run(
            found.experiment_id, tags=token | (TAGS if tags is None else tags)
        ).info.run_id
        if table is not None:
            path = self._folder / Path(PREDICTIONS_ARTIFACT).name
            if isinstance(table, bytes):
                path.write_bytes(table)
            else:
                pd.DataFrame(table).to_parquet(path, index=False)
            self._client.log_artifact(scored, str(path), str(Path(PREDICTIONS_ARTIFACT).parent))
        self._client.set_terminated(scored)
        return scored

    def ask(self, number: int, services: Any = None) -> EvaluateResult:
        """Evaluate a round of the lifecycle."""
        request = EvaluateRequest(model=self.model, run=self.lifecycle, manifest=self.manifest, round=number)
        return evaluate_metrics(services or self.services, request)

    def refused(self, number: int) -> tuple[str, str]:
        """Code and message of what fails the evaluation of a round; no further call cures it, no evidence is kept."""
        with pytest.raises(NightshiftError) as refused:
            self.ask(number)
        assert not refused.value.retryable
        with pytest.raises(BlobMissingError):
            self.services.blobs.read(BlobRef(container=EVIDENCE, name=f"runs/{self.lifecycle}/evidence-{number}.json"))
        return refused.value.code, refused.value.message


@pytest.fixture
def evaluating(services: LazyServices, mlflow_client: MlflowClient, model: str, tmp_path: Path) -> Evaluating:
    """A model of this test's own."""
    return Evaluating(services, mlflow_client, model, tmp_path)


def test_evidence_names_all_that_it_was_made_of(evaluating: Evaluating) -> None:
    """Both runs and versions, and the digests of the rows, the predictions, the data, the policy and the spec."""
    run = evaluating.scored(1, TABLE)
    summary = evaluating.ask(1).summary
    manifest = DatasetManifest.model_validate_json(evaluating.services.blobs.read(evaluating.manifest))
    logged = evaluating.services.registry.download_predictions(run, evaluating._folder).read_bytes()
    assert (summary.score_run, summary.train_run, summary.rows) == (run, "t1", ROWS)
    assert (summary.challenger_version, summary.champion_version) == ("2", "1")
    assert summary.evaluation_set_digest == "5" * 64
    assert summary.predictions_digest == hashlib.sha256(logged).hexdigest()
    assert (summary.dataset_digest, summary.data_source) == (manifest.digest, manifest.source)
    assert (summary.policy_digest, summary.spec_digest) == (manifest.spec.policy_digest, manifest.spec.digest)
    assert {metric.name: metric.verdict for metric in summary.metrics if metric.tracked}["rmse"] == "better"


def test_the_kept_evidence_is_the_summary(evaluating: Evaluating) -> None:
    """What is decided on is what was kept, at a place that says run and round."""
    evaluating.scored(1, TABLE)
    result = evaluating.ask(1)
    assert (result.evidence.container, result.evidence.name) == (
        EVIDENCE,
        f"runs/{evaluating.lifecycle}/evidence-1.json",
    )
    kept = Evidence.model_validate_json(evaluating.services.blobs.read(result.evidence))
    assert (kept, kept.digest) == (result.summary, result.summary.digest)


def test_a_repeat_is_the_same_evidence(evaluating: Evaluating) -> None:
    """Digest for digest: the bootstrap is seeded, and nothing of the clock is in it."""
    evaluating.scored(1, TABLE)
    first, second = evaluating.ask(1), evaluating.ask(1)
    assert second.summary == first.summary
    assert (first.look, second.look) == (0, 0)


def test_a_later_look_at_the_same_rows_needs_stronger_evidence(evaluating: Evaluating) -> None:
    """A challenger that errs by 8.5 instead of 10 is better at 95 %, and at the 96.96 % of the first counted look. The
    second is judged at 99.24 %, where the interval of the same predictions holds 0.
    """
    generator = np.random.default_rng(2)
    table = TABLE | {COLUMN_CHAMPION: TRUTH + generator.normal(0, 10, ROWS)}
    table |= {COLUMN_CHALLENGER: TRUTH + generator.normal(0, 8.5, ROWS)}
    evaluating.scored(1, table)
    results = [evaluating.ask(1)]
    for number in (1, 2):
        evaluating.scored(number, table, run=evaluating.run)
        results.append(evaluating.evaluate(number))
        evaluating.evaluate_round(results[-1])
    found = []
    for result in results:
        rmse = next(metric for metric in result.summary.metrics if metric.name == "rmse")
        assert rmse.difference is not None
        found.append((result.look, rmse.verdict, round(rmse.difference.low, 1), round(rmse.difference.high, 1)))
    assert found == [(0, "better", -2.8, -0.2), (1, "better", -3.1, -0.1), (2, "equal", -3.5, 0.2)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_and_repeated_it_is_the_same_evidence(evaluating: Evaluating, after: bool) -> None:
    """What was half done is done again over itself."""
    evaluating.scored(1, TABLE)
    first, number, result = evaluating.ask(1), 0, None
    while result is None:
        number += 1
        try:
            result = evaluating.ask(1, Interrupted(evaluating.services, last=number, after=after))
        except KilledError:
            continue
    assert number > 3
    assert result.summary == first.summary
    assert Evidence.model_validate_json(evaluating.services.blobs.read(result.evidence)) == first.summary


@pytest.mark.parametrize("change", ["predictions", "holdout", "versions"])
def test_other_evidence_has_another_digest(evaluating: Evaluating, change: str) -> None:
    """An approval of the one is none of the other."""
    evaluating.scored(1, TABLE)
    changed = {
        "predictions": (TABLE | {COLUMN_CHALLENGER: np.append(CHALLENGER[:-1], CHALLENGER[-1] + 1e-9)}, TAGS),
        "holdout": (TABLE, TAGS | {TAG_EVALUATION_SET_DIGEST: "8" * 64}),
        "versions": (TABLE, TAGS | {TAG_CHALLENGER_VERSION: "3"}),
    }
    evaluating.scored(2, *changed[change])
    first, second = evaluating.ask(1).summary, evaluating.ask(2).summary
    assert first.digest != second.digest


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, None], ids=["nan", "inf", "minus inf", "null"])
@pytest.mark.parametrize("column", [COLUMN_CHALLENGER, COLUMN_CHAMPION])
def test_a_prediction_that_is_no_number_is_refused(evaluating: Evaluating, column: str, bad: float | None) -> None:
    """The model predicts nothing for some rows; leaving them out would flatter it."""
    values = list(TABLE[column])
    values[3] = values[50] = bad
    evaluating.scored(1, TABLE | {column: values})
    code, message = evaluating.refused(1)
    assert code == "bad_input"
    assert message.startswith(f"{PREDICTIONS_ARTIFACT}:{column} = '2 rows': ")


def test_a_row_without_truth_is_not_a_fault_of_the_model(evaluating: Evaluating) -> None:
    """Labels come late; the rest is compared."""
    truth = TRUTH.copy()
    truth[3] = np.nan
    evaluating.scored(1, TABLE | {COLUMN_TRUTH: truth})
    result = evaluating.ask(1)
    rmse = next(metric for metric in result.summary.metrics if metric.name == "rmse")
    assert rmse.verdict == "better"


def test_without_any_truth_nothing_is_better(evaluating: Evaluating) -> None:
    """No labels: every tracked metric is undefined, which a person sees."""
    evaluating.scored(1, TABLE | {COLUMN_TRUTH: np.full(ROWS, np.nan)})
    result = evaluating.ask(1)
    assert {metric.verdict for metric in result.summary.metrics if metric.tracked} == {"undefined"}


@pytest.mark.parametrize("column", [COLUMN_TRUTH, COLUMN_CHALLENGER, COLUMN_CHAMPION])
def test_a_missing_column_is_named(evaluating: Evaluating, column: str) -> None:
    """The job is of another version than the app."""
    evaluating.scored(1, {name: values for name, values in TABLE.items() if name != column})
    code, message = evaluating.refused(1)
    assert (code, f"columns {column} must" in message) == ("bad_input", True)


@pytest.mark.parametrize("content", [b"", b"no parquet at all"], ids=["empty", "text"])
def test_a_file_that_is_no_parquet_is_refused(evaluating: Evaluating, content: bytes) -> None:
    """The upload broke off, or something else lies there."""
    evaluating.scored(1, content)
    code, message = evaluating.refused(1)
    assert (code, message.startswith(PREDICTIONS_ARTIFACT)) == ("bad_input", True)


@pytest.mark.parametrize("column", [COLUMN_TRUTH, COLUMN_CHALLENGER])
def test_a_column_of_words_is_refused(evaluating: Evaluating, column: str) -> None:
    """The job logged labels instead of numbers."""
    evaluating.scored(1, TABLE | {column: ["high", "low"] * (ROWS // 2)})
    code, message = evaluating.refused(1)
    assert (code, message.startswith(f"{PREDICTIONS_ARTIFACT}:{column} = ")) == ("bad_input", True)
    assert message.endswith("the column must hold numbers")


def test_no_rows_at_all_are_refused(evaluating: Evaluating) -> None:
    """Nothing was scored: nothing can be said."""
    evaluating.scored(1, {name: values[:0] for name, values in TABLE.items()})
    code, message = evaluating.refused(1)
    assert (code, message.startswith(f"{PREDICTIONS_ARTIFACT} = '0 rows': ")) == ("bad_input", True)


def test_missing_predictions_are_refused(evaluating: Evaluating) -> None:
    """The job logged its run without them; the error names the run."""
    run = evaluating.scored(1, None)
    code, message = evaluating.refused(1)
    assert code == "service_refused"
    assert f"score run {run} has no " in message
    assert f"'{PREDICTIONS_ARTIFACT}'" in message


def test_a_missing_score_run_is_refused(evaluating: Evaluating) -> None:
    """The job ended well and scored nothing; the error names the token and where to look."""
    code, message = evaluating.refused(5)
    assert code == "service_refused"
    assert f"the token '{score_token(evaluating.lifecycle, 5)}'" in message
    assert "see its output" in message


@pytest.mark.parametrize("tag", [TAG_CHALLENGER_VERSION, TAG_EVALUATION_SET_DIGEST])
def test_a_score_run_must_say_what_it_scored(evaluating: Evaluating, tag: str) -> None:
    """Without version or holdout there is nothing that a decision could bind."""
    run = evaluating.scored(1, TABLE, {name: value for name, value in TAGS.items() if name != tag})
    code, message = evaluating.refused(1)
    assert (code, message.startswith(f"run {run}: {tag} = '': ")) == ("bad_input", True)


def test_without_a_champion_nobody_is_compared_with(evaluating: Evaluating) -> None:
    """The first model of all: its metrics alone, whatever else is in the file."""
    evaluating.scored(1, TABLE, {name: value for name, value in TAGS.items() if name != TAG_CHAMPION_VERSION})
    result = evaluating.ask(1)
    assert result.summary.champion_version is None
    assert {metric.verdict for metric in result.summary.metrics} == {"unopposed"}
    assert {metric.champion for metric in result.summary.metrics} == {None}


def test_a_missing_manifest_is_refused(evaluating: Evaluating) -> None:
    """The error names the blob."""
    gone = BlobRef(container=EVIDENCE, name=f"{evaluating.model}/gone.json")
    request = EvaluateRequest(model=evaluating.model, run=evaluating.lifecycle, manifest=gone)
    with pytest.raises(BlobMissingError) as refused:
        evaluate_metrics(evaluating.services, request)
    assert (refused.value.code, refused.value.fields["url"].endswith(gone.name)) == ("blob_missing", True)


@pytest.mark.parametrize("overlap", [None, TrainingOverlap(known_by="rows", rows=7, left_out=False)])
def test_evidence_says_what_the_champion_was_trained_on(
    evaluating: Evaluating, overlap: TrainingOverlap | None
) -> None:
    """As the score run found it; a score task that does not look says nothing, and its evidence is as it always was."""
    tags = TAGS | ({TAG_TRAINING_OVERLAP: overlap.model_dump_json()} if overlap else {})
    evaluating.scored(0, TABLE, tags)
    result = evaluating.ask(0)
    assert result.summary.overlap == overlap
    old = {name: value for name, value in result.summary.to_json().items() if name != "overlap"}
    assert (digest(old) == result.summary.digest) == (overlap is None)
    assert Evidence.from_json(old).overlap is None
