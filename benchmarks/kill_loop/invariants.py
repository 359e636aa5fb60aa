"""What is true of everything that lasts: at any moment, and once nothing goes on any more."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from databricks.sdk import WorkspaceClient

from benchmarks.kill_loop.world import World
from local_host.stack.endpoints import DEVELOPMENT_TOKEN
from nightshift.domain.platform.names import CHAMPION

_JOB = re.compile("model|lifecycle_run|train_token|score_token|order")


def always(world: World) -> Iterator[str]:
    """What is wrong though it may never be, whatever goes on."""
    services = world.services
    for model in services.ledger.models():
        if fault := services.ledger.verify(model):
            yield f"ledger of {model}: {fault}"
    yield from _twice("incident of one trouble", (it.fingerprint for it in services.incidents.all()))
    for model in services.specs.names():
        moves = services.champions.moves(model)
        yield from _twice(
            f"move of {model}",
            (f"{it.decided_by} to {it.version}" for it in moves if it.state == "done" and it.kind != "outside"),
        )
        yield from (f"{model}: a move made outside: {it}" for it in moves if it.kind == "outside")


def at_the_end(world: World) -> Iterator[str]:
    """What is not as it must be once everything has come to its end; read again until nothing is."""
    services = world.services
    yield from always(world)
    for model in services.specs.names():
        alias = services.registry.version_of(model, CHAMPION)
        moves = services.champions.moves(model)
        done = [move.version for move in moves if move.state == "done"]
        if (done[-1] if done else None) != alias:
            yield f"{model}: alias {alias}, alias history {done}"
        yield from (f"{model}: {move.version} is begun" for move in moves if move.state == "begun")
        endpoint = services.specs.get(model).serving_endpoint
        if endpoint and (serves := services.serving.read(endpoint)).version != alias:
            yield f"{model}: alias {alias}, endpoint {serves.version}"
    for model in services.sweeps.marked():
        if orders := services.sweeps.mark(model).open:
            yield f"{model}: open orders {orders}"
    yield from (f"owed: {record.notification.title}" for record in services.notifications.owed())
    yield from (f"review of {review.model} is not settled" for review in services.reviews.unfinished())
    said = "\n".join(f"{it['title']}\n{it['message']}" for it in world.pager.taken)
    for incident in services.incidents.all():
        if incident.actions and incident.title not in said and incident.incident_id not in said:
            yield f"not told: incident {incident.incident_id}, {incident.title}"
    yield from (f"sweep {look.name}: {look.problem}" for look in services.sweeps.last() if look.problem)
    for run in world.get("runs", limit="1000")["items"]:
        if run["state"] != "completed":
            yield f"{run['run']} is {run['state']}"
    yield from _twice("job run", job_runs(world))


def job_runs(world: World) -> list[str]:
    """What each job run was ordered with; an attempt after an outage has the same order and is counted by its state."""
    workspace = WorkspaceClient(host=world.endpoints.databricks_url, token=DEVELOPMENT_TOKEN)
    found = []
    for run in workspace.jobs.list_runs():
        result = run.state.result_state.value if run.state is not None and run.state.result_state is not None else ""
        if result == "SUCCESS":
            given = sorted(f"{it.name}={it.value}" for it in run.job_parameters or [] if _JOB.fullmatch(it.name or ""))
            found.append(" ".join(given))
    return found


def _twice(what: str, keys: Iterable[str]) -> Iterator[str]:
    yield from (f"{count} times: {what} {key}" for key, count in Counter(keys).items() if count > 1)
