"""Significance spent over looks: it sums to what the spec allows, however many looks there are."""

import math

import pytest

from agents.lifecycle.holdout_spending import confidence_at_interim_look, policy_at_interim_look
from nightshift.domain.platform.spec import Bootstrap, EvaluationPolicy, Metric


def test_all_interim_looks_together_spend_no_more_than_alpha() -> None:
    """The levels of a hundred thousand looks sum to just below 5 %."""
    spent = sum(1 - confidence_at_interim_look(0.95, look) for look in range(1, 100_001))
    assert spent < 0.05
    assert math.isclose(spent, 0.05, rel_tol=1e-4)


def test_the_bar_rises_with_every_interim_look() -> None:
    """Later looks need stronger evidence."""
    levels = [confidence_at_interim_look(0.95, look) for look in range(1, 6)]
    assert levels == sorted(set(levels))
    assert [round(level, 4) for level in levels[:3]] == [0.9696, 0.9924, 0.9966]


@pytest.mark.parametrize(("confidence", "look"), [(0.95, 0), (0.95, -1), (0.0, 1), (1.0, 1)])
def test_impossible_interim_looks_are_refused(confidence: float, look: int) -> None:
    """A look before the first, or a confidence that is none, names the rule."""
    with pytest.raises(ValueError, match=r"must lie between|the first look"):
        confidence_at_interim_look(confidence, look)


def test_the_policy_of_an_interim_look_keeps_all_but_confidence_and_resamples() -> None:
    """Limits, seed and blocks are the spec's; resamples grow until the tail holds ten of them."""
    policy = EvaluationPolicy(metrics=(Metric(name="rmse"),), bootstrap=Bootstrap(resamples=2000, block_rows=24))
    look = policy_at_interim_look(policy, 3)
    tail = (1 - look.bootstrap.confidence) / 2
    assert look.bootstrap.resamples * tail >= 10
    assert look.bootstrap.resamples == 5922
    assert (look.metrics, look.bootstrap.seed, look.bootstrap.block_rows) == (policy.metrics, 7, 24)


@pytest.mark.parametrize(("resamples", "look", "taken"), [(500, 1, 658), (659, 1, 659), (500, 100, 100_000)])
def test_resamples_are_as_many_as_the_tail_asks_for(resamples: int, look: int, taken: int) -> None:
    """Ten in a tail of 1.52 % are 658; the spec may ask for more. The hundredth look would ask for 6.6 million: 100,000
    are the most.
    """
    policy = EvaluationPolicy(metrics=(Metric(name="rmse"),), bootstrap=Bootstrap(resamples=resamples))
    assert policy_at_interim_look(policy, look).bootstrap.resamples == taken
