"""Which way a metric is better, by its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.lifecycle.direction import direction_of
from nightshift.domain.lifecycle.metrics import METRICS


@pytest.mark.parametrize("name", METRICS)
def test_the_metrics_of_specs_are_known(name: str) -> None:
    """As the evaluation compares them."""
    expected = "higher_is_better" if METRICS[name].higher_is_better else "lower_is_better"
    assert direction_of(name) == direction_of(name.upper()) == direction_of(f"val_{name}_score") == expected


@pytest.mark.parametrize(
    ("names", "direction"),
    [
        (
            ("accuracy", "Accuracy (%)", "top_5_accuracy", "AP", "MAP@10", "ndcg@5", "class_3_recall"),
            "higher_is_better",
        ),
        (("ROC AUC", "roc-auc", "rocAUC", "F1Score", "f1_macro", "R2Score", "eval/f1", "MCC"), "higher_is_better"),
        (
            ("MAPE", "logLoss", "val/loss", "poisson_loss", "MeanSquaredError", "latency_p95", "p95_latency_ms"),
            "lower_is_better",
        ),
        (("neg_log_loss", "accuracy_drop", "delta_auc", "1 - auc", "loss_of_accuracy", "mean_error", "bias"), None),
        (("", "@", "score", "val", "psi", "my_metric"), None),
    ],
)
def test_names_of_the_field(names: tuple[str, ...], direction: str | None) -> None:
    """In the spellings of libraries and dashboards; a difference or a negation has no certain direction."""
    assert {name: direction_of(name) for name in names} == dict.fromkeys(names, direction)


@given(name=st.text(max_size=40))
def test_any_name_is_answered(name: str) -> None:
    """Nothing is raised."""
    assert direction_of(name) in {None, "higher_is_better", "lower_is_better"}
