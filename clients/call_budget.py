"""A call of an outside system ends within its budget, whatever the other side, the SDK or a name server does.

Each SDK has limits of its own, set in ``wiring``, which end a call in time where nobody answers. They do not cover an
answer that comes a byte at a time, a wait that the other side asks for, or the look-up of a name. So the call runs in a
thread of its own, and its caller goes on when the budget is used up.
"""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import Any, TypeVar, cast

from domain.errors import ServiceUnavailableError

Result = TypeVar("Result")
Port = TypeVar("Port")

# A system that keeps its calls hanging must not fill the process with threads.
MOST_ABANDONED = 16


class AbandonedCalls:
    """Counts calls that nobody waits for any more and that have not ended, per outside system."""

    def __init__(self, most: int = MOST_ABANDONED) -> None:
        self._most = most
        self._count: Counter[str] = Counter()
        self._lock = threading.Lock()

    def full(self, service: str) -> bool:
        """Whether another call may not begin."""
        with self._lock:
            return self._count[service] >= self._most

    def add(self, service: str, outcome: "Future[Any]") -> None:
        """Count a call until it ends."""
        with self._lock:
            self._count[service] += 1
        outcome.add_done_callback(lambda _: self._remove(service))

    def _remove(self, service: str) -> None:
        with self._lock:
            self._count[service] -= 1


_ABANDONED = AbandonedCalls()


def call_within(
    service: str, seconds: float, call: Callable[[], Result], abandoned: AbandonedCalls = _ABANDONED
) -> Result:
    """Call, in the caller's context, and wait for the end at most so long.

    What is abandoned may still take effect, as a call may whose answer was lost: every effect is safe to repeat.

    Raises:
        ServiceUnavailableError: the budget is used up, or too many earlier calls have not ended.
    """
    if abandoned.full(service):
        raise ServiceUnavailableError(service, f"{MOST_ABANDONED} earlier calls have not ended yet")
    outcome: Future[Result] = Future()
    context = copy_context()

    def run() -> None:
        try:
            result = context.run(call)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    threading.Thread(target=run, name=f"call of {service}", daemon=True).start()
    if not wait([outcome], seconds).done:
        abandoned.add(service, outcome)
        raise ServiceUnavailableError(service, f"no answer within {seconds:g} s")
    return outcome.result()


class _Bounded:
    """Hands each call of a port to the client within the budget; making the client is part of the first call."""

    def __init__(
        self, service: str, seconds: float, make: Callable[[], Any], on_abandon: Callable[[Any], None] | None
    ) -> None:
        self._service = service
        self._seconds = seconds
        self._make = make
        self._on_abandon = on_abandon
        self._made: Any = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*arguments: Any, **options: Any) -> Any:
            try:
                return call_within(self._service, self._seconds, lambda: self._call(name, arguments, options))
            except ServiceUnavailableError:
                if self._on_abandon is not None and self._made is not None:
                    self._on_abandon(self._made)
                raise

        return call

    def _call(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)(*arguments, **options)


def bounded(
    service: str, seconds: float, make: Callable[[], Port], *, on_abandon: Callable[[Port], None] | None = None
) -> Port:
    """A client of which each call ends within the budget, the first one with the client's own making.

    Args:
        service: its name in errors.
        make: makes the client; heavy imports belong before it, since they are nobody's answer.
        on_abandon: told after a call that failed for want of an answer; ends what must not go on.
    """
    return cast("Port", _Bounded(service, seconds, make, on_abandon))
