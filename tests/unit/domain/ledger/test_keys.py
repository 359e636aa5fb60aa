"""Keys that one part makes and another takes apart."""

from nightshift.domain.ledger.keys import (
    decision_key,
    is_withdrawal,
    outcome_key,
    outcome_key_of,
    put_back_key,
    put_back_of,
    withdrawal_key,
)

RUN = "lifecycle-revenue_forecast-1"


def test_the_order_of_a_late_writer_is_found_in_the_key_of_what_puts_it_back() -> None:
    """And in no other key."""
    order = withdrawal_key(RUN)
    assert put_back_of(put_back_key(order)) == order
    assert put_back_of(order) is None
    assert put_back_of(decision_key(RUN, 0)) is None


def test_only_a_withdrawal_is_one() -> None:
    """What puts a withdrawal back is another order."""
    keys = withdrawal_key(RUN), put_back_key(withdrawal_key(RUN)), decision_key(RUN, 1)
    assert [is_withdrawal(key) for key in keys] == [True, False, False]


def test_the_outcome_of_a_decision_is_of_its_run_and_round() -> None:
    """Found from the key of the decision alone."""
    assert outcome_key_of(decision_key(RUN, 2)) == outcome_key(RUN, 2) != outcome_key(RUN, 0)
