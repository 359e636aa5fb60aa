"""What waiting costs, in sentences."""

from typing import Any

import pytest

from agents.reviews.waiting import cost_of_waiting
from nightshift.domain.lifecycle.evidence import MetricComparison
from tests.support.evidence_examples import make_evidence


def _metric(name: str, champion: float | None, challenger: float | None, verdict: Any, **given: Any) -> Any:
    return MetricComparison(
        name=name, tracked=given.get("tracked", True), champion=champion, challenger=challenger, difference=None,
        verdict=verdict,
    )  # fmt: skip


def test_better_costs_and_worse_saves() -> None:
    """One sentence for each tracked metric that differs; the direction is that of the metric."""
    found = cost_of_waiting(
        make_evidence(
            _metric("rmse", 10.0, 8.0, "better"),
            _metric("r2", 0.8, 0.6, "worse"),
            _metric("mae", 4.0, 4.0, "equal"),
            _metric("mape", 1.0, 0.5, "better", tracked=False),
        )
    )
    rmse, r2 = found
    assert (rmse.split()[0], "costs" in rmse, "saves" in rmse, rmse.endswith("20.0%")) == ("rmse", True, False, True)
    assert (r2.split()[0], "costs" in r2, "saves" in r2, r2.endswith("25.0%")) == ("r2", False, True, True)
    assert ["(lower is better)" in rmse, "(higher is better)" in r2] == [True, True]


def test_a_champion_of_zero_has_no_share() -> None:
    """Nothing is divided by zero."""
    (found,) = cost_of_waiting(make_evidence(_metric("rmse", 0.0, 1.0, "worse")))
    assert found.endswith("waiting saves that difference")


def test_within_noise_it_costs_nothing() -> None:
    """It says so."""
    found = cost_of_waiting(make_evidence(_metric("rmse", 10.0, None, "undefined"), _metric("mae", 4.0, 4.1, "equal")))
    assert len(found) == 1
    assert "costs nothing" in found[0]


@pytest.mark.parametrize(("champion", "challenger"), [(None, 8.0), (10.0, None), (None, None)])
def test_a_metric_without_both_figures_has_no_sentence(champion: float | None, challenger: float | None) -> None:
    """There is no difference that could be told."""
    found = cost_of_waiting(
        make_evidence(_metric("rmse", champion, challenger, "better"), _metric("mae", 4.0, 3.0, "better"))
    )
    assert [sentence.split()[0] for sentence in found] == ["mae"]
