"""What the sweep of orders knows of a kind of order: whether it is owed, and how it is carried out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.notifications.notification import NotificationKind
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload import Upload

# An orchestration that has not carried its order out after this long is not waited for: what it does is keyed.
LONGEST = timedelta(minutes=30)
# An older order is a person's: what it was about has changed since.
AGE = timedelta(days=1)


@dataclass(frozen=True)
class OrderResult:
    """What became of an order.

    Attributes:
        closed: nothing is owed any more.
        done: what could be done was done; otherwise ``said`` is why not.
        said: what was done, or why it could not be, as a sentence for people; empty if nothing had to be done.
        kind: how urgent that is.
    """

    closed: bool
    done: bool = True
    said: str = ""
    kind: NotificationKind = "page"


CLOSED, WAITS = OrderResult(closed=True), OrderResult(closed=False)


@dataclass(frozen=True)
class OrderKind:
    """One kind of order.

    Attributes:
        matches: whether a ledger entry is one.
        owes: whether it is still to be carried out, by what has happened and not by what was written about it.
        carry_out: carry it out; a repeat changes nothing. NightshiftError if it cannot be now.
        instance: id of the orchestration that carries it out; empty if none does.
        due: from when on it may be carried out.
        longest: how long after that the orchestration is waited for; None: until it has ended.
        since: what on-call is notified of if an order was tried and is owed no more: an earlier sweep broke off before
            it notified, or somebody else has carried the order out.
        notifies: whether on-call is notified that it was carried out late.
        ages: whether one that is older than a day is a person's: what it was about has changed since.
    """

    matches: Callable[[LedgerEntry], bool]
    owes: Callable[[Services, LedgerEntry], bool]
    carry_out: Callable[[Services, LedgerEntry], OrderResult]
    instance: Callable[[LedgerEntry], str]
    due: Callable[[LedgerEntry], datetime] = lambda entry: entry.recorded_at
    longest: timedelta | None = None
    since: Callable[[Services, LedgerEntry], OrderResult] = lambda *_: done_since()
    notifies: bool = True
    ages: bool = True


def done_since(detail: str = "", kind: NotificationKind = "page") -> OrderResult:
    """An order that was carried out since it was first tried; ``detail``: what came of it, if that is known."""
    return OrderResult(closed=True, said=": ".join(filter(None, ("it has been carried out since", detail))), kind=kind)


def submit(services: Services, model: str, uploads: tuple[Upload, ...]) -> None:
    """Put the files of an order into the queue of its model, once."""
    services.uploads.submit(uploads[0], model, with_=uploads[1:])
