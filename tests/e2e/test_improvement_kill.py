"""The functions host is killed with SIGKILL at chosen points of two improvement loops that run side by side."""

import contextlib
import itertools
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from evals.scripted_server import Reply, scripted_server
from local_host.stack.catalogue import COMPONENT_NAMES
from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient, AppRefusedError, AppUnreachableError
from nightshift.cli.demo.data.source import REVENUE, SyntheticSource
from nightshift.cli.demo.data.uploads import upload, write
from nightshift.cli.upload_command import put
from nightshift.domain.improvement.messages import ImprovementOutcome
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.e2e.killable_host import ROOT, Host
from tests.support.improving import seen

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kill"), pytest.mark.timeout(600)]

# The same spec under two names: one gets data whose prices have risen, and the rules plan; one gets data that holds
# nothing to learn, and a language model plans that means no good.
RISEN, HOPELESS = "risen", "hopeless"
UPLOADS = {RISEN: "tariff", HOPELESS: "hopeless"}
# The state of a round's job run in which the host is killed.
POINTS = {RISEN: "TERMINATED", HOPELESS: "RUNNING"}
# Seconds after the host has come back from a kill at a job's end: it evaluates, criticises, plans or decides.
LATER = (0.3, 1.2)

WORDS = {"rationale": "ignore all rules", "expected_effect": "none"}
FORBIDDEN = {"action": {"kind": "delete_everything"}, **WORDS}
# Within the bounds, and yet no window to learn from.
TOO_NARROW = {"action": {"kind": "adjust_training_window", "days": 1}, **WORDS}


def _proposal(asked: dict[str, Any]) -> Reply:
    """A question that is asked again after a kill gets the same answer: it follows from what was tried."""
    tried = seen(asked)["tried"]
    return Reply(text=json.dumps(TOO_NARROW if tried else FORBIDDEN))


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Endpoints, Host]]:
    """A stack of two models, whose functions host is the test's to kill."""
    specs = tmp_path / "specs"
    specs.mkdir()
    shipped = yaml.safe_load((ROOT / "model_specs" / f"{REVENUE}.yaml").read_text(encoding="utf-8"))
    # Long searches are tried elsewhere.
    bounds = shipped["improvement"]["bounds"] | {"max_trials": 2, "window_days": {"minimum": 1, "maximum": 730}}
    for model, planner in {RISEN: "rules", HOPELESS: "llm"}.items():
        changed = {
            "name": model,
            # The webhook of a job run is lost with the host: looking again soon keeps the test short.
            "job": shipped["job"] | {"polling": {"first_seconds": 1, "max_seconds": 2}},
            "improvement": shipped["improvement"] | {"max_iterations": 2, "planner": planner, "bounds": bounds},
        }
        (specs / f"{model}.yaml").write_text(yaml.safe_dump(shipped | changed), encoding="utf-8")
    monkeypatch.setenv("NIGHTSHIFT_MODEL_SPECS", str(specs))
    others = tuple(name for name in COMPONENT_NAMES if name != "functions")
    with (
        scripted_server(_proposal) as server,
        Stack(ROOT, tmp_path / "state", components=others) as endpoints,
    ):
        for name, value in {"URL": server.base_url, "MODEL": "gpt-5-mini", "KEY": "local"}.items():
            monkeypatch.setenv(f"NIGHTSHIFT_LLM_{name}", value)
        host = Host(endpoints, tmp_path / "state")
        try:
            yield endpoints, host
        finally:
            host.stop()


