"""Drift as score runs have logged it, of this release and of earlier ones."""

import math

import pytest

from nightshift.domain.lifecycle.drift import Drift, read_drift


def test_the_figures_of_a_column_are_read_together() -> None:
    """By prefix; other metrics are none of them."""
    logged = {"drift.a": 0.3, "drift_p.a": 0.01, "drift_new.a": 0.2, "drift_gone.b": 0.1, "drift.b": 0.1, "rmse": 1.0}
    assert read_drift(logged) == {"a": Drift(psi=0.3, p=0.01, new=0.2), "b": Drift(psi=0.1, gone=0.1)}


def test_what_is_no_number_was_not_measured() -> None:
    """MLflow keeps NaN and infinity."""
    found = read_drift({"drift.a": math.nan, "drift_p.a": 0.01, "drift.b": 0.4, "drift_p.b": math.inf})
    assert found == {"b": Drift(psi=0.4)}


@pytest.mark.parametrize(
    ("drift", "meaning"),
    [
        (Drift(psi=0.25, p=0.05), "moved"),
        (Drift(psi=0.25, p=0.06), "as its season"),
        (Drift(psi=0.2, p=0.01), "as its season"),
        (Drift(psi=0.9), "not compared with its season"),
        (
            Drift(psi=0, p=1, new=0.2, gone=0.05),
            "as its season; new values in 20.0% of the rows, values of 5.0% of last year's rows are gone",
        ),
    ],
)
def test_a_column_has_moved_by_much_and_beyond_its_season(drift: Drift, meaning: str) -> None:
    """A record of an earlier release has no p: it was compared with all training rows, and has not moved."""
    assert drift.meaning == meaning
    assert drift.moved is (meaning == "moved")
