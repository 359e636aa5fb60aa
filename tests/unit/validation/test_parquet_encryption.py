"""Encrypted columns under a readable footer."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.domain.uploads.contract import Column, DataContract
from nightshift.validation.check import check_file
from nightshift.validation.parquet_encryption import has_encrypted_columns

CASES = Path(__file__).parents[2] / "data" / "cases" / "files"


def test_encrypted_columns_are_called_encrypted() -> None:
    """Whatever the engine says of the bytes."""
    contract = DataContract(columns=(Column(name="ts", dtype="timestamp"),))
    path = CASES / "p60_encrypted_plaintext_footer.parquet"
    (violation,) = check_file(path, "parquet", contract, uploaded_at=datetime(2026, 1, 1, tzinfo=UTC)).violations
    assert "is encrypted" in violation.message


def test_a_plain_file_is_not(tmp_path: Path) -> None:
    """Many columns and row groups, whose footer is walked over to its end."""
    table = pa.table({f"c{index}": ["a", None, "b"] for index in range(40)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    assert not has_encrypted_columns(tmp_path / "a.parquet")


@pytest.mark.parametrize("name", ["p40_truncated_tail", "p42_ascii_mode_crlf", "p44_footer_len_huge"])
def test_a_damaged_footer_is_damaged_not_encrypted(name: str) -> None:
    """It ends, and says no."""
    assert not has_encrypted_columns(CASES / f"{name}.parquet")


def test_a_footer_of_any_bytes_is_walked_to_an_end(tmp_path: Path) -> None:
    """No length in it is believed beyond the footer's own."""
    whole = (CASES / "p60_encrypted_plaintext_footer.parquet").read_bytes()
    for place in range(len(whole) - 400, len(whole) - 8, 7):
        damaged = whole[:place] + b"\xff\xff\xff" + whole[place + 3 :]
        (tmp_path / "a.parquet").write_bytes(damaged)
        assert has_encrypted_columns(tmp_path / "a.parquet") in {True, False}
