"""Write the benchmark's Parquet file, 5,000,000 rows x 20 columns (about 320 MB), unless it is there: seeded."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validation.rules import FLOATS, INTEGERS, ROWS, SEED, STRINGS


def make_data(path: Path, rows: int) -> None:
    """Write the file under another name first, so that a broken run leaves no half file."""
    from nightshift.validation.duckdb_connection import connect

    def draw(number: int) -> str:
        return f"hash(range * 1009 + {SEED * 100_000 + number})"

    columns = [
        "range AS row_id",
        "TIMESTAMP '2020-01-01' + INTERVAL 1 SECOND * range AS read_at",
        "DATE '2020-01-01' + CAST(range // 86400 AS INTEGER) AS read_on",
        f"{draw(0)} % 2 = 0 AS is_valid",
    ]
    for index, name in enumerate(FLOATS):
        value = f"CAST(({draw(10 + index)} % 1000003) / 1000.0 AS DOUBLE)"
        columns.append(f"CASE WHEN {draw(30 + index)} % 100 >= 2 THEN {value} END AS {name}")
    for index, name in enumerate(INTEGERS):
        value = f"CAST({draw(50 + index)} % 10000 AS BIGINT)"
        columns.append(f"CASE WHEN {draw(70 + index)} % 100 >= 1 THEN {value} END AS {name}")
    columns += [f"'category ' || ({draw(90 + index)} % 50) AS {name}" for index, name in enumerate(STRINGS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with connect() as connection:
        connection.execute(f"COPY (SELECT {', '.join(columns)} FROM range({rows})) TO '{unfinished}' (FORMAT parquet)")
    unfinished.replace(path)


def main() -> None:
    """Write the file if need be and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the file to write")
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    if not given.data.exists():
        make_data(given.data, given.rows)
    print(given.data)


if __name__ == "__main__":
    main()
