"""Files that are no Parquet, broken Parquet, and Parquet with awkward schemas."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from domain.contract import Column, ContractReport, DataContract
from validation.check import check_file
from validation.parquet_table import top_level

Check = Callable[..., ContractReport]
Write = Callable[..., Path]
CONTRACT = DataContract(
    columns=(Column(name="x", dtype="integer", allowed_values=tuple(range(1000))), Column(name="y", dtype="integer"))
)
QUERY = "SELECT range AS x, hash(range) % 1000 AS y FROM range(1000)"


@pytest.fixture
def check_bytes(tmp_path: Path) -> Callable[[bytes], ContractReport]:
    """Write bytes as a Parquet file and check it."""

    def check(content: bytes) -> ContractReport:
        from tests.unit.validation.conftest import UPLOADED_AT  # noqa: PLC0415

        path = tmp_path / "upload.parquet"
        path.write_bytes(content)
        return check_file(path, "parquet", CONTRACT, uploaded_at=UPLOADED_AT)

    return check
