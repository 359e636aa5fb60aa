"""One rule about what Azure refuses, and what breaks it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nightshift.delivery.terraform_rules.plan import Plan


@dataclass(frozen=True)
class Breach:
    """What breaks a rule.

    Attributes:
        address: the planned resource, or the row of the table of calls.
        value: what it says, and what it should say where that is one word.
    """

    address: str
    value: str


@dataclass(frozen=True)
class Rule:
    """A row of the table of rules.

    Attributes:
        id: short and stable.
        forbids: what may not be planned.
        because: what Azure or the provider does with it.
        source: where that is written, with the version.
        refused: the resource of this configuration that it once refused.
        check: finds the breaches in one environment's plan.
    """

    id: str
    forbids: str
    because: str
    source: str
    refused: str
    check: Callable[[Plan], Iterable[Breach]]
