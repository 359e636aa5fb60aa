"""A call of an outside system ends within its budget, whatever the other side, the SDK or a name server does.

Each SDK has limits of its own, set in ``wiring``, which end a call in time where nobody answers. They do not cover an
answer that comes a byte at a time, a wait that the other side asks for, or the look-up of a name. So the call runs in a
thread of its own, and its caller goes on when the budget is used up.
"""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar, cast

from nightshift.domain.platform.errors import ServiceUnavailableError

Result = TypeVar("Result")
Port = TypeVar("Port")

# A system that keeps its calls hanging must not hold all 32 threads that answer requests and messages.
MOST_UNDER_WAY = 24
# Nothing can be done without these, so refusing their calls saves nothing: twice the 64 threads of the app, those of
# its functions and those of its event loop. What is refused at once in a storm of alerts would end as dead letters.
MOST_OF_WHAT_ALL_NEED = 128
WHAT_ALL_NEED = frozenset({"Table storage", "Blob storage", "Service Bus", "Microsoft Entra ID"})
# Of which systems this is a call already: one that a call makes on its way has no second place among them.
_INSIDE: ContextVar[frozenset[str]] = ContextVar("inside", default=frozenset())


class CallsUnderWay:
    """Counts, per outside system, calls that have begun and not ended, whether or not anybody still waits for them."""

    def __init__(self, most: int = MOST_UNDER_WAY, most_of_what_all_need: int = MOST_OF_WHAT_ALL_NEED) -> None:
        self._most = most
        self._most_of_what_all_need = most_of_what_all_need
        self._count: Counter[tuple[str, bool]] = Counter()
        self._lock = threading.Lock()

    def most(self, service: str) -> int:
        """How many calls of a system may be under way."""
        return self._most_of_what_all_need if service in WHAT_ALL_NEED else self._most

    def begin(self, service: str, *, inside: bool) -> bool:
        """Count a call until ``end``; False if it may not begin.

        Args:
            inside: whether it is a part of a call of the same system: those count among themselves, or a call would
                take the place of its own part.
        """
        with self._lock:
            if self._count[service, inside] >= self.most(service):
                return False
            self._count[service, inside] += 1
            return True

    def end(self, service: str, *, inside: bool) -> None:
        """It has ended."""
        with self._lock:
            self._count[service, inside] -= 1


_UNDER_WAY = CallsUnderWay()


def call_within(
    service: str, seconds: float, call: Callable[[], Result], under_way: CallsUnderWay = _UNDER_WAY
) -> Result:
    """Call, in the caller's context, and wait for the end at most so long.

    What is abandoned may still take effect, as a call may whose answer was lost: every effect is safe to repeat.

    Raises:
        ServiceUnavailableError: the budget is used up, or too many calls of the system are under way.
    """
    outside = _INSIDE.get()
    inside = service in outside
    if not under_way.begin(service, inside=inside):
        raise ServiceUnavailableError(service, f"{under_way.most(service)} calls are under way")
    outcome: Future[Result] = Future()
    context = copy_context()
    context.run(_INSIDE.set, outside | {service})

    def run() -> None:
        try:
            result = context.run(call)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            under_way.end(service, inside=inside)
            outcome.set_exception(error)
        else:
            under_way.end(service, inside=inside)
            outcome.set_result(result)

    try:
        threading.Thread(target=run, name=f"call of {service}", daemon=True).start()
    except BaseException:
        under_way.end(service, inside=inside)
        raise
    if not wait([outcome], seconds).done:
        raise ServiceUnavailableError(service, f"no answer within {seconds:g} s")
    return outcome.result()


class _Bounded:
    """Hands each call of a port to the client within the budget; making the client is part of the first call."""

    def __init__(self, service: str, seconds: float, make: Callable[[], Any]) -> None:
        self._service = service
        self._seconds = seconds
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*arguments: Any, **options: Any) -> Any:
            return call_within(self._service, self._seconds, lambda: self._call(name, arguments, options))

        return call

    def _call(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)(*arguments, **options)


def bounded(service: str, seconds: float, make: Callable[[], Port]) -> Port:
    """A client of which each call ends within the budget, the first one with the client's own making.

    Args:
        service: its name in errors.
        make: makes the client; heavy imports belong before it, since they are nobody's answer.
    """
    return cast("Port", _Bounded(service, seconds, make))
