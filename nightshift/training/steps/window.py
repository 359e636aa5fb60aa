"""The newest days of the training rows."""

import pandas as pd

from nightshift.domain.platform.errors import BadInputError


def newest_days(rows: pd.DataFrame, time_column: str, days: int, min_rows: int) -> pd.DataFrame:
    """Rows younger than ``days`` days, counted back from the newest one.

    Raises:
        BadInputError: fewer than ``min_rows`` would be left.
    """
    times = rows[time_column]
    kept: pd.DataFrame = rows.loc[times > times.max() - pd.Timedelta(days=days)]
    if len(kept) < min_rows:
        raise BadInputError(
            field="plan.action.days",
            value=days,
            rule=f"leaves {len(kept)} of {len(rows)} training rows; at least {min_rows} are needed",
        )
    return kept
