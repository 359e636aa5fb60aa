"""A durable host to be killed: `python crash_host.py FOLDER` serves the client API and writes its port to FOLDER/port.

Its one activity, `step`, appends "instance step" to FOLDER/activities.log when it starts; if its input asks for a
gate, it ends only when the file FOLDER/gate-STEP exists.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import azure.durable_functions as df
import uvicorn
from starlette.applications import Starlette

from local_host.durable.client_api import mounts
from local_host.durable.engine import DurableEngine
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]


def call(context: Context, step: str, gated: bool = False) -> Any:
    instance_id = context.instance_id
    return context.call_activity("step", {"instance": instance_id, "step": step, "gated": gated})


def chain(context: Context) -> Steps:
    """Five steps, of which the input may name one that waits for its gate."""
    steps = []
    for index in range(5):
        step = yield call(context, str(index), gated=context.get_input() == index)
        steps.append(step)
    return steps


def fan_out(context: Context) -> Steps:
    """Twenty steps at once; the odd ones wait for their gate."""
    results = yield context.task_all([call(context, str(index), gated=index % 2 == 1) for index in range(20)])
    return results


def sleeps(context: Context) -> Steps:
    """A step, a short sleep, a step."""
    yield call(context, "before")
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=context.get_input()))
    yield call(context, "after")
    return "rested"


def waits(context: Context) -> Steps:
    """A step, an event, a step."""
    yield call(context, "before")
    event = yield context.wait_for_external_event("go")
    yield call(context, "after")
    return event


def parent(context: Context) -> Steps:
    """A child that holds at a gate, then a step."""
    result = yield context.call_sub_orchestrator("chain", 2, instance_id=f"{context.instance_id}-child")
    yield call(context, "after")
    return result


def retries(context: Context) -> Steps:
    """Fails twice, with a pause, then succeeds."""
    argument = {"instance": context.instance_id, "step": "flaky", "fails": 2}
    return (yield context.call_activity_with_retry("step", df.RetryOptions(300, 5), argument))


def rounds(context: Context) -> Steps:
    """Generations: one step each, then an event-free continue-as-new."""
    left = context.get_input()
    yield call(context, f"round-{left}")
    if left:
        context.continue_as_new(left - 1)
        return None
    return "done"


def make_step(folder: Path) -> Any:
    """The activity, which notes each of its runs in one write."""
    log = os.open(folder / "activities.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def step(text: str | None) -> str | None:
        argument = json.loads(text or "{}")
        key = f"{argument['instance']} {argument['step']}"
        os.write(log, f"{key}\n".encode())
        if argument.get("gated"):
            while not (folder / f"gate-{argument['step']}").exists():
                await asyncio.sleep(0.005)
        runs = (folder / "activities.log").read_text().splitlines().count(key)
        if runs <= argument.get("fails", 0):
            raise RuntimeError("ValueError: not yet")
        return json.dumps(argument["step"])

    return step


async def main(folder: Path) -> None:
    bodies = [chain, fan_out, sleeps, waits, parent, retries, rounds]
    functions = DurableFunctions(
        {body.__name__: df.Orchestrator.create(body) for body in bodies},
        {"step": make_step(folder)},
    )
    engine = DurableEngine(folder / "hub.db", functions, DurableSettings(max_concurrent_activities=50))
    await engine.start()
    app = Starlette(routes=mounts(engine))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        written = folder / "port.new"
        written.write_text(str(listening.getsockname()[1]))
        written.rename(folder / "port")
        await server.serve(sockets=[listening])
    await engine.stop()


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    asyncio.run(main(Path(sys.argv[1])))
