"""The workload of the engine measurements: a chain of five trivial activities, as on every peer."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import azure.durable_functions as df

from local_host.durable.engine import DurableEngine
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings

STEPS = 5

Activity = Callable[[str | None], Awaitable[str | None]]


def chain(context: df.DurableOrchestrationContext) -> Any:
    """Each step's result is the next step's input; the third may be held by the resume measurement."""
    value = 0
    for step in range(STEPS):
        value = yield context.call_activity("held" if step == 2 else "increment", value)
    return value


async def increment(value: str | None) -> str | None:
    """Adds one."""
    return json.dumps(json.loads(value or "0") + 1)


def make_engine(database: Path, held: Activity = increment, activities_at_once: int = 10) -> DurableEngine:
    """An engine with the chain; `held` replaces its third step."""
    functions = DurableFunctions({"chain": df.Orchestrator.create(chain)}, {"increment": increment, "held": held})
    return DurableEngine(database, functions, DurableSettings(max_concurrent_activities=activities_at_once))


async def run_one(engine: DurableEngine) -> None:
    """Starts one instance and waits until it has completed."""
    instance_id = await engine.start_instance("chain")
    status = await engine.wait_for_completion(instance_id)
    if status.output != str(STEPS):
        raise RuntimeError(f"instance {instance_id} ended {status.runtime_status} with {status.output}")


async def run_many(engine: DurableEngine, count: int) -> None:
    """Starts this many instances at once and waits until all have completed."""
    await asyncio.gather(*(run_one(engine) for _ in range(count)))


def arguments(description: str | None, **numbers: int) -> argparse.Namespace:
    """The command line of a measurement: --json, and each of `numbers` with its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def report(measurements: list[dict[str, Any]], as_json: bool) -> None:
    """Prints the measurements."""
    if as_json:
        print(json.dumps(measurements))
        return
    for found in measurements:
        print(f"{found['name']}: {found['value']} {found['unit']} (median of {found['runs']}; {found['note']})")