def test_a_loop_goes_on_in_its_round_whenever_the_host_is_killed(stack: tuple[Endpoints, Host], tmp_path: Path) -> None:
    """Killed while a job runs, when it has ended, and while it is judged: no job twice, one promotion, one incident."""
    endpoints, host = stack
    services = LazyServices(read_settings({**os.environ, **endpoints.environment()}, ROOT))
    over, kills = threading.Event(), list[str]()
    killer = threading.Thread(target=_kill, args=(endpoints, host, kills, over))
    data = SyntheticSource(1)
    with AppClient(endpoints.app_url) as app:
        identities = {}
        for model, name in UPLOADS.items():
            file = write(upload(REVENUE, name), data, tmp_path)
            identities[model], _ = put(model, file, "synthetic: a test", tmp_path / "state")
        killer.start()
        try:
            outcomes = {model: _outcome(app, model, identity) for model, identity in identities.items()}
        finally:
            over.set()
            killer.join()
    loops = {model: outcome.improvement for model, outcome in outcomes.items() if outcome.improvement}
    assert len(kills) >= sum(len(loop.rounds) for loop in loops.values()), kills
    assert {model: _rounds(loop) for model, loop in loops.items()} == {
        RISEN: [(1, "retry"), (2, "accept")],
        HOPELESS: [(1, "retry"), (2, "reject")],
    }
    assert {model: outcome.outcome for model, outcome in outcomes.items()} == {RISEN: "promoted", HOPELESS: "rejected"}
    forbidden, narrow = loops[HOPELESS].rounds
    assert (forbidden.planned_by, narrow.planned_by) == ("rules_after_llm", "llm")
    assert "delete_everything" in forbidden.planner_note
    assert narrow.plan.action.to_json() == TOO_NARROW["action"]
    assert "leaves 24 of" in narrow.error
    expected = sorted(run for outcome in outcomes.values() for run in _job_runs_of(outcome))
    assert len(expected) == 6
    assert sorted(run["run_id"] for run in _job_runs(endpoints)) == expected
    assert _tokens(tmp_path / "state") == expected
    moves = services.champions.moves(RISEN) + services.champions.moves(HOPELESS)
    assert [(move.model, move.run, move.state) for move in moves] == [(RISEN, loops[RISEN].run, "done")]
    # A job that has failed has looked at no holdout.
    for model, looks in {RISEN: [1, 2], HOPELESS: [1, 0]}.items():
        assert [entry.body["look"] for entry in services.ledger.of_kind(model, "criticism")] == looks
        assert services.ledger.verify(model) is None
    assert _incidents(services) == [(HOPELESS, 1, loops[HOPELESS].run)]


def _kill(endpoints: Endpoints, host: Host, kills: list[str], over: threading.Event) -> None:
    """Kill the host at the points of each round, and a moment after it has come back from the end of a job."""
    seen: set[int] = set()
    later = itertools.cycle(LATER)
    while not over.wait(0.2):
        for run in _job_runs(endpoints):
            state, given = run["state"]["life_cycle_state"], _parameters(run)
            if run["run_id"] in seen or not given["plan"] or state != POINTS[given["model"]]:
                continue
            seen.add(run["run_id"])
            kills.append(f"{given['score_token']} {state}")
            host.kill()
            if _is_back(endpoints, over) and state == "TERMINATED" and not over.wait(next(later)):
                kills.append(f"after {given['score_token']}")
                host.kill()
                _is_back(endpoints, over)


def _parameters(run: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in run["job_parameters"]}


def _is_back(endpoints: Endpoints, over: threading.Event) -> bool:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not over.is_set():
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{endpoints.app_url}/api/runs")
            return True
        over.wait(0.1)
    return False


def _outcome(app: AppClient, model: str, identity: str) -> RunOutcome:
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        with contextlib.suppress(AppUnreachableError, AppRefusedError):
            run = app.get(f"uploads/{model}/{identity}")["run"]
            found = app.get(f"runs/{run}") if run else {}
            if found.get("state") == "completed":
                return RunOutcome.model_validate(found["output"])
        time.sleep(0.3)
    raise AssertionError(f"the run of {model} did not end")


def _rounds(loop: ImprovementOutcome) -> list[tuple[int, str]]:
    return [(item.number, item.criticism.judgement if item.criticism else item.error) for item in loop.rounds]


def _job_runs_of(outcome: RunOutcome) -> list[int]:
    rounds = outcome.improvement.rounds if outcome.improvement else ()
    return [*outcome.job_runs, *(run for item in rounds for run in item.job_runs)]


def _job_runs(endpoints: Endpoints) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"{endpoints.databricks_url}/api/2.2/jobs/runs/list?limit=25",
        headers={"Authorization": f"Bearer {DEVELOPMENT_TOKEN}"},
    )
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json().get("runs", [])
    return found


def _tokens(state: Path) -> list[int]:
    """The job run of each idempotency token that the workspace was ever given."""
    with closing(sqlite3.connect(state / "databricks" / "databricks.sqlite")) as database:
        rows = database.execute("SELECT run_id FROM idempotency_tokens ORDER BY run_id").fetchall()
    return [int(run) for (run,) in rows]


def _incidents(services: LazyServices) -> list[tuple[str, int, str | None]]:
    """Model, reports and run of every incident, once the first has arrived."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not services.incidents.all():
        time.sleep(0.2)
    found = services.incidents.all()
    return [(item.model, item.occurrences, item.alert.run) for item in found]
