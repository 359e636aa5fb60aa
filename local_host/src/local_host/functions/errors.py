"""What can go wrong in the functions host.

ValueError
 ├─ HostJsonError          host.json says something that the host cannot follow
 ├─ ScheduleError          a timer's schedule is neither NCRONTAB nor a TimeSpan
 └─ FunctionLoadError      one function is refused at load, as the Python worker refuses it
RuntimeError
 ├─ AppLoadError           the app as a whole cannot be loaded
 ├─ InvocationFailedError  a function raised, timed out or returned what its binding cannot carry
 ├─ ActivityFailedError    the same, as the durable engine sees it
 └─ HostFailedError        the durable engine ended by itself
TimeoutError
 └─ FunctionTimeoutError   a function ran longer than host.json's functionTimeout
OSError
 ├─ PortInUseError         another process has the port
 └─ StateInUseError        another host holds the state folder
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class HostJsonError(ValueError):
    """host.json breaks a rule; names the key, its value and the rule."""

    def __init__(self, key: str, value: object, rule: str) -> None:
        super().__init__(f"host.json: {key} is {value!r}: {rule}")
        self.key = key
        self.value = value
        self.rule = rule


class ScheduleError(ValueError):
    """A timer's schedule cannot be read; names the expression and the rule."""

    def __init__(self, expression: str, rule: str) -> None:
        super().__init__(f"schedule {expression!r}: {rule}")
        self.expression = expression
        self.rule = rule


class FunctionLoadError(ValueError):
    """One function is refused; names the function, the parameter (if it is about one) and the rule."""

    def __init__(self, function: str, rule: str, *, parameter: str | None = None) -> None:
        where = f"function {function!r}" if parameter is None else f"function {function!r}, parameter {parameter!r}"
        super().__init__(f"{where}: {rule}")
        self.function = function
        self.parameter = parameter
        self.rule = rule


class AppLoadError(RuntimeError):
    """The app cannot be loaded; `refused` holds one error for each function at fault (none if the import failed)."""

    def __init__(self, message: str, refused: Sequence[FunctionLoadError] = ()) -> None:
        super().__init__("\n".join([message, *(f"  - {error}" for error in refused)]))
        self.refused = tuple(refused)

    @classmethod
    def of(cls, refused: Sequence[FunctionLoadError]) -> AppLoadError:
        """One error for all functions that were refused."""
        return cls(f"{len(refused)} function(s) cannot be loaded:", refused)


class InvocationFailedError(RuntimeError):
    """An invocation failed; `error` is what the function raised (or why its result cannot be carried)."""

    def __init__(self, function: str, invocation_id: str, error: Exception) -> None:
        super().__init__(f"invocation {invocation_id} of function {function!r} failed: {type(error).__name__}: {error}")
        self.function = function
        self.invocation_id = invocation_id
        self.error = error


class ActivityFailedError(RuntimeError):
    """An activity failed; the message is "<type>: <message>" of what it raised."""


class HostFailedError(RuntimeError):
    """The durable engine ended by itself or a function ran out of time; a restart resumes every instance."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"the host has ended: {type(error).__name__}: {error}")
        self.error = error


class FunctionTimeoutError(TimeoutError):
    """A function ran longer than host.json's functionTimeout."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the function ran longer than functionTimeout ({seconds:g} s)")
        self.seconds = seconds


class PortInUseError(OSError):
    """The port is taken by another process."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__(f"port {port} on {address} is in use by another process; choose another with --port")
        self.port = port


class StateInUseError(OSError):
    """The state folder is held by another functions host."""

    def __init__(self, state: Path) -> None:
        super().__init__(f"state folder {state} is in use by another functions host; stop it or choose another --state")
        self.state = state
