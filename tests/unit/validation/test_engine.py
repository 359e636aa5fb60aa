"""The engine sees one file and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from nightshift.validation.engine import Engine, open_engine, quote_text


@pytest.fixture
def spill(tmp_path: Path) -> Path:
    """Return an empty folder for the engine."""
    folder = tmp_path / "spill"
    folder.mkdir()
    return folder


@pytest.fixture
def engine(tmp_path: Path, spill: Path) -> Iterator[Engine]:
    """Open an engine on a small CSV file."""
    path = tmp_path / "it's.csv"
    path.write_text("x\n1\n")
    with open_engine(path, "csv", memory_limit_megabytes=64, threads=1, spill_directory=spill) as opened:
        yield opened


def test_reads_its_file(engine: Engine) -> None:
    """The one file can be read."""
    assert engine.row(f"SELECT count(*) FROM read_csv({engine.source}, header = true)") == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '/tmp/stolen.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '64GB'",
        "SET enable_external_access = true",
        "ATTACH '/tmp/other.db'",
    ],
)
def test_nothing_else(engine: Engine, statement: str) -> None:
    """No other file, no extension, no setting, even if SQL were smuggled in."""
    with pytest.raises(duckdb.Error):
        engine.rows(statement)


def test_reason_hides_paths(engine: Engine, tmp_path: Path) -> None:
    """What a message says holds for any machine."""
    with pytest.raises(duckdb.Error) as caught:
        engine.rows(f"SELECT * FROM read_parquet({engine.source})")
    assert str(tmp_path) in str(caught.value)
    assert str(tmp_path) not in engine.reason(caught.value)
    assert "the file" in engine.reason(caught.value)


def test_folder_goes_with_the_engine(tmp_path: Path, spill: Path) -> None:
    """Also after a failure nothing is left."""
    path = tmp_path / "upload.csv"
    path.write_text("x\n")
    with (
        pytest.raises(duckdb.Error),
        open_engine(path, "csv", memory_limit_megabytes=64, threads=1, spill_directory=spill) as engine,
    ):
        engine.row(f"SELECT {len(list(spill.iterdir()))} AS folders, no_such_column")
    assert list(spill.iterdir()) == []


def test_quote_text() -> None:
    """Quotes are doubled."""
    assert quote_text("it's") == "'it''s'"
