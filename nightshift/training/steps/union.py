"""Put the parts of a dataset together: where keys repeat, the later part's row counts."""

from collections.abc import Sequence

import pandas as pd

from nightshift.domain.platform.errors import BadInputError


def union(parts: Sequence[pd.DataFrame], key: Sequence[str], time_column: str) -> pd.DataFrame:
    """Concatenate parts in order of upload, keep the last row of each key, and order the rows by time, then key.

    Returns:
        One row per key, index 0..n-1.

    Raises:
        BadInputError: there is no part or no key, or a row has no time.
    """
    if not parts:
        raise BadInputError(field="parts", value=0, rule="a dataset needs at least one part")
    if not key:
        raise BadInputError(field="contract.key", value=(), rule="training needs a key to tell rows apart")
    rows = pd.concat(list(parts), ignore_index=True).drop_duplicates(subset=list(key), keep="last")
    unordered = int(rows[time_column].isna().sum())
    if unordered:
        raise BadInputError(field=time_column, value=None, rule=f"{unordered} rows have no time and cannot be ordered")
    order = [time_column, *(column for column in key if column != time_column)]
    return rows.sort_values(order, kind="stable", ignore_index=True)
