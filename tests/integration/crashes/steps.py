"""The steps of a run and of an improvement round that crash tests break off, and what lasts of each."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mlflow import MlflowClient

from activities.improvement.critique_round import critique_round
from activities.improvement.plan_improvement import plan_improvement
from activities.improvement.trace_round import trace_round
from activities.lifecycle.databricks_job import cancel_databricks_job, poll_job_status, trigger_databricks_job
from activities.lifecycle.evaluate_metrics import evaluate_metrics
from activities.lifecycle.publish_event import publish_event
from activities.uploads.validate_data import validate_data
from nightshift.domain.improvement.actions.tune_hyperparameters import SearchChoices, TuneHyperparameters
from nightshift.domain.improvement.messages import TraceRoundRequest
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.run import EvaluateRequest, PollRequest, RunEvent, TriggerRequest, ValidateRequest
from nightshift.domain.platform.names import BRONZE, EVIDENCE, SILVER, experiment
from nightshift.domain.platform.ports import Services
from nightshift.wiring.services import LazyServices
from tests.integration.crashes.scene import plain
from tests.support.improving import BAD, ROOT, Improving
from tests.support.memory_ports import MemoryEvents, MemoryJobs
from tests.support.model_data import upload_file
from tests.support.model_versions import make_bare_model
from tests.support.responder import Case


@dataclass(frozen=True)
class World:
    """What a step is prepared from.

    Attributes:
        mlflow: MLflow's own client.
        specs: the folder of the services' model specs.
        folder: an empty one.
    """

    services: LazyServices
    mlflow: MlflowClient
    specs: Path
    folder: Path


@dataclass(frozen=True)
class Step:
    """One step of a model of its own: the call of its activity, and the ports that are in memory."""

    services: Services
    model: str
    run: Callable[[Services], Any]
    mlflow: MlflowClient
    jobs: MemoryJobs
    events: MemoryEvents

    def lasting(self, result: Any) -> list[str]:
        """The result and everything that lasts, without times, digests and names of this run, as lines."""
        services = self.services
        found = self.mlflow.get_experiment_by_name(experiment(self.model))
        experiments = [] if found is None else [found.experiment_id]
        traces = self.mlflow.search_traces(locations=experiments) if experiments else ()
        prefixes = {BRONZE: self.model, SILVER: self.model, EVIDENCE: "runs/"}
        last = {
            "result": result.to_json(),
            "ledger": [(it.key, it.kind, it.subject, dict(it.body)) for it in services.ledger.entries(self.model)],
            "blobs": [
                (container, blob.blob.name, blob.size)
                for container, prefix in prefixes.items()
                for blob in services.blobs.listed(container, prefix, most=5_000)
                if self.model in blob.blob.name
            ],
            "runs": len(self.mlflow.search_runs(experiments)) if experiments else 0,
            "traces": [trace.info.request_preview for trace in traces],
            "versions": [(it.version, it.tags) for it in services.registry.versions(self.model)],
            "jobs": self.jobs.lasting(),
            "events": sorted(self.events.published),
        }
        return plain(json.dumps(last, default=str, indent=1, sort_keys=True), {self.model: "M"}).splitlines()


def _step(world: World, services: Services, model: str, run: Callable[[Any], Any]) -> Step:
    jobs, events = services.jobs, services.events
    assert isinstance(jobs, MemoryJobs)
    assert isinstance(events, MemoryEvents)
    return Step(services, model, run, world.mlflow, jobs, events)


def _loop(world: World, **spec: Any) -> Improving:
    loop = Improving(world.services, world.mlflow, make_bare_model(world.mlflow), **spec)
    loop.replace(jobs=MemoryJobs(), events=MemoryEvents())
    return loop


def _validate(world: World) -> Step:
    case = Case(world.services, world.specs)
    document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
    case.specify(contract=document["contract"] | {"min_rows": 1})
    case.replace(jobs=MemoryJobs(), events=MemoryEvents())
    uploads = tuple(upload_file(case, world.folder, name, day=number + 1) for number, name in enumerate("ab"))
    order = ValidateRequest(model=case.model, run=f"lifecycle-{case.model}-1", uploads=uploads)
    return _step(world, case.services, case.model, lambda services: validate_data(services, order))


def _trigger(world: World, *, plan: Plan | None = None, **spec: Any) -> Step:
    loop = _loop(world, **spec)
    order = TriggerRequest(
        model=loop.model,
        run=loop.run,
        job="train",
        purpose="train",
        attempt=1,
        round=1,
        dataset=loop.manifest,
        plan=plan,
    )
    return _step(world, loop.services, loop.model, lambda services: trigger_databricks_job(services, order))


def _started(world: World) -> tuple[Improving, PollRequest]:
    loop = _loop(world)
    order = TriggerRequest(
        model=loop.model, run=loop.run, job="train", purpose="train", attempt=1, dataset=loop.manifest
    )
    started = trigger_databricks_job(loop.services, order)
    return loop, PollRequest(model=loop.model, run=loop.run, run_id=started.run_id)


def _poll(world: World) -> Step:
    loop, order = _started(world)
    return _step(world, loop.services, loop.model, lambda services: poll_job_status(services, order))


def _cancel(world: World) -> Step:
    loop, order = _started(world)
    return _step(world, loop.services, loop.model, lambda services: cancel_databricks_job(services, order))


def _evaluate(world: World, *, counted: bool) -> Step:
    loop = _loop(world)
    loop.score(1, BAD)
    order = EvaluateRequest(model=loop.model, run=loop.run, manifest=loop.manifest, round=1, counted=counted)
    return _step(world, loop.services, loop.model, lambda services: evaluate_metrics(services, order))


def _criticise(world: World) -> Step:
    loop = _loop(world)
    loop.score(1, BAD)
    result = loop.evaluate(1)
    loop.add(result)
    order = loop.critique(result)
    return _step(world, loop.services, loop.model, lambda services: critique_round(services, order))


def _plan(world: World) -> Step:
    loop = _loop(world)
    order = loop.planning()
    return _step(world, loop.services, loop.model, lambda services: plan_improvement(services, order))


def _trace(world: World) -> Step:
    loop = _loop(world)
    loop.round(BAD)
    at = loop.services.clock()
    order = TraceRoundRequest(model=loop.model, run=loop.run, round=loop.rounds[-1], times=(at, at, at, at))
    return _step(world, loop.services, loop.model, lambda services: trace_round(services, order))


def _publish(world: World) -> Step:
    loop = _loop(world)
    event = RunEvent(kind="promoted", model=loop.model, run=loop.run, data={"version": "2"})
    return _step(world, loop.services, loop.model, lambda services: publish_event(services, event))


# Its order is too long for a parameter of a job, and lies in a blob.
_LONG = {f"parameter_{number}": tuple(f"{'x' * 60}{choice}" for choice in range(20)) for number in range(8)}
_WIDE = {
    "bounds": {
        "actions": ["tune_hyperparameters"],
        "parameters": {name: {"kind": "choices", "allowed": allowed} for name, allowed in _LONG.items()},
        "max_trials": 2,
    }
}
_SPACE = tuple(SearchChoices(parameter=name, choices=choices) for name, choices in _LONG.items())
_PLAN = Plan(action=TuneHyperparameters(search_space=_SPACE, trials=1, seed=1), rationale="r", expected_effect="e")

STEPS: dict[str, Callable[[World], Step]] = {
    "validate": _validate,
    "start a job": _trigger,
    "start the job of a plan": lambda world: _trigger(world, plan=_PLAN, improvement=_WIDE),
    "look at a job": _poll,
    "cancel a job": _cancel,
    "evaluate": lambda world: _evaluate(world, counted=False),
    "evaluate a counted look": lambda world: _evaluate(world, counted=True),
    "criticise a round": _criticise,
    "plan an improvement": _plan,
    "trace a round": _trace,
    "publish an event": _publish,
}
