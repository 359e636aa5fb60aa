"""What a plan's training leaves in its MLflow run, besides what every training leaves."""

import math
from typing import TYPE_CHECKING

from nightshift.domain.improvement.actions.tune_hyperparameters import TuneHyperparameters
from nightshift.domain.improvement.plan import PlanOrder

if TYPE_CHECKING:
    import pandas as pd

    from nightshift.training.steps.setup import TrainingSetup
    from nightshift.training.steps.split import Split

ORDER_ARTIFACT = "plan/order.json"
TRIALS_ARTIFACT = "plan/trials.csv"
# MLflow takes longer values of a parameter, but shows and searches them badly.
_LONGEST_PARAMETER = 500


def log_order(plan: PlanOrder) -> None:
    """Log the action and its fields as parameters, and the whole order as an artifact."""
    import mlflow

    fields = plan.action.to_json()
    mlflow.log_params({f"plan.{name}": str(value)[:_LONGEST_PARAMETER] for name, value in fields.items()})
    mlflow.log_dict(plan.to_json(), ORDER_ARTIFACT)


def tune_and_log(
    setup: "TrainingSetup", action: TuneHyperparameters, rows: "pd.DataFrame", inner: "Split"
) -> "TrainingSetup":
    """Search, log what was tried and found, and return the setup with the best parameters.

    The metrics ``tuning_baseline`` and ``tuning_best`` are of the validation rows on which the search chose: they
    promise more than new rows will keep. Only the holdout judges.
    """
    import mlflow

    from nightshift.training.steps.tuning import tune

    tuned = tune(setup, action, rows, inner)
    mlflow.log_text(tuned.trials.to_csv(index=False), TRIALS_ARTIFACT)
    mlflow.log_param("plan.searched_by", tuned.metric)
    measured = {"tuning_baseline": tuned.baseline, "tuning_best": tuned.best}
    # A detector that flags nothing has no baseline; a metric that is no number is not logged.
    mlflow.log_metrics({name: value for name, value in measured.items() if not math.isnan(value)})
    return tuned.setup
