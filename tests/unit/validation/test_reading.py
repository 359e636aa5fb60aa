"""A CSV file that is accepted was read as the standard library reads it, cell by cell."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.domain.uploads.contract import Column, DataContract
from nightshift.validation.engine import open_engine
from nightshift.validation.reading import read_csv_file
from nightshift.validation.unreadable import UnreadableFileError

PIECES = st.sampled_from(["a", "1", "é", " ", "'", "\\", "#", '"', '""', ",", "\n", "\r\n", "\r", '"x"', '","', '"\n"'])


def rows_of(text: str) -> list[list[str]] | None:
    """Return the rows below the header as the standard library reads them; None if it refuses."""
    try:
        return [row for row in list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:] if row]
    except csv.Error:
        return None


@settings(max_examples=250, deadline=None)
@given(pieces=st.lists(PIECES, max_size=30), width=st.integers(1, 3), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_accepted_means_read_right(pieces: list[str], width: int, end: str) -> None:
    """Whatever quotes, line ends and commas: either something is reported, or every cell is right."""
    names = [f"h{index}" for index in range(width)]
    text = ",".join(names) + end + "".join(pieces)
    contract = DataContract(columns=tuple(Column(name=name, dtype="string", nullable=True) for name in names))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload.csv"
        path.write_bytes(text.encode())
        with open_engine(path, "csv", memory_limit_megabytes=64, threads=2, spill_directory=None) as engine:
            try:
                reading = read_csv_file(engine, path, contract)
            except UnreadableFileError:
                return
            if reading.violations:
                return
            cells = [list(row)[:width] for row in engine.rows(f"SELECT * FROM {reading.table.source}")]
    assert cells == rows_of(text)
    assert reading.rows == len(cells)
    assert [reading.facts[index].nulls for index in range(width)] == [
        sum(not row[index] for row in cells) for index in range(width)
    ]
