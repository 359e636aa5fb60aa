"""The chapters of the story: what is done, what must come of it, and what did."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from nightshift.cli.demo.data.source import DETECTOR, REVENUE
from nightshift.cli.demo.narrator import first_line
from nightshift.cli.demo.stage import Stage
from nightshift.cli.incident_commands import await_undo
from nightshift.cli.ledger_verification import verify_ledger
from nightshift.cli.review_commands import await_closed
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.mitigations import LeaseFacts, Mitigation, RetrainingFacts
from nightshift.domain.reviews.packet import ReviewPacket


@dataclass(frozen=True)
class Chapter:
    """One step of the story; ``act`` returns what was observed, to be compared with ``expected`` word for word."""

    title: str
    what: str
    expected: str
    act: Callable[[Stage], str]


def _decided(model: str, name: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        run = stage.upload(model, name)
        stage.finish(run)
        outcome = stage.outcome(run)
        if outcome.decision is None:
            return f"{outcome.outcome}: {first_line(outcome.reason)}"
        champion = stage.model(model).champion
        return f"{outcome.outcome} by rule {outcome.decision.rule}, champion is version {champion}"

    return act


def _halted(stage: Stage) -> str:
    run = stage.upload(REVENUE, "corrupt")
    stage.finish(run)
    outcome = stage.outcome(run)
    if outcome.failure is None:
        return f"{outcome.outcome}: {first_line(outcome.reason)}"
    incident = stage.incident(f"{run}:{outcome.failure.step}", lambda item: bool(item.actions))
    rules = len(str(outcome.failure.fields["rules"]).split(", "))
    champion = stage.model(REVENUE).champion
    many = "several rules" if rules > 3 else f"{rules} rules"
    summary = f"{incident.occurrences} {incident.severity} incident"
    return f"{outcome.outcome}, {many} broken, {summary}, champion is version {champion}"


def _flagged(stage: Stage) -> str:
    observed = _decided(REVENUE, "mixed")(stage)
    reviews = stage.items("reviews", model=REVENUE)
    return f"{observed}, {len(reviews)} review"


def _reviewed(stage: Stage) -> str:
    review = str(stage.items("reviews", model=REVENUE, state="open")[0]["review_id"])
    packet = ReviewPacket.from_json(stage.app.get(f"reviews/{review}"))
    for line in (*packet.cost_of_waiting, *packet.if_nobody_answers):
        stage.narrator.say(line)
    decision = {"decision": "approve", "comment": "the hole in the data is known"}
    stage.narrator.say(f"nightshift approve {review} --comment '{decision['comment']}'")
    stage.app.post(f"reviews/{review}/decision", decision)
    closed = await_closed(stage.app, review)
    stage.narrator.say(closed.verdict())
    by = closed.decision.by if closed.decision else "nobody"
    return f"{closed.state} by {by}, champion is version {stage.model(REVENUE).champion}"


def _killed(stage: Stage) -> str:
    moves = len(stage.model(REVENUE).moves)
    run = stage.upload(REVENUE, "kill")
    stage.await_step(run, "poll_job_status")
    stage.narrator.say(f"kill -9 of the functions host, process {stage.kill_host()}, while the job trains")
    stage.narrator.say(f"the host is back after {stage.await_host():.1f} s")
    stage.finish(run)
    outcome = stage.outcome(run)
    promotions = len(stage.model(REVENUE).moves) - moves
    jobs = len(outcome.job_runs)
    return f"{outcome.outcome}, {jobs} job run, {promotions} promotion"


def _repeated(stage: Stage) -> str:
    before = stage.items("runs", limit=1000)
    stage.redeliver(before[0]["run"], times=3)
    after = stage.items("runs", limit=1000)
    return f"{len(after) - len(before)} new runs"


def _improved(name: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        run = stage.upload(REVENUE, name)
        stage.finish(run)
        outcome = stage.outcome(run)
        loop = outcome.improvement
        if loop is None:
            return f"{outcome.outcome}: {first_line(outcome.reason)}"
        for item in loop.rounds:
            judged = item.criticism.judgement if item.criticism else "failed"
            stage.narrator.say(f"round {item.number}, planned by {item.planned_by}: {item.plan.action.kind}")
            stage.narrator.say(f"  why: {item.plan.rationale}")
            stage.narrator.say(f"  {judged}: {item.criticism.reason if item.criticism else item.error}")
        judgements = ", ".join(item.criticism.judgement for item in loop.rounds if item.criticism)
        if loop.outcome == "promoted":
            return f"{outcome.outcome} after {len(loop.rounds)} rounds: {judgements}"
        incident = stage.incident(f"{loop.run}:{loop.outcome}", lambda item: bool(item.actions))
        summary = f"{incident.severity} incident with the story of the rounds"
        return f"{outcome.outcome} after {len(loop.rounds)} rounds: {judgements}; {summary}"

    return act


def _drifted(stage: Stage) -> str:
    before = len(stage.items("runs", limit=1000))
    alert = stage.alert("drift", REVENUE)
    ordered = stage.incident(alert, lambda item: bool(_retraining(item).identity) or has_ended(item, "retrain"))
    if identity := _retraining(ordered).identity:
        stage.finish(stage.run_of(REVENUE, identity))
    incident = stage.incident(alert, lambda item: has_ended(item, "retrain"))
    runs = len(stage.items("runs", limit=1000)) - before
    again = stage.alert("drift", REVENUE, metric="staleness_days", value=40.0, title="The data is 40 days old")
    other = stage.incident(again, lambda item: has_ended(item, "retrain"))
    retrain = other.action("retrain")
    cooled = retrain is not None and retrain.state == "repeated"
    outcome = _retraining(incident).outcome
    summary = "decided by its own gate" if outcome in {"promoted", "rejected", "flagged"} else outcome
    return (
        f"{runs} retraining, {summary}; the next drift alert {'waits for the cooldown' if cooled else 'retrains again'}"
    )


def _retraining(incident: Incident) -> RetrainingFacts:
    """What the incident keeps of its retraining; nothing before it has been ordered."""
    action = incident.action("retrain")
    return action.facts if action is not None and isinstance(action.facts, RetrainingFacts) else RetrainingFacts()


def _degraded(stage: Stage) -> str:
    before = stage.model(REVENUE)
    started = time.monotonic()
    alerts = [stage.alert("degradation", REVENUE, model_version=before.champion) for _ in range(5)]
    incident = stage.incident(alerts[-1], lambda item: has_ended(item, "rollback") and item.occurrences == 5)
    seconds = time.monotonic() - started
    after = stage.model(REVENUE)
    stage.narrator.say(f"{seconds:.1f} s from the first alert until the last is counted")
    moves = len(after.moves) - len(before.moves)
    back = "the champion before is back" if after.champion == before.rollback_target else "the champion is wrong"
    within = "within seconds" if seconds < _SECONDS else f"after {seconds:.0f} s"
    return f"{back} {within}; {incident.occurrences} alerts, 1 incident, {moves} rollback"


def _undone(stage: Stage) -> str:
    incident = next(item for item in stage.items("incidents", model=REVENUE) if item["category"] == "degradation")
    name = str(incident["incident_id"])
    stage.narrator.say(f"nightshift undo {name} --comment 'the monitor was wrong'")
    stage.app.post(f"incidents/{name}/undo", {"comment": "the monitor was wrong"})
    result = await_undo(stage.app, name)
    for line in result["undone"]:
        stage.narrator.say(str(line))
    return f"{len(result['undone'])} mitigation undone, by {stage.items('ledger', model=REVENUE)[0]['actor']}"


def _poisoned(stage: Stage) -> str:
    body = {
        "alert_id": "poison-1",
        "category": "pipeline",
        "model": "revenue_forcast",
        "source": "demo",
        "title": "The feature pipeline failed",
        "fired_at": datetime.now(UTC).isoformat(),
    }
    stage.narrator.say("an alert about revenue_forcast, a model that does not exist, is put on the queue")
    stage.put_message("pipeline-alerts", json.dumps(body), "poison-1")
    dead_letter = stage.dead_letter("pipeline-alerts")
    stage.narrator.say(f"dead letter {dead_letter['letter_id']}: {dead_letter['reason']}")
    fixed = json.dumps({**body, "model": REVENUE})
    stage.app.post(f"dead-letters/{dead_letter['letter_id']}/redrive", {"dry_run": False, "body": fixed})
    incident = stage.incident("poison-1", lambda item: bool(item.actions))
    reason = "reason named" if "revenue_forcast" in str(dead_letter["reason"]) else str(dead_letter["reason"])
    return f"dead-lettered, {reason}; fixed and redriven: {incident.severity} {incident.category}, on-call paged"


def _overspent(stage: Stage) -> str:
    alert = stage.alert("budget")
    incident = stage.incident(alert, lambda item: has_ended(item, "pause_compute"))
    action = incident.action("pause_compute")
    paused = list(action.facts.names) if action is not None and isinstance(action.facts, LeaseFacts) else []
    stage.app.post(f"incidents/{incident.incident_id}/undo", {"comment": "the budget was raised"})
    undone = await_undo(stage.app, incident.incident_id)["undone"]
    resumed = sum(name in str(line) for line in undone for name in paused)
    return f"paused {', '.join(sorted(paused))} as a lease; {resumed} of {len(paused)} resumed"


def has_ended(incident: Incident, mitigation: Mitigation) -> bool:
    """Whether a mitigation has come to its end, good or bad."""
    action = incident.action(mitigation)
    return action is not None and action.state != "begun"


def _verified(stage: Stage) -> str:
    checks = verify_ledger(stage.app, None, lambda _line: None)
    broken = [check.model for check in checks if check.fault]
    return f"{len(checks)} chains, {len(broken)} broken"


# "Within seconds": the slowest that a loaded machine of two cores may take for five alerts.
_SECONDS = 20


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "First data, first champion",
        "A year of hourly data is uploaded. There is no champion to beat, but limits to meet.",
        "promoted by rule first_champion, champion is version 1",
        _decided(REVENUE, "first"),
    ),
    Chapter(
        "The next period",
        "Half a year more. Demand has grown; a model that has seen it should win on the newest rows.",
        "promoted by rule better, champion is version 2",
        _decided(REVENUE, "next_period"),
    ),
    Chapter(
        "A corrupt file",
        "An export went wrong in several ways at once. Nothing is trained on it, and the report names every way.",
        "halted, several rules broken, 1 warning incident, champion is version 2",
        _halted,
    ),
    Chapter(
        "A worse challenger",
        "The data passes its contract, but what was learned from it is worse: the export's clock was wrong.",
        "rejected by rule worse, champion is version 2",
        _decided(REVENUE, "worse"),
    ),
    Chapter(
        "Mixed evidence",
        "Fresher data with a hole in it: better by one measure, worse by another. That is for a person.",
        "flagged by rule mixed, champion is version 2, 1 review",
        _flagged,
    ),
    Chapter(
        "A person decides",
        "The review shows what is mixed, what waiting costs, and what happens if nobody answers. On-call approves.",
        "promoted by developer@localhost, champion is version 4",
        _reviewed,
    ),
    Chapter(
        "Killed in the middle",
        "The host is killed while the job trains. The run goes on where it was: one job run, one promotion.",
        "promoted, 1 job run, 1 promotion",
        _killed,
    ),
    Chapter(
        "The same event three times",
        "Event Grid delivers at least once. The last upload's event is delivered three times more.",
        "0 new runs",
        _repeated,
    ),
    Chapter(
        "A first evaluation that misses its limit",
        "Prices have risen. The retrained model misses a limit; planner, executor and critic try again, and get there.",
        "promoted after 2 rounds: retry, accept",
        _improved("tariff"),
    ),
    Chapter(
        "A hopeless case",
        "The export has lost which revenue belongs to which hour. No plan helps; on-call is notified.",
        "rejected after 3 rounds: retry, retry, reject; warning incident with the story of the rounds",
        _improved("hopeless"),
    ),
    Chapter(
        "Another model",
        "An anomaly detector is one more YAML file; it takes the same way.",
        "promoted by rule first_champion, champion is version 1",
        _decided(DETECTOR, "first"),
    ),
    Chapter(
        "The data drifts",
        "A drift alert retrains the model on its newest accepted data, once, through the same gate.",
        "1 retraining, decided by its own gate; the next drift alert waits for the cooldown",
        _drifted,
    ),
    Chapter(
        "The champion degrades",
        "The error in production has doubled, and five alerts say so. The champion before comes back, once.",
        "the champion before is back within seconds; 5 alerts, 1 incident, 1 rollback",
        _degraded,
    ),
    Chapter(
        "A person knows better",
        "Every mitigation can be taken back; who did it and why is in the ledger.",
        "1 mitigation undone, by developer@localhost",
        _undone,
    ),
    Chapter(
        "A message that nobody understands",
        "It is not lost: it is dead-lettered with its reason, shown, fixed and sent again.",
        "dead-lettered, reason named; fixed and redriven: critical pipeline, on-call paged",
        _poisoned,
    ),
    Chapter(
        "The budget is spent",
        "What says that it is not essential is paused as a lease, and nothing else; then the lease is ended.",
        "paused ad-hoc-queries, data-science-sandbox as a lease; 2 of 2 resumed",
        _overspent,
    ),
    Chapter(
        "The ledger",
        "Every decision was written down before it was acted on. The hash chains are verified.",
        "3 chains, 0 broken",
        _verified,
    ),
)
