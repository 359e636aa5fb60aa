"""What goes on while parts of the stack are killed: each story has models of its own and one end that it must have."""

import json
import random
import threading
import uuid
from collections.abc import Callable
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput

from activities.response.mitigations.pause_compute import lease_of
from benchmarks.kill_loop.world import StoryError, World
from local_host.stack.endpoints import DEVELOPMENT_TOKEN
from nightshift.cli.smoke import write_dataset
from nightshift.cli.upload_command import put
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.response.compute import ComputeRef
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.mitigations import Mitigation
from nightshift.domain.reviews.review import Review
from tests.support.model_versions import make_champions, make_versions
from tests.support.responder import Case
from tests.support.reviewing import flag

Story = Callable[[World, random.Random], None]
_DECIDED = {"promoted", "rejected", "flagged"}
_IMPROVEMENT = {
    "after": [],
    "max_iterations": 2,
    "bounds": {"actions": ["tune_hyperparameters"], "parameters": {"max_iter": {"kind": "number", "minimum": 20,
               "maximum": 80, "whole": True}}, "max_trials": 2},
}  # fmt: skip
_COMPUTE = "data-science-sandbox"
_leasing = threading.Lock()


def lifecycle(world: World, chance: random.Random) -> None:
    """Two uploads at once: each is decided on."""
    model = _trained(world)
    identities = [_upload(world, model, chance) for _ in range(2)]
    for run in {_run_of(world, model, identity) for identity in identities}:
        _decided(world, run)


def improvement(world: World, chance: random.Random) -> None:
    """A run, and a person asks twice for something better: one loop."""
    model = _trained(world)
    _decided(world, _run_of(world, model, _upload(world, model, chance)))
    ordered = [world.post(f"models/{model}/improvement", {"comment": "kill loop"})["identity"] for _ in range(2)]
    _equal("orders of one improvement", len(set(ordered)), 1)
    outcome = _decided(world, _run_of(world, model, ordered[0]))
    if outcome.improvement is None or not outcome.improvement.rounds:
        msg = f"{outcome.run}: no round of the improvement"
        raise StoryError(msg)


