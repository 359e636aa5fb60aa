"""Kill random parts of a running stack while lifecycles, improvements, reviews, rollbacks and leases go on.

Prints a JSON summary and exits 1 if a story did not come to its end or an invariant does not hold. Each story has
models of its own, so that it knows its end; the stack, its state folder and all that it started are gone afterwards.
"""

import argparse
import json
import logging
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.kill_loop.faults import heal, strike
from benchmarks.kill_loop.invariants import always, at_the_end, job_runs
from benchmarks.kill_loop.stories import STORIES
from benchmarks.kill_loop.world import World, running
from local_host.watchdog import children_ended

# An order that nobody answers for is left alone for ten minutes by the sweep of orders.
_QUIET_SECONDS = 900.0


@dataclass
class _Loop:
    """One loop: its figures and what is wrong."""

    world: World
    chance: random.Random
    kills: int
    at_once: int
    done: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    checks: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Stories until the last kill, then their ends, then the invariants."""
        killer = threading.Thread(target=self._kill, daemon=True)
        killer.start()
        with ThreadPoolExecutor(self.at_once) as pool:
            going_on: dict[Future[None], str] = {}
            names: list[str] = []
            while going_on or not self.over.is_set():
                while len(going_on) < self.at_once and not self.over.is_set():
                    names = names or self.chance.sample(list(STORIES), len(STORIES))
                    name = names.pop()
                    story = pool.submit(STORIES[name], self.world, random.Random(self.chance.getrandbits(64)))
                    going_on[story] = name
                for ended in wait(going_on, timeout=1, return_when=FIRST_COMPLETED).done:
                    self._ended(going_on.pop(ended), ended)
        killer.join()
        self.wrong += self._at_the_end()

    def _ended(self, name: str, story: Future[None]) -> None:
        error = story.exception()
        self.reported[name] += 1
        self.world.reported(f"{name} has ended{f': {error}' if error else ''}")
        if error is not None:
            self.wrong.append(f"{name}: {type(error).__name__}: {error}")

    def _kill(self) -> None:
        try:
            while self.done.total() < self.kills:
                time.sleep(self.chance.uniform(1, 12))
                name = strike(self.world, self.chance)
                if not name:
                    continue
                self.done[name] += 1
                self.world.reported(f"{self.done.total()}/{self.kills}: {name}")
                if self.done.total() % 5 == 0:
                    self._check()
        except Exception as error:  # noqa: BLE001 - the loop must end, and say why
            self.wrong.append(f"the killer: {type(error).__name__}: {error}")
        finally:
            heal(self.world)
            self.over.set()

    def _check(self) -> None:
        """The invariants that hold at any moment, once their stores answer."""
        found = self.world.until("storage", lambda: (list(always(self.world)),))[0]
        self.checks += 1
        self.wrong += [f"after kill {self.done.total()}: {problem}" for problem in found]

    def _at_the_end(self) -> list[str]:
        """What is still wrong after the sweeps have had time."""
        deadline = time.monotonic() + _QUIET_SECONDS
        while True:
            found = self.world.until("the app", lambda: (list(at_the_end(self.world)),))[0]
            if not found or time.monotonic() > deadline:
                return [f"at the end: {problem}" for problem in found]
            self.world.reported(f"not settled yet: {found[:3]}")
            time.sleep(5)

    def summary(self) -> dict[str, Any]:
        """Figures for people."""
        services = self.world.services
        incidents = services.incidents.all()
        runs = self.world.get("runs", limit="1000")["items"]
        return {
            "faults": self.done.total(),
            "of": dict(self.done),
            "stories": dict(self.reported),
            "checks": self.checks + 1,
            "runs": len(runs),
            "job_runs": len(job_runs(self.world)),
            "incidents": len(incidents),
            "alerts": sum(item.occurrences for item in incidents),
            "ledger_entries": sum(len(services.ledger.entries(model)) for model in services.ledger.models()),
            "notifications": len(self.world.pager.taken),
            "pager_refused": self.world.pager.tried - len(self.world.pager.taken),
            "violations": self.wrong,
        }


def main() -> int:
    """Run one loop."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_loop", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many faults (100)")
    parser.add_argument("--seed", type=int, default=None, help="of faults and stories; a new one if not given")
    parser.add_argument("--at-once", type=int, default=5, help="stories that go on at once (5)")
    parser.add_argument("--keep", type=Path, help="folder for state and logs, which stays")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10_000) if given.seed is None else given.seed
    logging.disable(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()

    def reported(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {line}", file=sys.stderr, flush=True)

    with children_ended(), tempfile.TemporaryDirectory(prefix="nightshift-kill-loop-") as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with running(folder.resolve(), reported) as world:
            reported(f"the stack is up; seed {seed}")
            loop = _Loop(world, random.Random(seed), given.kills, given.at_once)
            loop.run()
            summary = {"seed": seed, "seconds": round(time.monotonic() - began)} | loop.summary()
    print(json.dumps(summary, indent=2))
    return 1 if loop.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
