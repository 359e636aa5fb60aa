"""DuckDB prints nothing, whoever asks it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nightshift.validation.duckdb_connection import connect

ROOT = Path(__file__).resolve().parents[3]
CODE = ("activities", "agents", "evals", "local_host", "nightshift", "orchestrators")
PROGRAM = """
import time
from nightshift.validation.duckdb_connection import connect

with connect({"threads": 1}) as connection:
    rows, seconds = 1000, 0.0
    # DuckDB draws the bar after two seconds.
    while seconds < 3:
        started = time.monotonic()
        connection.execute("SELECT sum(sin(a.range * b.range)) FROM range(10000) a, range(?) b", [rows]).fetchall()
        seconds, rows = time.monotonic() - started, rows * 2
print('{"ok": true}')
"""


def test_a_long_query_draws_nothing() -> None:
    """A Python without a main file, as a worker of a test run or a notebook, is interactive to DuckDB."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == '{"ok": true}\n'


def test_settings_are_taken() -> None:
    """Those that the caller gives beside it."""
    with connect({"threads": 1}) as connection:
        asked = "SELECT current_setting('enable_progress_bar'), current_setting('threads')"
        assert connection.execute(asked).fetchone() == (False, 1)


def test_no_other_code_makes_a_connection() -> None:
    """Neither `duckdb.connect` nor the functions of the module that use a connection that nobody has set up."""
    allowed = {Path("nightshift/validation/duckdb_connection.py")}
    found = {
        file.relative_to(ROOT)
        for folder in CODE
        for file in (ROOT / folder).rglob("*.py")
        if any(_opens(ast.parse(file.read_text(encoding="utf-8"))))
    }
    assert found == allowed


def _opens(tree: ast.AST) -> Iterator[bool]:
    opening = {"connect", "sql", "query", "execute", "read_csv", "read_parquet", "from_df", "default_connection"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "duckdb":
            yield node.attr in opening
        elif isinstance(node, ast.ImportFrom) and node.module == "duckdb":
            yield any(name.name in opening for name in node.names)
