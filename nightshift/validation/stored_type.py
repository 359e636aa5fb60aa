"""Which stored types conform to a dtype, and how CSV text is read as one.

| dtype     | CSV text                                             | Parquet type                        |
|-----------|------------------------------------------------------|-------------------------------------|
| integer   | an optional sign and digits, within signed 64 bits   | any integer, within signed 64 bits  |
| number    | a decimal, with or without exponent; finite          | any integer, DECIMAL, FLOAT, DOUBLE |
| string    | anything                                             | UTF8 text (dictionary or not)       |
| boolean   | true, false, 1, 0 (any case)                         | BOOLEAN                             |
| date      | ISO 8601 ``2012-06-30``                              | DATE                                |
| timestamp | ISO 8601 ``2012-06-30T23:00:00Z``                    | TIMESTAMP of any unit or zone       |

A timestamp may have a space for the T; without an offset it is UTC; a date alone is its midnight.
24:00 is the midnight that follows.
A Parquet column that Arrow's schema calls a duration or an extension type is no integer (see ``arrow_schema``).
A Parquet column of the null type (how an all-empty column is written) conforms to every dtype.
"""

from typing import Literal

from nightshift.domain.uploads.contract import Dtype

Kind = Literal["integer", "decimal", "single", "double", "string", "boolean", "date", "timestamp", "empty"]

LARGEST_INTEGER = 2**63 - 1

RULE_OF_DTYPE: dict[Dtype, str] = {
    "integer": "a whole number within signed 64 bits",
    "number": "a finite number",
    "string": "text",
    "boolean": "true, false, 1 or 0",
    "date": "an ISO 8601 date such as 2012-06-30",
    "timestamp": "an ISO 8601 timestamp such as 2012-06-30T23:00:00Z",
}
_KIND_OF_CSV: dict[Dtype, Kind] = {
    "integer": "integer",
    "number": "double",
    "string": "string",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_KINDS_OF_DTYPE: dict[Dtype, frozenset[Kind]] = {
    "integer": frozenset({"integer"}),
    "number": frozenset({"integer", "decimal", "single", "double"}),
    "string": frozenset({"string"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "timestamp": frozenset({"timestamp"}),
}
_INTEGERS = frozenset(
    sign + size for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
_KIND_OF_STORED: dict[str, Kind] = {
    "FLOAT": "single",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DATE": "date",
    '"NULL"': "empty",
}
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
# The end of a day may be 24:00; an offset is less than a day. The engine alone would take +99:99 for an offset.
_CLOCK = "(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?|24:00(:00([.]0{1,9})?)?)"
_OFFSET = "(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_SHAPES: dict[Kind, tuple[str, str]] = {
    # DuckDB's own casts are laxer (1.5 becomes the integer 2, 2012/6/1 a date), so the shape is checked first.
    "integer": ("[+-]?[0-9]+", "TRY_CAST({cell} AS BIGINT)"),
    "double": (r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?", "TRY_CAST({cell} AS DOUBLE)"),
    "boolean": ("(?i)(true|false|1|0)", "TRY_CAST({cell} AS BOOLEAN)"),
    "date": (_DAY, "TRY_CAST({cell} AS DATE)"),
    # Only TIMESTAMPTZ applies an offset; the session's zone is UTC.
    "timestamp": (
        f"{_DAY}([T ]{_CLOCK}{_OFFSET}?)?",
        "CAST(TRY_CAST({cell} AS TIMESTAMPTZ) AS TIMESTAMP)",
    ),
}


def is_integer(stored: str) -> bool:
    """Whether a stored type (DuckDB's name) is an integer."""
    return stored in _INTEGERS


def kind_of_csv(dtype: Dtype) -> Kind:
    """Return the kind that CSV text of this dtype is read as."""
    return _KIND_OF_CSV[dtype]


def typed_csv_cell(kind: Kind, cell: str) -> str:
    """Return SQL for the typed value of a text cell: NULL where it is empty or not of that kind."""
    if kind == "string":
        return f"nullif({cell}, '')"
    shape, cast = _SHAPES[kind]
    return f"CASE WHEN regexp_full_match({cell}, '{shape}') THEN {cast.format(cell=cell)} END"


def typed_parquet_cell(stored: str, cell: str) -> str:
    """Return SQL for the value of a stored cell as it is judged and read.

    The engine casts nanoseconds with a zone to no timestamp but one with a zone.
    """
    return f"CAST({cell} AS TIMESTAMPTZ)" if stored == "TIMESTAMPTZ_NS" else cell


def kind_of_parquet(dtype: Dtype, stored: str) -> Kind | None:
    """Return the kind of a Parquet column, or None if its type (DuckDB's name) does not conform to the dtype."""
    kind = _KIND_OF_STORED.get(stored)
    if kind is None and is_integer(stored):
        kind = "integer"
    elif kind is None and stored.startswith("DECIMAL(") and stored.endswith(")"):
        kind = "decimal"
    elif kind is None and stored.startswith("TIMESTAMP") and not stored.endswith("]"):
        kind = "timestamp"
    elif kind is None and stored.startswith("ENUM(") and stored.endswith(")"):
        kind = "string"
    return kind if kind == "empty" or kind in _KINDS_OF_DTYPE[dtype] else None
