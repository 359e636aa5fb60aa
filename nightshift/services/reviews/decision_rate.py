"""How many decisions one principal may make in a while: a person decides slowly, a script gone wild does not."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from nightshift.domain.platform.errors import NightshiftError

DECISIONS = 20
WINDOW_SECONDS = 60.0
_REMEMBERED = 1_000


class TooManyDecisionsError(NightshiftError):
    """A principal has made as many decisions as are allowed in a while.

    Attributes:
        retry_after: whole seconds until the next one is allowed.
    """

    code = "too_many_decisions"

    def __init__(self, principal: str, wait: int) -> None:
        message = f"{principal} has sent {DECISIONS} decisions within {WINDOW_SECONDS:.0f} s: wait {wait} s"
        super().__init__(message, principal=principal, wait=wait)
        self.retry_after = wait


class DecisionRate:
    """A sliding window per principal, in the memory of one process: with several instances each has its own.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, principal: str) -> None:
        """Count one decision, also one that is refused later.

        Raises:
            TooManyDecisionsError: there were too many; this one is not counted.
        """
        now, name = self._clock(), principal.casefold()
        with self._lock:
            times = self._times.setdefault(name, deque())
            self._times.move_to_end(name)
            while times and now - times[0] >= WINDOW_SECONDS:
                times.popleft()
            if len(times) >= DECISIONS:
                raise TooManyDecisionsError(principal, max(1, int(times[0] + WINDOW_SECONDS - now) + 1))
            times.append(now)
            while len(self._times) > _REMEMBERED:
                self._times.popitem(last=False)
