"""One check in a fresh process per run: median seconds and largest peak memory.

Standard library only, because the peers' environments hold nothing else of ours.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Check = Callable[[Path], str]


def main(name: str, load: Callable[[], Check]) -> None:
    """Measure the check that ``load`` imports and returns; its result is the note of the measurement.

    ``load`` is timed apart, because a worker that runs for days imports once.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the file that make_data.py wrote")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of lines")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        began = time.perf_counter()
        check = load()
        loaded = time.perf_counter()
        note = check(given.data)
        ended = time.perf_counter()
        print(json.dumps([ended - loaded, loaded - began, peak_megabytes(), note]))
        return
    command = [sys.executable, sys.argv[0], "--data", str(given.data), "--once"]
    results = []
    for _ in range(given.runs + 1):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout))
    warm = results[1:]  # the first run may have read the file from disk and compiled bytecode
    note = warm[0][3]
    rows = [
        (f"{name}_seconds", round(statistics.median(item[0] for item in warm), 4), "s", note),
        (f"{name}_import", round(statistics.median(item[1] for item in warm), 3), "s", "imports, before the check"),
        (
            f"{name}_memory",
            round(max(item[2] for item in warm)),
            "MB",
            "peak of the whole process, largest of all runs",
        ),
    ]
    found = [
        {"name": label, "value": value, "unit": unit, "runs": given.runs, "note": text}
        for label, value, unit, text in rows
    ]
    if given.json:
        print(json.dumps(found))
        return
    for row in found:
        print(f"{row['name']}: {row['value']} {row['unit']} ({row['note']})")


def peak_megabytes() -> float:
    """Return the peak resident memory of this process.

    On Linux not from getrusage, whose figure begins with the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        match = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        assert match is not None
        return int(match[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
