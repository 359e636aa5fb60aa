"""Keys of ledger entries that one part writes and another has to find or to take apart: made and read here alone."""

_DECISION, _OUTCOME, _WITHDRAWAL, _PUT_BACK = ":decision:", ":outcome:", ":withdrawal", ":put-back"


def decision_key(run: str, round_number: int) -> str:
    """Key of the decision of a round of a run; a lifecycle's own is round 0."""
    return f"{run}{_DECISION}{round_number}"


def outcome_key(run: str, round_number: int) -> str:
    """Key of what was done about that decision."""
    return f"{run}{_OUTCOME}{round_number}"


def outcome_key_of(decision: str) -> str:
    """Key of what was done about the decision with this key."""
    run, _, round_number = decision.rpartition(_DECISION)
    return f"{run}{_OUTCOME}{round_number}"


def withdrawal_key(run: str) -> str:
    """Key of the order that takes the promotion of a run back."""
    return f"{run}{_WITHDRAWAL}"


def is_withdrawal(key: str) -> bool:
    """Whether it is the key of an order that takes the promotion of a run back."""
    return key.endswith(_WITHDRAWAL)


def put_back_key(order: str) -> str:
    """Key of the order that an alias goes back which was set late, and of the page about it.

    Args:
        order: key of the order whose writer was late.
    """
    return f"{order}{_PUT_BACK}"


def put_back_of(key: str) -> str | None:
    """Key of the order whose writer was late, of the order that its alias goes back; None for every other key."""
    return key.removesuffix(_PUT_BACK) if key.endswith(_PUT_BACK) else None
