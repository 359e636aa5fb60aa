"""What is known about one column, from the Parquet footer or from a scan."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nightshift.validation.stored_type import Kind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEMPORAL: frozenset[Kind] = frozenset({"date", "timestamp"})
NUMERIC: frozenset[Kind] = frozenset({"integer", "decimal", "single", "double"})


@dataclass(frozen=True)
class ColumnFacts:
    """Counts and extremes of one column.

    Attributes:
        nulls: empty cells.
        ill_typed: cells of text that are not of the column's dtype.
        outside: cells that are not among the allowed values.
        minimum, maximum: of the typed values; dates and timestamps in microseconds since 1970-01-01T00:00:00Z; None
            where there is no value or none was asked for.
        all_finite: whether no value is NaN or infinite (a timestamp can be infinite, too).
    """

    nulls: int
    ill_typed: int = 0
    outside: int = 0
    minimum: int | float | None = None
    maximum: int | float | None = None
    all_finite: bool = True


def extreme_text(kind: Kind | None, extreme: float | None) -> str | None:
    """Return a minimum or maximum as text: numbers as they are, dates and timestamps in ISO 8601."""
    if extreme is None:
        return None
    if kind not in TEMPORAL:
        return str(extreme)
    try:
        moment = EPOCH + timedelta(microseconds=int(extreme))
    except OverflowError:
        return f"{extreme} microseconds since 1970-01-01T00:00:00Z"
    return moment.date().isoformat() if kind == "date" else moment.isoformat().replace("+00:00", "Z")


def is_finite(*extremes: float | None) -> bool:
    """Whether no extreme is NaN or infinite; NaN sorts above every number, so the maximum shows it."""
    return all(extreme is None or math.isfinite(extreme) for extreme in extremes)
