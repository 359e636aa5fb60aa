"""The chapters of the story: what is done, what must come of it, and what did."""

from collections.abc import Callable
from dataclasses import dataclass

from cli.demo.narrator import first_line
from cli.demo.stage import Stage
from domain.names import POLL_JOB_STATUS
from local_host.datasets.source import DETECTOR, REVENUE


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
    alerts = [alert for alert in stage.items("alerts", model=REVENUE) if alert["run"] == run]
    rules = len(str(outcome.failure.fields["rules"]).split(", "))
    champion = stage.model(REVENUE).champion
    many = "several rules" if rules > 3 else f"{rules} rules"
    return f"{outcome.outcome}, {many} broken, {len(alerts)} alert, champion is version {champion}"


def _flagged(stage: Stage) -> str:
    observed = _decided(REVENUE, "mixed")(stage)
    reviews = stage.items("reviews", model=REVENUE)
    return f"{observed}, {len(reviews)} review"


def _killed(stage: Stage) -> str:
    moves = len(stage.model(REVENUE).moves)
    run = stage.upload(REVENUE, "kill")
    stage.await_step(run, POLL_JOB_STATUS)
    stage.narrator.tell(f"kill -9 of the functions host, process {stage.kill_host()}, while the job trains")
    stage.narrator.tell(f"the host is back after {stage.await_host():.1f} s")
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


def _verified(stage: Stage) -> str:
    checks = stage.items("ledger/verification")
    broken = [check["model"] for check in checks if check["fault"]]
    return f"{len(checks)} chains, {len(broken)} broken"


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
        "halted, several rules broken, 1 alert, champion is version 2",
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
        "Another model",
        "An anomaly detector is one more YAML file; it takes the same way.",
        "promoted by rule first_champion, champion is version 1",
        _decided(DETECTOR, "first"),
    ),
    Chapter(
        "The ledger",
        "Every decision was written down before it was acted on. The hash chains are verified.",
        "2 chains, 0 broken",
        _verified,
    ),
)
