"""Services that break off at a chosen call, as a killed process does, or let another run in between two writes."""

from collections.abc import Callable
from typing import Any

from nightshift.domain.platform.ports import Services

# What asks nobody outside.
_INSIDE = {"clock", "retry_policy", "links", "orchestration_version"}
# Calls that change what lasts; of the ledger, the stores, the registry, the queues and the systems outside.
WRITES = frozenset(
    (
        "accept", "append", "begin", "change", "claim", "close", "done",
        "finalize", "move_mark", "open", "pause", "promote", "publish",
        "record", "remove", "resume", "saw", "send", "send_raw", "serve", "set_alias", "settle", "submit", "tag",
        "take_over", "take_up", "upload", "write",
    )
)  # fmt: skip


class KilledError(BaseException):
    """The process is gone; nothing may catch this."""


class _Watched:
    """Wraps services: each call of a port passes through ``pass_through``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __getattr__(self, name: str) -> Any:
        port = getattr(self._services, name)
        return port if name in _INSIDE or port is None else _Port(self, name, port)

    def pass_through(self, name: str, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Make a call; ``name`` is that of the port and the call, as in ``ledger.append``."""
        raise NotImplementedError


class Interrupted(_Watched):
    """Services of which the call with the chosen number is the last.

    Args:
        last: number of the last call, from 1; 0 interrupts nothing.
        after: break off after that call instead of before it.
        named: break off before the first call of this name.

    Attributes:
        calls: how many calls were made.
        made: their names.
    """

    def __init__(self, services: Services, *, last: int = 0, after: bool = False, named: str = "") -> None:
        super().__init__(services)
        self._named = named
        self._last = last
        self._after = after
        self.calls = 0
        self.made: list[str] = []

    def pass_through(self, name: str, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Make a call, or break off before or after it."""
        self.calls += 1
        self.made.append(name)
        if name == self._named or (self.calls == self._last and not self._after):
            raise KilledError
        result = call(*args, **kwargs)
        if self.calls == self._last:
            raise KilledError
        return result


class Preempted(_Watched):
    """Services before whose chosen write another runs as a whole.

    Args:
        before: number of the write, from 1; 0 lets nothing in between.

    Attributes:
        writes: how many writes were made.
    """

    def __init__(self, services: Services, *, before: int, other: Callable[[], None]) -> None:
        super().__init__(services)
        self._before = before
        self._other = other
        self.writes = 0

    def pass_through(self, name: str, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Make a call, after the other if it is the chosen write."""
        if name.partition(".")[2] in WRITES:
            self.writes += 1
            if self.writes == self._before:
                self._other()
        return call(*args, **kwargs)


class _Port:
    def __init__(self, owner: _Watched, name: str, port: Any) -> None:
        self._owner = owner
        self._name = name
        self._port = port

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)
        return lambda *args, **kwargs: self._owner.pass_through(f"{self._name}.{name}", call, *args, **kwargs)
