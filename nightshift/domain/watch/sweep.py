"""The sweeps, timers that compare what is owed with what was done: when each ran last, and how far it has read."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from nightshift.domain.platform.message import Message

# Every timer of the app by the name of its function, and its interval.
SWEEPS: Mapping[str, timedelta] = {
    "sweep_orders": timedelta(minutes=1),
    "sweep_queues": timedelta(minutes=1),
    "sweep_responses": timedelta(minutes=5),
    "sweep_reviews": timedelta(minutes=1),
    "sweep_owed_notifications": timedelta(minutes=1),
    "sweep_self": timedelta(minutes=5),
    "sweep_history": timedelta(hours=1),
}
# One run may be missed while the host restarts, and a second one may be late.
MISSED = 3


def page_window(at: datetime, hours: int) -> str:
    """The part of a day in which a trouble that goes on or comes back is paged once; the page's key ends with it."""
    return f"{at:%Y-%m-%d}:{at.hour // hours}"


class SweepRun(Message):
    """The last run of a sweep.

    Attributes:
        at: when it ended.
        found: how many differences it found.
        problem: what it could not check, or why it broke off; empty if it checked everything.
        whole_at: when it last completed; None if it never has. A run that broke off does not count.
    """

    name: str
    at: datetime
    found: int
    problem: str = ""
    whole_at: datetime | None = None


class Swept(Message):
    """What one run has found; ``problem`` names what it could not check."""

    found: int
    problem: str = ""


class OrderMark(Message):
    """How far the sweep of orders has read the ledger of a model.

    Attributes:
        sequence: every order up to this entry is carried out, or is one of ``open``.
        open: sequences of the entries whose orders are not carried out.
        tried: those that the sweep has begun to carry out: on-call is notified of how that ended, whoever ended it.
        served: sequence of the last champion move whose version an endpoint has been seen to serve.
        endpoint: that endpoint; empty in a mark of an earlier release, which stands for the one that the spec names.
    """

    model: str
    sequence: int = 0
    open: tuple[int, ...] = ()
    tried: tuple[int, ...] = ()
    served: int = 0
    endpoint: str = ""

    def has_served(self, sequence: int, endpoint: str) -> bool:
        """Whether this endpoint has been seen to serve the version of a champion move."""
        return self.served == sequence and self.endpoint in {"", endpoint}
