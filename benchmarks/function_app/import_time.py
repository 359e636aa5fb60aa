"""What importing the deployed app costs in a fresh process, beside the Azure SDKs that it needs."""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = "import function_app"
FLOOR = "import azure.functions, azure.durable_functions"
_PROBE = """
import resource, sys, time
began = time.perf_counter()
{imports}
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
heavy = [name for name in ("mlflow", "pandas", "databricks", "duckdb", "numpy") if name in sys.modules]
print(seconds, peak / (1024 * 1024 if sys.platform == "darwin" else 1024), ",".join(heavy) or "none")
"""


def measure(imports: str, runs: int) -> tuple[float, float, str]:
    """Median seconds, median peak memory in MB, and the heavy packages that were imported."""
    results = []
    for _ in range(runs + 1):
        command = [sys.executable, "-c", _PROBE.format(imports=imports)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        results.append(done.stdout.split())
    warm = results[1:]  # the first one may have compiled bytecode
    seconds = statistics.median(float(item[0]) for item in warm)
    return seconds, statistics.median(float(item[1]) for item in warm), warm[0][2]


def main() -> None:
    """Print the measurements as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    runs = parser.parse_args().runs
    seconds, memory, heavy = measure(OURS, runs)
    floor_seconds, floor_memory, _ = measure(FLOOR, runs)
    note = f"fresh process; heavy packages imported: {heavy}"
    floor_note = "azure.functions and azure.durable_functions alone"
    rows = [
        ("function_app_import", seconds * 1000, "ms", note),
        ("function_app_memory", memory, "MB", note),
        ("azure_sdk_import", floor_seconds * 1000, "ms", floor_note),
        ("azure_sdk_memory", floor_memory, "MB", floor_note),
    ]
    print(
        json.dumps(
            [
                {"name": name, "value": round(value, 1), "unit": unit, "runs": runs, "note": note}
                for name, value, unit, note in rows
            ]
        )
    )


if __name__ == "__main__":
    main()
