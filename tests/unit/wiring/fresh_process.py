"""One fresh process: many threads ask at once for what the app opens first; prints what broke.

``python -m tests.unit.wiring.fresh_process SEED``, in the folder of the repository.
"""

import asyncio
import json
import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nightshift.clients.platform.health_checks import DatabricksHealth, MlflowHealth
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.services.platform.readiness import ReadinessProbe
from nightshift.wiring.services import LazyServices, now
from nightshift.wiring.settings import read_settings

# Nobody listens at port 1: what is asked there fails at once, after its imports.
_NOWHERE = "http://127.0.0.1:1"
_KEY = "SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"
ENVIRONMENT = {
    "NIGHTSHIFT_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    "NIGHTSHIFT_EVENTGRID_ENDPOINT": f"{_NOWHERE}/api/events",
    "NIGHTSHIFT_EVENTGRID_KEY": "key",
    "NIGHTSHIFT_SERVICEBUS": f"Endpoint=sb://127.0.0.1:1;{_KEY}",
    "DATABRICKS_HOST": _NOWHERE,
    "DATABRICKS_TOKEN": "token",
    "MLFLOW_TRACKING_URI": _NOWHERE,
}
# The threads begin within so many seconds, as activities do that resume after a start.
_SPREAD_SECONDS = 0.4


def _nobody() -> Any:
    raise ServiceUnavailableError("nobody", "not asked")


def _ready(_: LazyServices) -> None:
    checks = (MlflowHealth(_nobody), DatabricksHealth(_nobody))
    asyncio.run(ReadinessProbe().read(checks, now))


# What activities, pages and probes open first.
_FIRST: tuple[Callable[[LazyServices], Any], ...] = (
    lambda services: services.registry,
    lambda services: services._mlflow,
    lambda services: services.traces,
    lambda services: services.jobs,
    lambda _: MlflowHealth(_nobody).check(),
    lambda _: DatabricksHealth(_nobody).check(),
    _ready,
) * 2


def main(seed: int) -> None:
    """Ask from all threads at once."""
    services = LazyServices(read_settings(ENVIRONMENT, Path.cwd()))
    chance = random.Random(seed)
    gate = threading.Barrier(len(_FIRST))
    broken: list[str] = []
    opened: dict[int, set[int]] = {}

    def ask(number: int, pause: float) -> None:
        gate.wait()
        time.sleep(pause)
        try:
            value = _FIRST[number](services)
            opened.setdefault(number % (len(_FIRST) // 2), set()).add(id(value))
        except ServiceUnavailableError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            broken.append(repr(error)[:200])

    threads = [
        threading.Thread(target=ask, args=(number, chance.random() * _SPREAD_SECONDS), daemon=True)
        for number in range(len(_FIRST))
    ]
    sys.setswitchinterval(0.0005)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    twice = [number for number, found in opened.items() if len(found) > 1]
    sys.stdout.write(json.dumps({"broken": broken, "twice": twice, "unfinished": _half_imported()}) + "\n")


def _half_imported() -> list[str]:
    """Packages that the process has submodules of, but not the package."""
    return sorted({name.partition(".")[0] for name in sys.modules if name.partition(".")[0] not in sys.modules})


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main(int(sys.argv[1]))
