"""Memory stays under the cap for files larger than it, in a process of their own."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

LIMIT_MEGABYTES = 64
# The interpreter with duckdb and pydantic loaded takes about 85 MB; the rest is the allocator's slack.
CAP_MEGABYTES = 200
ROWS = 1_500_000
COLUMNS = [f"f{index}" for index in range(10)]
PROGRAM = """
import json, re, sys
from datetime import UTC, datetime
from pathlib import Path
from nightshift.domain.uploads.contract import Column, DataContract
from nightshift.validation.check import check_file

path, file_format, limit, *names = sys.argv[1:]
contract = DataContract(
    columns=(
        Column(name="id", dtype="integer"),
        *(Column(name=name, dtype="number", nullable=True, minimum=0) for name in names),
    ),
    key=("id",),
)
report = check_file(
    Path(path), file_format, contract, uploaded_at=datetime.now(UTC), memory_limit_megabytes=int(limit),
    use_statistics=False,
)
# Not getrusage: its ru_maxrss begins with the peak of the process that started this one.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
print(json.dumps({"rows": report.rows, "violations": [item.rule for item in report.violations], "peak": peak}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_peak_memory_of_a_large_file(tmp_path: Path, file_format: str) -> None:
    """A file well over the limit, with 1,500,000 distinct keys: checked whole, in bounded memory, leaving no file."""
    path = tmp_path / f"upload.{file_format}"
    values = ", ".join(f"((range * {7 + index}) % 99991) / 1000.0 AS {name}" for index, name in enumerate(COLUMNS))
    compression = ", COMPRESSION uncompressed" if file_format == "parquet" else ""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            f"COPY (SELECT range AS id, {values} FROM range({ROWS})) TO '{path}' (FORMAT {file_format}{compression})"
        )
    spill = tmp_path / "spill"
    spill.mkdir()
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), file_format, str(LIMIT_MEGABYTES), *COLUMNS],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={"TMPDIR": str(spill)},
    )
    result = json.loads(finished.stdout)
    assert (result["rows"], result["violations"]) == (ROWS, [])
    assert result["peak"] < CAP_MEGABYTES
    assert list(spill.iterdir()) == []
