"""The record of a training's rows in its MLflow run, and the holdout rows that a champion has not seen."""

import logging
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nightshift.domain.lifecycle.training_overlap import KnownBy, TrainingOverlap

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

    from nightshift.domain.platform.spec import ModelSpec
    from nightshift.training.steps.seen_rows import Flags, TrainedRows

logger = logging.getLogger(__name__)

ARTIFACT = "training/rows.npz"
NEWEST_ROW = "newest_train_row"


def log_trained_rows(rows: "pd.DataFrame", spec: "ModelSpec") -> None:
    """Log the rows of a training, by hash, to the active MLflow run."""
    import mlflow

    from nightshift.training.steps.seen_rows import trained_rows

    artifact = PurePosixPath(ARTIFACT)
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        path = Path(folder) / artifact.name
        path.write_bytes(trained_rows(rows, spec).to_bytes())
        mlflow.log_artifact(str(path), artifact_path=str(artifact.parent))


def unseen_holdout(
    client: "MlflowClient", name: str, champion: str, rows: "pd.DataFrame", holdout: "pd.DataFrame", spec: "ModelSpec"
) -> tuple["pd.DataFrame", TrainingOverlap]:
    """Leave out of a holdout what a champion was trained on.

    Args:
        name: of the registered model.
        rows: the whole dataset, of which ``holdout`` is a part, by index.

    Returns:
        The rows to compare on, and what was found. At least half of the holdout's ``min_rows`` must be left; else all
        rows are returned, and ``TrainingOverlap.spoils``.
    """
    seen, known_by = _seen(client, name, champion, rows, holdout, spec)
    if seen is None:
        return holdout, TrainingOverlap(known_by=known_by)
    found, left = int(seen.sum()), holdout.loc[~seen]
    enough = found == 0 or len(left) >= spec.evaluation.holdout.min_rows / 2
    overlap = TrainingOverlap(known_by=known_by, rows=found, left_out=enough)
    if found:
        logger.warning(
            "champion_saw_holdout_rows model=%s champion=%s rows=%d of=%d known_by=%s left_out=%s",
            spec.name,
            champion,
            found,
            len(holdout),
            known_by,
            enough,
        )
    return (left if enough else holdout), overlap


def _seen(
    client: "MlflowClient", name: str, champion: str, rows: "pd.DataFrame", holdout: "pd.DataFrame", spec: "ModelSpec"
) -> tuple["Flags | None", KnownBy]:
    import pandas as pd
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(str(client.get_model_version(name, champion).run_id))
    except MlflowException as error:
        logger.warning("training_run_unknown model=%s champion=%s reason=%s", spec.name, champion, error)
        return None, "nothing"
    recorded = _recorded(client, run.info.run_id)
    if recorded is not None and (seen := recorded.seen(rows, holdout.index)) is not None:
        return seen, "rows"
    newest = pd.to_datetime(run.data.params.get(NEWEST_ROW, ""), errors="coerce")
    if pd.isna(newest):
        return None, "nothing"
    return (holdout[spec.training.time_column] <= newest).to_numpy(), "time"


def _recorded(client: "MlflowClient", run: str) -> "TrainedRows | None":
    """What a training has recorded; None for one of before there were records, or of another's code."""
    from nightshift.training.steps.seen_rows import TrainedRows

    folder = str(PurePosixPath(ARTIFACT).parent)
    if ARTIFACT not in {item.path for item in client.list_artifacts(run, folder)}:
        return None
    with tempfile.TemporaryDirectory(prefix="nightshift-") as target:
        return TrainedRows.from_bytes(Path(client.download_artifacts(run, ARTIFACT, target)).read_bytes())
