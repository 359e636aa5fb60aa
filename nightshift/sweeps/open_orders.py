"""The table of orders: every ledger entry because of which something is owed."""

from activities.champions.withdraw_promotion import withdraw_promotion
from activities.reviews.close_review import notify_outcome
from nightshift.domain.ledger.bodies import (
    ActionBody,
    DataOrder,
    ReviewBody,
    ReviewOutcomeBody,
    WithdrawalBody,
    expect_body,
    read_as,
    says,
)
from nightshift.domain.ledger.keys import is_withdrawal, outcome_key_of, put_back_of
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.lifecycle.run import WithdrawRequest
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.ports import Services
from nightshift.services.champions.move_champion import put_back
from nightshift.services.champions.move_orders import call_off_move, find_move, is_unfinished
from nightshift.services.ledger.order_kinds import CLOSED, WAITS, OrderKind, OrderResult, submit
from nightshift.sweeps.incident_orders import INCIDENT_ORDERS


def kind_of(entry: LedgerEntry) -> OrderKind | None:
    """The kind of an entry that is an order; None for everything else, also for an order of a newer release."""
    return next((kind for kind in _KINDS if kind.matches(entry)), None)


def _run(entry: LedgerEntry) -> str:
    return entry.run


# --- data ordered once more: an improvement, fresh evidence


def _owes_data(services: Services, entry: LedgerEntry) -> bool:
    return True  # what is in the queue already is not taken a second time


def _finish_data(services: Services, entry: LedgerEntry) -> OrderResult:
    submit(services, entry.model, expect_body(entry, DataOrder).uploads)
    return CLOSED


# --- a promotion, and its withdrawal


def _is_promotion(entry: LedgerEntry) -> bool:
    said = read_as(entry, ActionBody)
    return said is not None and said.decision.action == "promote"


def _owes_outcome(services: Services, entry: LedgerEntry) -> bool:
    return services.ledger.find(entry.model, outcome_key_of(entry.key)) is None


def _close_promotion(services: Services, entry: LedgerEntry) -> OrderResult:
    """Its run has ended without an outcome: it is not promoted any more, but the alias may have moved already."""
    move = find_move(services, entry.model, entry.key)
    if move is None:
        return CLOSED
    move = call_off_move(services, entry.model, key=entry.key, kind=move.kind, version=move.version, run=entry.run)
    if move.state == "void":
        return OrderResult(
            closed=True, said=f"run {entry.run} has ended: its promotion of version {move.version} is void"
        )
    said = f"run {entry.run} has ended without an outcome, but version {move.version} had become champion"
    return OrderResult(closed=True, said=f"{said} in place of {move.previous or 'none'}: look at it")


def _is_withdrawal(entry: LedgerEntry) -> bool:
    return says(entry, WithdrawalBody) and is_withdrawal(entry.key)


def _owes_move(services: Services, entry: LedgerEntry) -> bool:
    return is_unfinished(services, entry.model, entry.key)


def _finish_withdrawal(services: Services, entry: LedgerEntry) -> OrderResult:
    ordered = expect_body(entry, WithdrawalBody)
    request = WithdrawRequest(
        model=entry.model,
        run=entry.run,
        version=ordered.version
        or entry.subject.removeprefix("version "),  # orders of release 0.1.0 name it there alone
        previous=ordered.back_to,
        reason=ordered.reason,
    )
    return OrderResult(closed=True, said=withdraw_promotion(services, request).detail)


# --- an alias that was set late goes back


def _is_put_back(entry: LedgerEntry) -> bool:
    return says(entry, WithdrawalBody) and put_back_of(entry.key) is not None


def _owes_page(services: Services, entry: LedgerEntry) -> bool:
    return services.notifications.get(entry.model, entry.key) is None  # the last thing that putting it back does


def _finish_put_back(services: Services, entry: LedgerEntry) -> OrderResult:
    late = put_back_of(entry.key)
    move = None if late is None else find_move(services, entry.model, late)
    if move is not None:
        put_back(services, move)
    return CLOSED


# --- what came of a review


def _is_outcome_of_review(entry: LedgerEntry) -> bool:
    return says(entry, ReviewOutcomeBody)


def _finish_review(services: Services, entry: LedgerEntry) -> OrderResult:
    review = services.reviews.get(entry.model, expect_body(entry, ReviewBody).review)
    if review is None:
        return CLOSED
    if not review.settled:
        return WAITS  # sweep_reviews starts its orchestration again
    notify_outcome(services, review)
    return CLOSED


def _review_instance(entry: LedgerEntry) -> str:
    return instance_id("review", entry.model, expect_body(entry, ReviewBody).review)


_KINDS: tuple[OrderKind, ...] = (
    # Before all others: its key continues that of the order whose writer was late.
    OrderKind(_is_put_back, _owes_page, _finish_put_back, lambda _: "", notifies=False, ages=False),
    *INCIDENT_ORDERS,
    OrderKind(_is_withdrawal, _owes_move, _finish_withdrawal, _run),
    OrderKind(_is_promotion, _owes_outcome, _close_promotion, _run, ages=False),
    OrderKind(lambda entry: says(entry, DataOrder), _owes_data, _finish_data, lambda _: "", notifies=False, ages=False),
    OrderKind(_is_outcome_of_review, lambda *_: True, _finish_review, _review_instance, notifies=False, ages=False),
)
