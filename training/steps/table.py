"""Read one file of a dataset into a table with the dtypes of the contract."""

from pathlib import Path
from typing import Any, Literal

import pandas as pd

from domain.contract import Column, DataContract, Dtype
from domain.errors import BadInputError

_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_CSV_DTYPES: dict[Dtype, str] = {
    "integer": "Int64",
    "number": "float64",
    "string": "str",
    "boolean": "str",
    "date": "str",
    "timestamp": "str",
}


def read_table(
    path: Path, file_format: Literal["csv", "parquet"], contract: DataContract, *, name: str
) -> pd.DataFrame:
    """Read the contract's columns of a file; further columns are left out.

    Args:
        name: what the file is called in errors, such as its blob name.

    Returns:
        Columns in the contract's order: integer as Int64, number as float64, string as str, boolean as boolean,
        date and timestamp as naive UTC datetime64 (a value with an offset is converted, one without is taken as UTC).

    Raises:
        BadInputError: a column is missing, or a value is not of its column's dtype.
    """
    names = [column.name for column in contract.columns]
    try:
        present = _csv_header(path) if file_format == "csv" else _parquet_header(path)
        _require(names, present, name)
        if file_format == "csv":
            raw = pd.read_csv(
                path,
                usecols=names,
                dtype={column.name: _CSV_DTYPES[column.dtype] for column in contract.columns},
                keep_default_na=False,
                na_values=[""],
                encoding="utf-8-sig",
            )
        else:
            raw = pd.read_parquet(path, columns=names)
        return pd.DataFrame({column.name: _convert(raw[column.name], column) for column in contract.columns})
    except BadInputError:
        raise
    except (ValueError, TypeError, OSError) as error:
        raise BadInputError(field="part", value=name, rule=f"not readable as {file_format}: {error}") from error


def _csv_header(path: Path) -> list[str]:
    return [str(name) for name in pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns]


def _parquet_header(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    return [str(name) for name in pq.read_schema(path).names]


def _require(names: list[str], present: list[str], name: str) -> None:
    missing = [column for column in names if column not in present]
    if missing:
        raise BadInputError(
            field="columns",
            value=", ".join(present),
            rule=f"the contract's {', '.join(missing)} must be there",
            where=name,
        )


def _convert(values: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    match column.dtype:
        case "integer":
            return values.astype("Int64")
        case "number":
            return values.astype("float64")
        case "string":
            return values.astype("str")
        case "boolean":
            return _booleans(values, column.name)
        case "date" | "timestamp":
            text_or_time = values if pd.api.types.is_datetime64_any_dtype(values) else values.astype("str")
            times = pd.to_datetime(text_or_time, format="ISO8601", utc=True)
            return times.dt.tz_localize(None).astype("datetime64[us]")


def _booleans(values: "pd.Series[Any]", name: str) -> "pd.Series[Any]":
    if pd.api.types.is_bool_dtype(values):
        return values.astype("boolean")
    known = values.dropna().astype("str").str.strip().str.lower()
    wrong = known[~known.isin(_TRUE | _FALSE)]
    if len(wrong):
        raise BadInputError(field=name, value=wrong.iloc[0], rule="must be a boolean such as true or false")
    return known.isin(_TRUE).reindex(values.index).astype("boolean")
