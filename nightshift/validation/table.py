"""A file as the engine sees it: columns by position, so that no name of the file ever becomes SQL."""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from collections.abc import Sequence
from dataclasses import dataclass

from nightshift.domain.uploads.contract import Column
from nightshift.validation.stored_type import Kind, typed_csv_cell, typed_parquet_cell


@dataclass(frozen=True)
class BoundColumn:
    """A column of the file, tied to its rule.

    Attributes:
        rule: what the contract asks of it; None for an extra column, of which only the empty cells are counted.
        stored: the stored type, as the engine calls it.
        kind: what its values are read as; None where the stored type does not conform to the rule's dtype.
    """

    name: str
    position: int
    rule: Column | None
    stored: str
    kind: Kind | None

    @property
    def raw(self) -> str:
        """SQL name of the cell as stored, NULL where it is empty."""
        return f"r{self.position}"

    @property
    def value(self) -> str:
        """SQL name of the typed value, NULL where the cell is empty or ill-typed."""
        return f"v{self.position}"


@dataclass(frozen=True)
class Table:
    """A file that can be queried.

    Attributes:
        names: column names as the file gives them, in its order.
        types: stored types in the same order.
        source: SQL of the table function, its columns named c0, c1, ...
        row_number: SQL that numbers the rows of ``source`` from 1.
        is_text: whether cells are text (CSV): an empty text is then an empty cell, and text can be ill-typed.
        is_short, is_long: SQL conditions that a row has fewer or more cells than the header.
        cell_count: SQL of the number of cells of a short row.
        skip_malformed: whether short and long rows are left out.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    source: str
    row_number: str
    is_text: bool
    is_short: str = "false"
    is_long: str = "false"
    cell_count: str = "NULL"
    skip_malformed: bool = False

    def select(self, columns: Sequence[BoundColumn], *, numbered: bool = False, counted: bool = False) -> str:
        """Return SQL of a sub-select with ``r`` and ``v`` of each column, ``is_short`` and ``is_long``.

        Args:
            numbered: with ``row``, the row's number.
            counted: with ``cell_count``; an expression over every column, so only where it is shown.
        """
        inner = [f"{self.is_short} AS is_short", f"{self.is_long} AS is_long"]
        outer = ["is_short", "is_long"]
        if numbered:
            inner.append(f'{self.row_number} AS "row"')
            outer.append('"row"')
        if counted:
            inner.append(f"{self.cell_count} AS cell_count")
            outer.append("cell_count")
        for column in columns:
            cell = f"c{column.position}"
            inner.append(cell)
            raw = f"nullif({cell}, '')" if self.is_text else cell
            outer.append(f"{raw} AS {column.raw}")
            if column.kind is None:
                outer.append(f"NULL AS {column.value}")
            elif self.is_text:
                outer.append(f"{typed_csv_cell(column.kind, cell)} AS {column.value}")
            else:
                outer.append(f"{typed_parquet_cell(column.stored, cell)} AS {column.value}")
        # Rows are numbered before any is left out.
        where = " WHERE NOT (is_short OR is_long)" if self.skip_malformed else ""
        return f"(SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {self.source}){where})"
