"""Services that break off at a chosen call, as a killed process does."""

from typing import Any

from domain.ports import Services


class KilledError(BaseException):
    """The process is gone; nothing may catch this."""


class Interrupted:
    """Wraps services: every call of a port counts, and the one with the chosen number is the last.

    Attributes:
        calls: how many calls were made.
    """

    def __init__(self, services: Services, *, last: int, after: bool) -> None:
        self._services = services
        self._last = last
        self._after = after
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        port = getattr(self._services, name)
        return port if name in {"clock", "patience"} else _Port(self, port)

    def pass_through(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Make a call, or break off before or after it."""
        self.calls += 1
        if self.calls == self._last and not self._after:
            raise KilledError
        result = call(*args, **kwargs)
        if self.calls == self._last:
            raise KilledError
        return result


class _Port:
    def __init__(self, owner: Interrupted, port: Any) -> None:
        self._owner = owner
        self._port = port

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)
        return lambda *args, **kwargs: self._owner.pass_through(call, *args, **kwargs)
