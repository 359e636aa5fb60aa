"""How significance is spent over interim looks at one holdout, so that more attempts do not make a pass likelier.

Each challenger that is compared on the same holdout rows is an interim look. Look k is judged at the level
``alpha_k = alpha * 6 / (pi^2 * k^2)``. Because the sum of 1/k^2 over all k is pi^2/6, the levels sum to alpha however
many looks there are, and by Bonferroni's inequality so does the chance that any look passes by noise alone, whatever
the looks have to do with each other. The level at which a plan is judged is fixed before its result is seen.

Source: the series that Foster and Stine use for alpha-investing (2008, JRSS B 70(2), section 4) and that the LORD
procedures generalise (Javanmard and Montanari, 2018, Annals of Statistics 46(2)); the inequality is Bonferroni's.
"""

import math

from nightshift.domain.platform.spec import EvaluationPolicy

# A tail of fewer resamples than this says little about a quantile.
_RESAMPLES_IN_TAIL = 10
_MOST_RESAMPLES = 100_000


def confidence_at_interim_look(confidence: float, look: int) -> float:
    """The confidence at which an interim look at a holdout is judged; it grows with every look.

    Args:
        confidence: of the whole series of interim looks, as the spec states it.
        look: 1 for the first challenger of the improvement loop on these rows.

    Raises:
        ValueError: confidence is not within (0, 1), or look is below 1.
    """
    if not 0 < confidence < 1:
        msg = f"confidence = {confidence!r}: must lie between 0 and 1"
        raise ValueError(msg)
    if look < 1:
        msg = f"look = {look!r}: the first look is number 1"
        raise ValueError(msg)
    return 1 - (1 - confidence) * 6 / (math.pi**2 * look**2)


def policy_at_interim_look(policy: EvaluationPolicy, look: int) -> EvaluationPolicy:
    """The policy with the confidence of an interim look, and with enough resamples for the quantile at that level."""
    confidence = confidence_at_interim_look(policy.bootstrap.confidence, look)
    needed = math.ceil(_RESAMPLES_IN_TAIL / ((1 - confidence) / 2))
    resamples = max(policy.bootstrap.resamples, min(needed, _MOST_RESAMPLES))
    settings = policy.bootstrap.model_copy(update={"confidence": confidence, "resamples": resamples})
    return policy.model_copy(update={"bootstrap": settings})
