"""Evidence of a comparison, for tests that need one and say only what matters to them."""

from typing import Any

from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison


def make_evidence(*metrics: MetricComparison, **changes: Any) -> Evidence:
    """Version 2 of the model m compared with the champion, version 1, on 100 rows.

    Args:
        metrics: what was compared.
        changes: fields that differ from the example's.
    """
    given: dict[str, Any] = {
        "model": "m",
        "challenger_version": "2",
        "champion_version": "1",
        "rows": 100,
        "metrics": metrics,
        "score_run": "s",
        "train_run": "t",
        "evaluation_set_digest": "e",
        "predictions_digest": "p",
        "dataset_digest": "d",
        "data_source": "synthetic",
        "policy_digest": "pd",
        "spec_digest": "sd",
    }
    return Evidence(**{**given, **changes})
