"""Turn the predictions of a score run into evidence: champion against challenger on the same holdout rows."""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.domain.champions.registry import ScoreRun
from nightshift.domain.improvement.messages import critique_key
from nightshift.domain.ledger.bodies import LookBody, read_as
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.run import EvaluateRequest, EvaluateResult, score_token
from nightshift.domain.lifecycle.training_overlap import TrainingOverlap
from nightshift.domain.platform.errors import BadInputError, ServiceRefusedError
from nightshift.domain.platform.loading import importing
from nightshift.domain.platform.names import (
    COLUMN_CHALLENGER,
    COLUMN_CHAMPION,
    COLUMN_TRUTH,
    PREDICTIONS_ARTIFACT,
    SLICE_PREFIX,
    TAG_CHALLENGER_VERSION,
    TAG_CHAMPION_VERSION,
    TAG_EVALUATION_SET_DIGEST,
    TAG_TRAINING_OVERLAP,
)
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.spec import EvaluationPolicy
from nightshift.services.lifecycle.run_files import RunFiles, manifest_at
from nightshift.services.platform.activity import activity

if TYPE_CHECKING:
    from agents.lifecycle.evaluation import Predictions


@activity("evaluate_metrics")
def evaluate_metrics(services: Services, request: EvaluateRequest) -> EvaluateResult:
    """Read the score run of this round, compare both models, and keep the evidence in blob storage."""
    with importing("agents.lifecycle.evaluation"):
        from agents.lifecycle.evaluation import compare, compare_slices
        from agents.lifecycle.holdout_spending import policy_at_interim_look

    manifest = manifest_at(services.blobs, request.manifest)
    score = services.registry.find_score(request.model, score_token(request.run, request.round))
    if score is None:
        reason = f"no finished score run has the token {score_token(request.run, request.round)!r}"
        raise ServiceRefusedError("MLflow", reason, "the job ended well without logging its scoring; see its output")
    holdout = _tag(score, TAG_EVALUATION_SET_DIGEST)
    interim_look = _interim_look(services, request, holdout) if request.counted else 0
    policy = (
        policy_at_interim_look(manifest.spec.evaluation, interim_look) if interim_look else manifest.spec.evaluation
    )
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        path = services.registry.download_predictions(score.run_id, Path(folder))
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        champion_version = score.tags.get(TAG_CHAMPION_VERSION) or None
        predictions = _read(path, policy, with_champion=champion_version is not None)
    evidence = Evidence(
        model=request.model,
        challenger_version=_tag(score, TAG_CHALLENGER_VERSION),
        champion_version=champion_version,
        rows=predictions.truth.size,
        metrics=compare(predictions, policy),
        slices=compare_slices(predictions, policy),
        score_run=score.run_id,
        train_run=score.train_run,
        evaluation_set_digest=holdout,
        predictions_digest=content,
        dataset_digest=manifest.digest,
        data_source=manifest.source,
        policy_digest=manifest.spec.policy_digest,
        spec_digest=manifest.spec.digest,
        overlap=_overlap(score),
    )
    kept = RunFiles(services.blobs, request.run).write_evidence(request.round, evidence)
    return EvaluateResult(evidence=kept, summary=evidence, look=interim_look)


def _interim_look(services: Services, request: EvaluateRequest, holdout: str) -> int:
    """The number of this interim look at a holdout, from 1; a repeat of the step gets the same number.

    Every loop of the model counts, and every round of it: what was tried last month on these rows was tried.
    """
    mine = critique_key(request.run, request.round)
    looks = 0
    for entry in services.ledger.of_kind(request.model, "criticism"):
        if entry.key == mine:
            # A delivery that comes late: rounds after this one must not make its evidence another.
            break
        look = read_as(entry, LookBody)
        looks += look is not None and look.evaluation_set_digest == holdout
    return looks + 1


def _overlap(score: ScoreRun) -> TrainingOverlap | None:
    """The training overlap that the score task logged; None if it logged none, as foreign scoring code may."""
    recorded = score.tags.get(TAG_TRAINING_OVERLAP)
    return None if recorded is None else TrainingOverlap.from_json(recorded)


def _tag(score: ScoreRun, name: str) -> str:
    value = score.tags.get(name, "")
    if not value:
        raise BadInputError(
            field=name, value=value, rule="a score run must carry this tag", where=f"run {score.run_id}"
        )
    return value


def _read(path: Path, policy: EvaluationPolicy, *, with_champion: bool) -> "Predictions":
    """Read the predictions file; every row must have a finite prediction of each model that was scored.

    Raises:
        BadInputError: not Parquet, no rows, or columns that are missing or no numbers.
    """
    with importing("duckdb"):
        import duckdb
        import numpy as np

        from agents.lifecycle.evaluation import Predictions
        from nightshift.validation.duckdb_connection import connect

    try:
        with connect() as connection:
            columns = connection.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchnumpy()
    except duckdb.Error as error:
        reason, _, _ = str(error).partition("\n")
        rule = f"must be a Parquet file ({reason})"
        raise BadInputError(field=PREDICTIONS_ARTIFACT, value=f"{path.stat().st_size} bytes", rule=rule) from error
    slices = [item.column for item in policy.slices]
    models = [COLUMN_CHALLENGER, *([COLUMN_CHAMPION] if with_champion else [])]
    needed = [COLUMN_TRUTH, *models, *(SLICE_PREFIX + name for name in slices)]
    missing = sorted(set(needed) - set(columns))
    if missing:
        raise BadInputError(
            field=PREDICTIONS_ARTIFACT, value=sorted(columns), rule=f"the columns {', '.join(missing)} must be there"
        )
    if not len(columns[COLUMN_TRUTH]):
        raise BadInputError(field=PREDICTIONS_ARTIFACT, value="0 rows", rule="there must be rows to compare on")
    numbers = {}
    for name in (COLUMN_TRUTH, *models):
        try:
            numbers[name] = np.ma.filled(np.ma.asarray(columns[name], dtype=np.float64), np.nan)
        except (TypeError, ValueError) as error:
            field = f"{PREDICTIONS_ARTIFACT}:{name}"
            raise BadInputError(field=field, value=str(error), rule="the column must hold numbers") from error
        holes = int((~np.isfinite(numbers[name])).sum())
        if name != COLUMN_TRUTH and holes:
            raise BadInputError(
                field=f"{PREDICTIONS_ARTIFACT}:{name}", value=f"{holes} rows", rule="every prediction must be a number"
            )
    return Predictions(
        truth=numbers[COLUMN_TRUTH],
        challenger=numbers[COLUMN_CHALLENGER],
        champion=numbers.get(COLUMN_CHAMPION),
        slices={name: np.ma.filled(columns[SLICE_PREFIX + name], "").astype(np.str_) for name in slices},
    )
