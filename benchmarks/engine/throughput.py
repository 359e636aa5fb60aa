"""Chains of five activities per second, 200 started at once, durable on disk."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.engine.chain import arguments, make_engine, report, run_many


async def measure(workflows: int) -> float:
    """Workflows per second on a new database, after a short warm-up."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(Path(folder) / "hub.db")
        await engine.start()
        await run_many(engine, 5)
        began = time.perf_counter()
        await run_many(engine, workflows)
        elapsed = time.perf_counter() - began
        await engine.stop()
        return workflows / elapsed


def main() -> None:
    """Prints the median."""
    given = arguments(__doc__, workflows=200, runs=5)
    values = [asyncio.run(measure(given.workflows)) for _ in range(given.runs)]
    measurement = {
        "name": "engine_throughput",
        "value": round(statistics.median(values), 1),
        "unit": "workflows/s",
        "runs": given.runs,
        "note": f"{given.workflows} at once, SQLite WAL + synchronous FULL, group commit",
    }
    report([measurement], given.json)


if __name__ == "__main__":
    main()
