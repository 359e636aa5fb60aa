"""When a failed delivery is tried again, and when it is given up."""

from __future__ import annotations

from dataclasses import dataclass

# What Event Grid does not retry for a webhook: the same request cannot succeed later.
_FINAL_STATUSES = {400, 401, 403, 413}


@dataclass(frozen=True)
class RetryPolicy:
    """Event Grid's policy with a developer's patience: its schedule starts at 10 s and grows to 12 h.

    Delays are in seconds. The limits are Event Grid's defaults. Only answers count as attempts: while nobody listens at
    the subscriber's address, events wait.
    """

    first_delay: float = 1.0
    longest_delay: float = 30.0
    max_attempts: int = 30
    time_to_live: float = 24 * 3600.0

    def delay(self, attempts: int) -> float:
        """The wait after the given number of failed attempts (1 or more)."""
        return min(self.longest_delay, self.first_delay * 2.0 ** min(attempts - 1, 30))

    def dead_letter_reason(self, *, status: int | None, attempts: int, age: float) -> str | None:
        """Why the event is not tried again after this answer, in Event Grid's words; None to go on.

        `status` is the HTTP status of the answer, None if it did not come in time; `age` is in seconds.
        """
        if status in _FINAL_STATUSES:
            return "UndeliverableDueToHttpStatus"
        if attempts >= self.max_attempts:
            return "MaxDeliveryAttemptsExceeded"
        if age >= self.time_to_live:
            return "TimeToLiveExceeded"
        return None
