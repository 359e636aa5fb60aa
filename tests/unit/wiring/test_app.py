"""The deployed app: light to import, every function once."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("mlflow", "pandas", "databricks", "duckdb", "numpy", "azure.identity", "azure.storage", "azure.data")
_PROBE = f"""
import json, sys
import function_app
names = [function.get_function_name() for function in function_app.app.get_functions()]
print(json.dumps({{"names": names, "heavy": [name for name in {HEAVY!r} if name in sys.modules]}}))
"""


def test_importing_and_indexing_the_app_imports_nothing_heavy() -> None:
    """Neither mlflow, pandas and databricks nor a storage client is loaded before a call needs it."""
    done = subprocess.run([sys.executable, "-c", _PROBE], cwd=ROOT, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["heavy"] == []
    assert len(found["names"]) == len(set(found["names"]))
    assert {"lifecycle", "model_queue", "on_blob_created", "decide_action"} <= set(found["names"])
