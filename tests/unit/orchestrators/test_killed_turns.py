"""The host is killed around every write of an orchestration's history: the next one brings it to the same end.

The real orchestrators of every recorded course on the real engine in virtual time. What activities have done outlasts a
kill: the same task, run again because its result was not stored, has the same answer.

``pytest --crash-points=all`` tries every write, from both sides; by default some of each course, from ``--crash-seed``.
"""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local_host.durable.settings import DurableSettings
from local_host.durable.task_hub import TaskHub
from local_host.durable.work import ActivityWork
from local_host.testing.hand_driven import HandDriven
from orchestrators.registration import ORCHESTRATORS
from tests.histories.cases import CASES
from tests.histories.recording import ROOT, Case, Raise

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore:azure.functions df_loads was called without expected_type:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion:UserWarning"),
]

_SETTINGS = DurableSettings.from_host_json(json.loads((ROOT / "host.json").read_text(encoding="utf-8")))
_MOST_STEPS = 2_000


class KilledError(BaseException):
    """The process is gone."""


class Killable(HandDriven):
    """A host that is killed around the chosen writes.

    Args:
        at: numbers of the writes, from 1: right before an even half is stored, or right after it.

    Attributes:
        writes: how many were made.
        tasks: of each task that ran, what it was asked and which answer of its activity it has.
    """

    def __init__(self, folder: Path, case: Case, at: frozenset[int], *, after: bool) -> None:
        self.writes = 0
        self.tasks: dict[tuple[str, str, int], tuple[str, str, int]] = {}
        self.runs: Counter[tuple[str, str, int]] = Counter()
        self._at, self._after = at, after
        self._answers = case.answers
        bodies = dict.fromkeys(case.answers, lambda _: None)
        super().__init__(folder / "hub.db", ORCHESTRATORS, bodies, settings=_SETTINGS)

    def _commit(self, hub: TaskHub) -> None:
        self.writes += 1
        killed = self.writes in self._at
        if killed and not self._after:
            raise KilledError
        super()._commit(hub)
        if killed:
            raise KilledError

    def run_activity(self, work: ActivityWork) -> None:
        """Run it as the world outside answers: a task that ran before has its answer again."""
        key = (work.instance_id, work.execution_id, work.task_id)
        self.runs[key] += 1
        if key not in self.tasks:
            number = sum(name == work.name for name, _, _ in self.tasks.values())
            self.tasks[key] = (work.name, work.input or "", number)
        answers = self._answers[work.name]
        answer = answers[min(self.tasks[key][2], len(answers) - 1)]

        def body(_: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer.to_json()

        self.bodies[work.name] = body
        super().run_activity(work)


def _end(folder: Path, case: Case, at: frozenset[int] = frozenset(), *, after: bool = False) -> tuple[Any, int]:
    """How the case ends, with what its activities were asked; and the number of writes."""
    folder.mkdir()
    host = Killable(folder, case, at, after=after)
    instance = f"{case.orchestrator}-m-{case.name}"

    def live(go_on: Any) -> None:
        """Go on; after a kill with the next host, from what is stored."""
        try:
            go_on()
        except KilledError:
            live(host.crash)
            live(host.run)

    def request(send: Any) -> None:
        """Ask the host for something, again if it was killed before it could store it."""
        before = host.writes
        try:
            send()
        except KilledError:
            live(host.crash)
            if not after and host.writes > before:
                send()

    request(lambda: host.start(case.orchestrator, case.order.to_json(), instance))
    live(host.run)
    for move in case.moves:
        if isinstance(move, Raise):
            request(lambda move=move: host.raise_event(instance, move.event, json.dumps(dict(move.value))))
            live(host.run)
        else:
            live(lambda move=move: host.advance(seconds=move.span.total_seconds()))
    for _ in range(_MOST_STEPS):
        seconds = host.hub.seconds_until_work()
        if host.status(instance).is_final or seconds is None:
            break
        live(lambda seconds=seconds: host.advance(seconds=seconds))
    state = host.hub.store.load(instance)
    assert state is not None, "it was started"
    asked = sorted((key[0], name, given) for key, (name, given, _) in host.tasks.items())
    assert max(host.runs.values()) <= 1 + len(at), "a kill repeats at most what was under way"
    writes = host.writes
    host.close()
    return (state.status, state.output, asked), writes


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.orchestrator}-{case.name}")
def test_killed_around_any_write_the_end_is_the_same(case: Case, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Same state, same output, and the activities were asked for the same."""
    undisturbed, writes = _end(tmp_path / "whole", case)
    points = [(write, after) for write in range(2, writes + 1) for after in (False, True)]
    wanted = pytestconfig.getoption("--crash-points")
    if wanted != "all":
        chance = random.Random(f"{pytestconfig.getoption('--crash-seed')}-{case.name}")
        points = chance.sample(points, min(len(points), int(wanted)))
    print(f"kills of {case.orchestrator} {case.name}: {len(points)} of {2 * (writes - 1)}")  # noqa: T201 - see -rP
    for write, after in points:
        where = f"killed right {'after' if after else 'before'} write {write} of {writes}"
        end, _ = _end(tmp_path / f"{write}-{after}", case, frozenset({write}), after=after)
        assert end == undisturbed, where


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.orchestrator}-{case.name}")
def test_killed_after_every_third_write_the_end_is_the_same(case: Case, tmp_path: Path) -> None:
    """Killed again and again in one life."""
    undisturbed, writes = _end(tmp_path / "whole", case)
    end, _ = _end(tmp_path / "killed", case, frozenset(range(4, 4 * writes, 3)), after=True)
    assert end == undisturbed
