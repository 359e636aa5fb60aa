"""Names that several packages must agree on."""

from typing import Final

# Orchestrators, by the name under which the app registers them.
MODEL_QUEUE: Final = "model_queue"
LIFECYCLE: Final = "lifecycle"
IMPROVEMENT: Final = "improvement"

# Metrics of a score run, by column: the population stability index from the same season a year before to the holdout
# rows, its p value, and the shares of rows with values that only the newer or only the older of them have. Score runs
# of releases that compared with all training rows have the first alone.
DRIFT_PREFIX: Final = "drift."
DRIFT_P_PREFIX: Final = "drift_p."
DRIFT_NEW_PREFIX: Final = "drift_new."
DRIFT_GONE_PREFIX: Final = "drift_gone."

# Reviews of flagged promotions.
REVIEW: Final = "review"

# The external event that wakes a waiting review when a person has decided it.
REVIEW_DECIDED: Final = "review_decided"
# The step of a review that waits for a person. The sweep repeats the event only to a review in this step.
AWAIT_DECISION: Final = "await_decision"
# Metadata of an uploaded blob: who uploaded it, by the name under which they sign in.
UPLOADED_BY: Final = "uploaded_by"

# The response to an incident.
RESPONSE: Final = "response"
UNDO: Final = "undo"

# The external event that makes a waiting response look at its incident again.
INCIDENT_CHANGED: Final = "incident_changed"

# Databricks jobs (training/job_definitions) and their tasks.
TRAINING_JOB: Final = "nightshift-training"
VALIDATION_JOB: Final = "nightshift-validation"
SCORE_TASK: Final = "score"

# The queue to which Event Grid delivers blob events where it cannot push to the app.
BLOB_EVENTS_QUEUE: Final = "blob-events"
# No queue: where dead letters of POST /api/alerts are listed, which came over HTTP and were refused.
REFUSED_ALERTS: Final = "http-alerts"

# Blob containers.
BRONZE: Final = "bronze"
SILVER: Final = "silver"
EVIDENCE: Final = "evidence"

# Aliases of registered models.
CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"

# Tags on MLflow runs and model versions.
TAG_LIFECYCLE_RUN: Final = "nightshift.lifecycle_run"
TAG_TRAIN_TOKEN: Final = "nightshift.train_token"
TAG_TRAIN_RUN: Final = "nightshift.train_run"
TAG_SCORE_TOKEN: Final = "nightshift.score_token"
TAG_DATASET_DIGEST: Final = "nightshift.dataset_digest"
TAG_EVALUATION_SET_DIGEST: Final = "nightshift.evaluation_set_digest"
# On a score run: the holdout rows that the champion was trained on (JSON of `domain.lifecycle.training_overlap`).
TAG_TRAINING_OVERLAP: Final = "nightshift.training_overlap"
TAG_CHALLENGER_VERSION: Final = "nightshift.challenger_version"
TAG_CHAMPION_VERSION: Final = "nightshift.champion_version"
TAG_GIT_COMMIT: Final = "nightshift.git_commit"
TAG_DATA_SOURCE: Final = "nightshift.data_source"
# On a version that was rolled back: the incident. It becomes champion again only by a person.
TAG_QUARANTINE: Final = "nightshift.quarantine"

# Metadata of a logged model: how its inputs are made from the columns of a dataset (JSON).
MODEL_RECIPE: Final = "nightshift_recipe"

# The artifact of a score run: one row per holdout row.
PREDICTIONS_ARTIFACT: Final = "evaluation/predictions.parquet"
COLUMN_ROW: Final = "row_key"
COLUMN_TRUTH: Final = "y_true"
COLUMN_CHAMPION: Final = "champion"
COLUMN_CHALLENGER: Final = "challenger"
SLICE_PREFIX: Final = "slice_"


def job_finished(run_id: int) -> str:
    """The external event that wakes the run that waits for a job run.

    Each job run has a name of its own: Durable keeps an event that came too early for every later wait of its name.
    """
    return f"job_finished-{run_id}"


def experiment(model: str) -> str:
    """The MLflow experiment of a model; Databricks asks for an absolute workspace path."""
    return f"/Shared/nightshift/{model}"
