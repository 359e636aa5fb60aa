"""Whether the app is alive, and whether what it depends on answers."""

from datetime import datetime
from typing import Literal

from nightshift.domain.platform.message import Message


class Liveness(Message):
    """The process answers; says nothing about what it depends on.

    Attributes:
        version: of the package that it runs, ``unreleased`` where it runs from a working copy.
        sign_in: whether a sign-in stands before the app; without one it refuses whatever needs a role. An app that was
            released before it could say so states nothing.
    """

    status: Literal["alive"] = "alive"
    version: str = "unreleased"
    sign_in: Literal["enforced", "not enforced", "not stated"] = "not stated"


class DependencyHealth(Message):
    """One dependency.

    Attributes:
        milliseconds: until the answer, or until it was given up.
        reason: why it is not well; empty if it is.
    """

    name: str
    ok: bool
    milliseconds: int
    reason: str = ""


class SweepHealth(Message):
    """One sweep.

    Attributes:
        looked_at: when it last came to its end; None if it never has.
        found: how many differences its last run found.
        problem: what it could not check, or why it broke off.
        reason: why it is unhealthy; empty if it is healthy.
    """

    name: str
    ok: bool
    looked_at: datetime | None = None
    found: int = 0
    problem: str = ""
    reason: str = ""


class Readiness(Message):
    """Whether everything that the app depends on answers, and every sweep still runs.

    Attributes:
        checked_at: the answer may be a few seconds old.
        dependencies: in the order in which they are checked; for callers without a role only a missing sign-in.
        sweeps: by name; empty for callers without a role, and while their table does not answer.
    """

    ok: bool
    checked_at: datetime
    dependencies: tuple[DependencyHealth, ...] = ()
    sweeps: tuple[SweepHealth, ...] = ()