def review(world: World, chance: random.Random) -> None:
    """Approve, reject and approve at the same moment: one of them counts, and is carried out."""
    with world.calmly():
        case = Case(world.services, world.specs)
        opened = flag(case, world.mlflow, _folder(world, case.model))
    deciders = [("ann", "approve"), ("bob", "reject"), ("eve", "approve")]
    chance.shuffle(deciders)
    threads = [
        threading.Thread(target=world.decide, args=(opened.review_id, choice, who), daemon=True)
        for who, choice in deciders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def settled() -> Review | None:
        found = world.services.reviews.get(opened.model, opened.review_id)
        return found if found is not None and found.settled else None

    kept: Review = world.until(f"the end of review {opened.review_id}", settled)
    assert kept.decision is not None, "a closed review has a decision"
    expected = {"approve": ("promoted", "2"), "reject": ("rejected", "1")}[kept.decision.choice]
    _equal(f"{case.model}: state and champion", (kept.state, case.champion), expected)
    _equal(f"{case.model}: ledger", [e.kind for e in case.entries()], ["decision", "outcome", "review", "review"])


def rollback(world: World, chance: random.Random) -> None:
    """A degradation, reported three times: one rollback, endpoint included; half of them are undone by a person."""
    with world.calmly():
        model = world.specify("rolled", "revenue_forecast", serving_endpoint=f"e{chance.getrandbits(40):x}")
        make_versions(world.mlflow, model, 3, _folder(world, model))
        make_champions(world.services, model, ("1", "2", "3"))
        endpoint = _serve(world, model)
    metric = {"metric": "rmse", "value": 3.0, "baseline": 1.0, "model_version": "3"}
    world.alert(model, category="degradation", title=f"{model} degrades", **metric)
    incident = _answered(world, model, "rollback")
    expected = ["1", "2", "3", "2"]
    if chance.random() < 0.5:
        for _ in range(2):
            world.post(f"incidents/{incident.incident_id}/undo", {"comment": "kill loop"})
        _answered(world, model, "rollback", "undone")
        expected.append("3")
    champion = expected[-1]
    world.until(
        f"{model}: endpoint at {champion}",
        lambda: (state := world.services.serving.read(endpoint)).version == champion and state.ready,
    )
    _equal(f"{model}: champions", _reigns(world, model), expected)
    _equal(f"{model}: alias", world.services.registry.version_of(model, CHAMPION), champion)


def lease(world: World, _: random.Random) -> None:
    """A budget alert pauses what is not essential; it runs again when its lease ends."""
    with _leasing:
        with world.calmly():
            title = f"budget {world.folder.name} {uuid.uuid4()}"
            world.until("compute that runs", lambda: _resumed(world))
        known = {item.incident_id for item in world.services.incidents.all()}
        world.alert(None, category="budget", metric="spend", value=1.4, title=title, severity="critical", rule=title)

        def ended() -> Incident | None:
            for item in world.services.incidents.all():
                action = item.action("pause_compute")
                if item.incident_id not in known and action is not None and lease_of(action).resumed:
                    return item
            return None

        world.until("the end of a lease", ended)
        world.until("compute that runs again", lambda: _runs(world))


def page(world: World, _: random.Random) -> None:
    """A pipeline fails: on-call hears of it."""
    model = world.specify("paged", "canary", playbook={})
    title = f"nightly of {model} failed"
    world.alert(model, category="pipeline", title=title)
    _answered(world, model, "page")


STORIES: dict[str, Story] = {story.__name__: story for story in (lifecycle, improvement, review, rollback, lease, page)}


def _trained(world: World) -> str:
    job = {
        "name": "nightshift-training",
        "max_attempts": 5,
        "retry_seconds": 5,
        "polling": {"first_seconds": 1, "backoff": 1.2, "max_seconds": 5, "timeout_seconds": 3600},
    }
    return world.specify("trained", "canary", job=job, improvement=_IMPROVEMENT)


def _upload(world: World, model: str, chance: random.Random) -> str:
    file = _folder(world, model) / f"{chance.getrandbits(32):x}.csv"
    write_dataset(file, chance.getrandbits(32))
    return str(world.until("an upload", lambda: put(model, file, "synthetic: kill loop", world.state)).identity)


def _run_of(world: World, model: str, identity: str) -> str:
    return str(world.until(f"the run of {model}", lambda: world.services.uploads.run_of(model, identity)))


def _decided(world: World, run: str) -> RunOutcome:
    """The outcome of a run.

    Raises:
        StoryError: it has failed.
    """

    def ended() -> Any:
        detail = world.get(f"runs/{run}")
        return detail if detail["state"] in {"completed", "failed", "terminated"} else None

    detail = world.until(f"the end of {run}", ended)
    outcome = RunOutcome.from_json(detail["output"]) if detail["state"] == "completed" else None
    if outcome is None or outcome.outcome not in _DECIDED:
        msg = f"{run} is {detail['state']}: {json.dumps(detail['output'])[:600]}"
        raise StoryError(msg)
    return outcome


def _answered(world: World, model: str, mitigation: Mitigation, state: str = "done") -> Incident:
    """The one incident of a model, once a mitigation has come to a state."""

    def answered() -> Incident | None:
        incidents = world.services.incidents.all(model)
        if len(incidents) > 1:
            msg = f"{model}: {len(incidents)} incidents of one trouble"
            raise StoryError(msg)
        if not incidents:
            return None
        action = incidents[0].action(mitigation)
        return incidents[0] if action is not None and action.state == state else None

    found: Incident = world.until(f"{model}: {mitigation} {state}", answered)
    return found


def _reigns(world: World, model: str) -> list[str]:
    return [move.version for move in world.services.champions.moves(model) if move.state == "done"]


def _serve(world: World, model: str) -> str:
    """An endpoint that serves version 3 of a model."""
    endpoint = world.services.specs.get(model).serving_endpoint
    assert endpoint, "the spec of the model names an endpoint"
    workspace = WorkspaceClient(host=world.endpoints.databricks_url, token=DEVELOPMENT_TOKEN)
    served = [ServedEntityInput(entity_name=model, entity_version="3", workload_size="Small")]
    workspace.serving_endpoints.create(endpoint, config=EndpointCoreConfigInput(name=endpoint, served_entities=served))
    world.until(f"endpoint {endpoint}", lambda: world.services.serving.read(endpoint).ready, seconds=60)
    return endpoint


def _runs(world: World) -> bool:
    return any(it.name == _COMPUTE and it.state == "running" for it in world.services.compute.list_compute())


def _resumed(world: World) -> bool:
    for it in world.services.compute.list_compute():
        if it.name == _COMPUTE and it.state == "stopped":
            world.services.compute.resume(ComputeRef(kind=it.kind, id=it.id))
    return _runs(world)


def _folder(world: World, model: str) -> Any:
    folder = world.folder / "files" / model
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _equal(what: str, found: object, expected: object) -> None:
    if found != expected:
        msg = f"{what}: {found}, and must be {expected}"
        raise StoryError(msg)
