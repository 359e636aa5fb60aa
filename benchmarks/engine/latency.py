"""One chain of five activities alone: from the start request to its observed completion."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.engine.chain import arguments, make_engine, report, run_many, run_one


async def measure(workflows: int) -> list[float]:
    """Milliseconds of each of these workflows, one after another, on a new database."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(Path(folder) / "hub.db")
        await engine.start()
        await run_many(engine, 5)
        times = []
        for _ in range(workflows):
            began = time.perf_counter()
            await run_one(engine)
            times.append((time.perf_counter() - began) * 1000)
        await engine.stop()
        return times


def main() -> None:
    """Prints the median of the runs' medians, and of their 95th percentiles."""
    given = arguments(__doc__, workflows=50, runs=5)
    runs = [asyncio.run(measure(given.workflows)) for _ in range(given.runs)]
    note = f"{given.workflows} one after another, six commits each, synchronous FULL"
    report(
        [
            {
                "name": name,
                "value": round(statistics.median(statistics.quantiles(times, n=100)[rank - 1] for times in runs), 2),
                "unit": "ms",
                "runs": given.runs,
                "note": note,
            }
            for name, rank in (("engine_latency", 50), ("engine_latency_p95", 95))
        ],
        given.json,
    )


if __name__ == "__main__":
    main()
