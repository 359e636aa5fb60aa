"""Who has triggered a promotion is known again by the id, whatever the name is now."""

from typing import cast

import pytest

from nightshift.domain.platform.ports import Services
from nightshift.services.reviews.decide_review import FourEyesError, decide_review
from tests.support.review_examples import LADDER, make_review

ANN = "11111111-2222-3333-4444-555555555555@aaaaaaaa-2222-3333-4444-555555555555"


@pytest.mark.parametrize("triggered_by", [f"ann@corp ({ANN})", f"old.name@corp ({ANN})", "Ann@corp"])
def test_nobody_approves_what_they_triggered(triggered_by: str) -> None:
    """By the id of an order of theirs, or by the name that their upload carries; nothing is asked of any service."""
    policy = LADDER.model_copy(update={"four_eyes": True})
    review = make_review(policy=policy, triggered_by=(triggered_by,))
    with pytest.raises(FourEyesError, match="has triggered this promotion"):
        decide_review(cast("Services", None), review, choice="approve", by=f"ann@corp ({ANN})", comment="mine")
