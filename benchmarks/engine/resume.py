"""Resume after kill -9: how long until a new engine is ready, and until the interrupted instances go on.

A child process is killed while every instance is in its third activity; another is started on its database. Times
are of the clock that both processes share.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.engine.chain import arguments, increment, make_engine, report
from local_host.watchdog import children_ended


async def child(folder: Path, instances: int, released: bool) -> None:
    """Runs held instances until killed, or resumes them; notes the times in the folder."""
    under_way, went_on, never = 0, list[float](), asyncio.Event()

    async def held(value: str | None) -> str | None:
        nonlocal under_way
        under_way += 1
        went_on.append(time.time())
        if under_way == instances and not released:
            (folder / "held").touch()
        if not released:
            await never.wait()
        return await increment(value)

    engine = make_engine(folder / "hub.db", held, activities_at_once=instances)
    began = time.time()
    await engine.start()
    ready = time.time()
    ids = [f"chain-{index}" for index in range(instances)]
    if not released:
        await asyncio.gather(*(engine.start_instance("chain", instance_id=instance_id) for instance_id in ids))
    await asyncio.gather(*(engine.wait_for_completion(instance_id) for instance_id in ids))
    done = time.time()
    await engine.stop()
    times = {"ready": ready - began, "first": went_on[0] - ready, "all": done - ready}
    (folder / "times.json").write_text(json.dumps(times))


def measure(instances: int) -> dict[str, float]:
    """Seconds to ready, from ready to the first instance going on, and from ready to all being complete."""
    with children_ended(), tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "child", folder, str(instances)]
        with subprocess.Popen([*command, "hold"]) as first:
            deadline = time.monotonic() + 60
            while not (Path(folder) / "held").exists():
                if first.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the instances did not get under way")
                time.sleep(0.005)
            os.kill(first.pid, signal.SIGKILL)
        subprocess.run([*command, "release"], check=True, timeout=60)
        times: dict[str, float] = json.loads((Path(folder) / "times.json").read_text())
        return times


def main() -> None:
    """Prints the medians."""
    if len(sys.argv) > 1 and sys.argv[1] == "child":
        asyncio.run(child(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "release"))
        return
    given = arguments(__doc__, instances=50, runs=5)
    runs = [measure(given.instances) for _ in range(given.runs)]
    notes = {
        "ready": "from opening the database to ready",
        "first": "from ready to the first interrupted activity running (below zero: it ran before)",
        "all": "from ready to all of them completed",
    }
    report(
        [
            {
                "name": f"engine_resume_{key}" if key != "first" else "engine_resume",
                "value": round(statistics.median(times[key] for times in runs), 4),
                "unit": "s",
                "runs": given.runs,
                "note": f"{given.instances} instances killed in an activity; {note}",
            }
            for key, note in notes.items()
        ],
        given.json,
    )


if __name__ == "__main__":
    main()
