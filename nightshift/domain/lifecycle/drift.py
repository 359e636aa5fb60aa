"""How far a column has moved, as a score run has logged it."""

import math
from collections.abc import Mapping
from typing import Final

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import DRIFT_GONE_PREFIX, DRIFT_NEW_PREFIX, DRIFT_P_PREFIX, DRIFT_PREFIX

# The usual reading of a large population stability index.
MOVED: Final = 0.25
# Weeks of one season differ; a difference as rare as this is more.
LEVEL: Final = 0.05


class Drift(Message):
    """How a column's distribution has moved from the same season a year before to the holdout rows.

    Attributes:
        psi: population stability index.
        p: share of relabellings of whole weeks whose index is at least as large; None in score runs of releases that
            compared with all training rows, where a season looks like drift.
        new: share of holdout rows with a value that the season a year before did not have.
        gone: share of that season's rows with a value that no holdout row has.
    """

    psi: float
    p: float | None = None
    new: float = 0.0
    gone: float = 0.0

    @property
    def moved(self) -> bool:
        """Whether it has moved by much, and by more than weeks of one season differ."""
        return self.psi >= MOVED and self.p is not None and self.p <= LEVEL

    @property
    def figures(self) -> str:
        """The index with its p value, for a sentence."""
        return f"PSI {self.psi:.2f}" if self.p is None else f"PSI {self.psi:.2f}, p {self.p:.3g}"

    @property
    def other_values(self) -> str:
        """Values that only one of both seasons has, as a phrase; empty if there are none."""
        new = f"new values in {self.new:.1%} of the rows" if self.new else ""
        gone = f"values of {self.gone:.1%} of last year's rows are gone" if self.gone else ""
        return ", ".join(filter(None, (new, gone)))

    @property
    def meaning(self) -> str:
        """The verdict for a table."""
        verdict = "moved" if self.moved else "as its season"
        if self.p is None:
            verdict = "not compared with its season"
        return "; ".join(filter(None, (verdict, self.other_values)))


def read_drift(metrics: Mapping[str, float]) -> dict[str, Drift]:
    """The drift of each column among the metrics of a score run; what is no finite number was not measured."""

    def logged(prefix: str, column: str) -> float | None:
        value = metrics.get(f"{prefix}{column}")
        return value if value is not None and math.isfinite(value) else None

    found = {}
    for name in sorted(metrics):
        column = name.removeprefix(DRIFT_PREFIX)
        psi = logged(DRIFT_PREFIX, column) if name != column else None
        if psi is not None:
            found[column] = Drift(
                psi=psi,
                p=logged(DRIFT_P_PREFIX, column),
                new=logged(DRIFT_NEW_PREFIX, column) or 0.0,
                gone=logged(DRIFT_GONE_PREFIX, column) or 0.0,
            )
    return found
