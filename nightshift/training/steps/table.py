"""Read one file of a dataset into a table with the dtypes of the contract."""

import os
from pathlib import Path
from typing import Literal

import pandas as pd

from nightshift.domain.uploads.contract import DataContract, Dtype
from nightshift.validation.rows import read_rows

# The job's cluster has room that the function app has not.
MEMORY_LIMIT_MEGABYTES = 4096
_DTYPES: dict[Dtype, str] = {
    "integer": "Int64",
    "number": "float64",
    "string": "str",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "timestamp": "datetime64[us]",
}


def read_table(
    path: Path, file_format: Literal["csv", "parquet"], contract: DataContract, *, name: str
) -> pd.DataFrame:
    """Read the contract's columns of a file with the reader that has validated it; further columns are left out.

    Args:
        name: what the file is called in errors, such as its blob name.

    Returns:
        Columns in the contract's order: integer as Int64, number as float64, string as str, boolean as boolean,
        date and timestamp as naive UTC datetime64 (a value with an offset is converted, one without is taken as UTC).

    Raises:
        BadInputError: a column is missing, or a value is not of its column's dtype.
    """
    rows = read_rows(
        path,
        file_format,
        contract,
        name=name,
        memory_limit_megabytes=MEMORY_LIMIT_MEGABYTES,
        threads=os.cpu_count() or 2,
    )
    # Extension types at once: a nullable integer must not pass through float64, which has 53 bits.
    by_arrow_type = {
        "int64": pd.Int64Dtype(),
        "bool": pd.BooleanDtype(),
        "string": pd.StringDtype(na_value=float("nan")),
    }
    table: pd.DataFrame = rows.to_pandas(types_mapper=lambda kind: by_arrow_type.get(str(kind)), date_as_object=False)
    return table.astype({column.name: _DTYPES[column.dtype] for column in contract.columns})
