"""The dataset contract of a model, and the report of holding a file against it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.message import Message

Dtype = Literal["integer", "number", "string", "boolean", "date", "timestamp"]
Rule = Literal[
    "readable",
    "encoding",
    "format",
    "row_count",
    "columns",
    "extra_columns",
    "dtype",
    "nullable",
    "null_fraction",
    "minimum",
    "maximum",
    "allowed_values",
    "unique",
    "freshness",
    "duplicate_upload",
    "blob",
]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Column(Message):
    """What one column must hold.

    Attributes:
        nullable: whether empty values are allowed at all.
        max_null_fraction: largest share of empty values in [0, 1]; only with ``nullable: true``.
        minimum, maximum: inclusive bounds of numbers.
        allowed_values: the closed set of values, compared as text.
    """

    name: str = Field(min_length=1)
    dtype: Dtype
    nullable: bool = False
    max_null_fraction: Fraction = 1.0
    minimum: float | None = None
    maximum: float | None = None
    allowed_values: tuple[str | int | float | bool, ...] = ()

    @model_validator(mode="after")
    def _bounds_fit_the_dtype(self) -> "Column":
        if (self.minimum is not None or self.maximum is not None) and self.dtype not in {"integer", "number"}:
            msg = f"minimum and maximum need dtype integer or number, not {self.dtype}"
            raise ValueError(msg)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            msg = f"minimum {self.minimum} is above maximum {self.maximum}"
            raise ValueError(msg)
        return self


class Freshness(Message):
    """How new the newest row must be.

    Attributes:
        column: a date or timestamp column.
        max_age_days: largest age of the newest row in days at the time of the upload; None asks for no absolute age.
        max_future_days: how far the newest row may lie after the time of the upload, in days; a row from a far future
            would make every later upload look old.
        not_older_than_last: whether the newest row may not lie before the newest row of the last accepted upload.
    """

    column: str
    max_age_days: float | None = Field(default=None, gt=0)
    max_future_days: float = Field(default=1, ge=0)
    not_older_than_last: bool = True


class DataContract(Message):
    """The rules that an upload must meet before anything is trained on it.

    Attributes:
        max_null_fraction: largest share of empty cells over the whole file, in [0, 1].
        key: columns that together identify a row; must be unique.
    """

    columns: tuple[Column, ...] = Field(min_length=1)
    min_rows: int = Field(default=1, ge=1)
    max_rows: int | None = Field(default=None, ge=1)
    max_null_fraction: Fraction = 1.0
    extra_columns: Literal["forbid", "allow"] = "forbid"
    key: tuple[str, ...] = ()
    freshness: Freshness | None = None

    @model_validator(mode="after")
    def _names_exist_once(self) -> "DataContract":
        names = [column.name for column in self.columns]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            msg = f"columns named twice: {', '.join(repeated)}"
            raise ValueError(msg)
        unknown = sorted(set(self.key) - set(names))
        if unknown:
            msg = f"key names unknown columns: {', '.join(unknown)}"
            raise ValueError(msg)
        if self.freshness is not None:
            dtypes = {column.name: column.dtype for column in self.columns}
            if dtypes.get(self.freshness.column) not in {"date", "timestamp"}:
                msg = f"freshness.column {self.freshness.column!r} is not a date or timestamp column"
                raise ValueError(msg)
        return self


class Violation(Message):
    """One broken rule, with how often and where first.

    Attributes:
        column: the column concerned, or None for the whole file.
        count: number of rows (or cells) that break the rule; 1 for rules about the file.
        examples: up to five first offenders as ``row N: value`` (rows count from 1, the header not counted).
    """

    rule: Rule
    column: str | None = None
    message: str
    count: int = 1
    examples: tuple[str, ...] = ()


class ColumnProfile(Message):
    """What was seen in one column; values as text, None where not computed."""

    name: str
    null_count: int
    minimum: str | None = None
    maximum: str | None = None


class ContractReport(Message):
    """The result of holding one file against a contract: every violation at once.

    Attributes:
        newest: the newest value of the freshness column in ISO 8601, if there is one.
        engine: how the file was checked: ``footer`` (Parquet statistics), ``scan`` or ``job`` (on Databricks).
    """

    rows: int
    columns: tuple[ColumnProfile, ...] = ()
    violations: tuple[Violation, ...] = ()
    newest: str | None = None
    engine: Literal["footer", "scan", "job", "none"] = "scan"

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations


class ContractViolationError(NightshiftError, ValueError):
    """No upload of a run meets the contract of its model; ``rules`` names the rules that are broken."""

    code = "contract_violation"

    def __init__(self, message: str, rules: Sequence[str]) -> None:
        super().__init__(message, rules=", ".join(rules))
