"""What is done to the stack: parts are killed, stopped, or away for a while."""

import os
import random
import signal
import threading
from collections.abc import Callable
from contextlib import suppress

from benchmarks.kill_loop.world import World
from local_host.stack.errors import StackError
from local_host.stack.process_table import ProcessTable
from local_host.stack.stack import Stack
from local_host.stack.state_folder import StateFolder

Fault = Callable[[World, random.Random], bool]


def _process(world: World, component: str) -> int | None:
    try:
        process = Stack.attach(world.state).components()[component].process
    except (StackError, KeyError):
        return None
    return None if process is None else process.pid


def _signal(pid: int | None, number: signal.Signals) -> bool:
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def _killed(component: str) -> Fault:
    """kill -9 of a component; the supervisor starts it again."""
    return lambda world, _: _signal(_process(world, component), signal.SIGKILL)


def _stopped(component: str) -> Fault:
    """SIGSTOP for up to a minute: it goes on, or the supervisor has restarted it meanwhile."""

    def stop(world: World, chance: random.Random) -> bool:
        pid = _process(world, component)
        done = _signal(pid, signal.SIGSTOP)
        timer = threading.Timer(chance.uniform(2, 60), _signal, (pid, signal.SIGCONT))
        timer.daemon = True
        timer.start()
        return done

    return stop


def _supervisor(world: World, _: random.Random) -> bool:
    """kill -9 of the supervisor: everything ends with it, and `nightshift up` is called again."""
    folder = StateFolder(world.state.resolve())
    table = ProcessTable.load(folder)
    supervisor = None if table is None else table.supervisor.find()
    if supervisor is None:
        return False
    supervisor.kill()
    world.until("a stack that is up again", world.up, seconds=300)
    return True


def _pager_away(world: World, chance: random.Random) -> bool:
    """The pager answers 503 for up to two minutes."""
    world.pager.away = True

    def back() -> None:
        world.pager.away = False

    timer = threading.Timer(chance.uniform(10, 120), back)
    timer.daemon = True
    timer.start()
    return True


# How often each is drawn. Azurite is stopped and not killed: it loses what it has acknowledged in the last quarter of a
# second (docs/adr/0003-local-host.md), which Azure does not.
FAULTS: dict[str, tuple[int, Fault]] = {
    "kill functions": (8, _killed("functions")),
    "kill mlflow": (3, _killed("mlflow")),
    "kill servicebus": (3, _killed("servicebus")),
    "kill eventgrid": (2, _killed("eventgrid")),
    "kill databricks": (2, _killed("databricks")),
    "kill supervisor": (1, _supervisor),
    "stop functions": (1, _stopped("functions")),
    "stop mlflow": (2, _stopped("mlflow")),
    "stop servicebus": (1, _stopped("servicebus")),
    "stop azurite": (1, _stopped("azurite")),
    "pager away": (2, _pager_away),
}


def strike(world: World, chance: random.Random) -> str:
    """Draw a fault and do it; return its name, empty if its victim was down already."""
    names = list(FAULTS)
    name = chance.choices(names, weights=[FAULTS[it][0] for it in names])[0]
    with world.calm:
        return name if FAULTS[name][1](world, chance) else ""


def heal(world: World) -> None:
    """End every fault that lasts."""
    world.pager.away = False
    for component in ("functions", "mlflow", "servicebus", "azurite"):
        _signal(_process(world, component), signal.SIGCONT)
