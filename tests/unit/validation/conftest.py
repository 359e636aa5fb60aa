"""Files of known content, and the check of one file at a fixed time."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nightshift.domain.uploads.contract import ContractReport, DataContract
from nightshift.validation.check import check_file

UPLOADED_AT = datetime(2012, 6, 3, tzinfo=UTC)

CheckCsv = Callable[..., ContractReport]
CheckParquet = Callable[..., ContractReport]


@pytest.fixture
def check_csv(tmp_path: Path) -> CheckCsv:
    """Write text or bytes as a CSV file and check it."""

    def check(content: str | bytes, contract: DataContract, **options: Any) -> ContractReport:
        path = tmp_path / "upload.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return check_file(path, "csv", contract, uploaded_at=UPLOADED_AT, **options)

    return check


@pytest.fixture
def write_parquet(tmp_path: Path) -> Callable[..., Path]:
    """Write the rows of an SQL query as a Parquet file."""

    def write(query: str, options: str = "", name: str = "upload.parquet") -> Path:
        path = tmp_path / name
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet{options})")
        return path

    return write


@pytest.fixture
def check_parquet(write_parquet: Callable[..., Path]) -> CheckParquet:
    """Write the rows of an SQL query as a Parquet file and check it."""

    def check(query: str, contract: DataContract, options: str = "", **arguments: Any) -> ContractReport:
        return check_file(write_parquet(query, options), "parquet", contract, uploaded_at=UPLOADED_AT, **arguments)

    return check


@pytest.fixture
def check_parquet_bytes(tmp_path: Path) -> CheckParquet:
    """Write bytes as a Parquet file and check it."""

    def check(content: bytes, contract: DataContract, **options: Any) -> ContractReport:
        path = tmp_path / "bytes.parquet"
        path.write_bytes(content)
        return check_file(path, "parquet", contract, uploaded_at=UPLOADED_AT, **options)

    return check
