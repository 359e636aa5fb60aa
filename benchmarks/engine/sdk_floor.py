"""The official executor alone, in memory, on the histories of one chain: what any host of the SDK has to spend.

`engine_floor_document` gives each turn the JSON document of the out-of-proc protocol, as the Azure host does;
`engine_floor_events` gives it ready-made events, as local_host does. Engine throughput against the second is the
share that is the engine's own.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import azure.durable_functions as df

from benchmarks.engine.chain import arguments, chain, make_engine, report, run_many
from local_host.durable.history import ParsedEvent
from local_host.durable.instance import Instance
from local_host.durable.replay import Replayer, invocation_fields
from local_host.durable.schema import open_writer
from local_host.durable.store import Store


async def recorded(folder: Path) -> tuple[Instance, list[list[dict[str, Any]]]]:
    """A completed chain and its episodes, from a real run."""
    engine = make_engine(folder / "hub.db")
    await engine.start()
    await run_many(engine, 1)
    await engine.stop()
    store = Store(open_writer(folder / "hub.db"))
    (instance_id,) = store.connection.execute("SELECT instance_id FROM instances").fetchone()
    instance = store.load(instance_id)
    episodes = store.episodes(instance_id)
    store.close()
    if instance is None:
        raise RuntimeError("the recorded instance is gone")
    return instance, episodes


def by_document(instance: Instance, episodes: list[list[dict[str, Any]]]) -> None:
    """All turns of one chain by the official handle."""
    handle = df.Orchestrator.create(chain)
    for turn in range(1, len(episodes) + 1):
        history = [{**record, "IsPlayed": index < turn - 1} for index in range(turn) for record in episodes[index]]
        handle(json.dumps({**invocation_fields(instance), "history": history}))


def by_events(replayer: Replayer, handle: Callable[..., str], instance: Instance, episodes: list[list[Any]]) -> None:
    """All turns of one chain, each event made once."""
    events: list[ParsedEvent] = []
    for episode in episodes:
        events.extend(ParsedEvent(record, played=False) for record in episode)
        replayer.run(handle, invocation_fields(instance), events)


def rate(run: Callable[[], None], workflows: int) -> float:
    """Workflows per second."""
    run()
    began = time.perf_counter()
    for _ in range(workflows):
        run()
    return workflows / (time.perf_counter() - began)


def main() -> None:
    """Prints the medians."""
    given = arguments(__doc__, workflows=100, runs=5)
    with tempfile.TemporaryDirectory() as folder:
        instance, episodes = asyncio.run(recorded(Path(folder)))
    replayer, handle = Replayer(), df.Orchestrator.create(chain)
    ways: dict[str, tuple[Callable[[], None], str]] = {
        "document": (lambda: by_document(instance, episodes), "the protocol's JSON document in each turn"),
        "events": (lambda: by_events(replayer, handle, instance, episodes), "ready-made events, each made once"),
    }
    report(
        [
            {
                "name": f"engine_floor_{name}",
                "value": round(statistics.median(rate(run, given.workflows) for _ in range(given.runs)), 1),
                "unit": "workflows/s",
                "runs": given.runs,
                "note": f"official executor alone, in memory, {len(episodes)} turns each; {note}",
            }
            for name, (run, note) in ways.items()
        ],
        given.json,
    )


if __name__ == "__main__":
    main()
