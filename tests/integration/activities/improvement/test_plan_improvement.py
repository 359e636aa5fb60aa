"""Planning a round: the evidence is gathered, a planner proposes, the bounds dispose."""

import contextlib
import inspect
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import azure.durable_functions as df
import pytest
from mlflow import MlflowClient

from activities import registration
from activities.improvement.plan_improvement import plan_improvement
from evals.scripted_server import Reply, ScriptedServer, in_turn, scripted_server
from nightshift.clients.improvement.language_model import Deployment, OpenAILanguageModel
from nightshift.domain.improvement.actions.augment_data import AugmentData, ExponentialWeighting
from nightshift.domain.improvement.loop import Budget
from nightshift.domain.improvement.messages import PlanImprovementRequest
from nightshift.domain.improvement.token_usage import Reservation
from nightshift.domain.platform.errors import BlobMissingError, ServiceRefusedError
from nightshift.domain.platform.record_ports import TokenUsage
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.uploads.upload import BlobRef
from nightshift.domain.watch.fault import MOST_TRIES
from nightshift.wiring.services import LazyServices
from tests.support.failing_ports import Failing
from tests.support.improving import BAD, Improving, seen
from tests.support.incident_examples import signal
from tests.support.refusals import figures

pytestmark = pytest.mark.xdist_group("mlflow")

GOOD = {
    "action": {"kind": "adjust_training_window", "days": 365},
    "rationale": "the level has moved",
    "expected_effect": "r2 rises",
}
BY_LLM = {"planner": "llm"}
MakeLoop = Callable[..., Improving]


@pytest.fixture
def make_loop(services: LazyServices, mlflow_client: MlflowClient, model: str) -> MakeLoop:
    """A rejected challenger of a model of this test's own, under an improvement policy."""

    def make(**improvement: Any) -> Improving:
        return Improving(services, mlflow_client, model, improvement=improvement)

    return make


@contextmanager
def _answering(loop: Improving, *replies: Reply, seconds: float = 30) -> Iterator[ScriptedServer]:
    """Let a language model behind the real client answer the loop's planner."""
    with scripted_server(in_turn(replies)) as server:
        model = OpenAILanguageModel(server.base_url, Deployment("gpt-5-mini", timeout_seconds=seconds), api_key="local")
        loop.replace(language_model=model)
        yield server


def _says(value: Any) -> Reply:
    return Reply(text=value if isinstance(value, str) else json.dumps(value))


def _alert(loop: Improving, title: str) -> None:
    alert = AlertMessage(
        alert_id=f"{loop.model}-{title}",
        category="drift",
        model=loop.model,
        source="test",
        metric="psi",
        value=0.5,
        title=title,
        fired_at=loop.services.clock(),
    )
    loop.services.incidents.record(signal(alert))


def test_the_rules_plan_what_the_drift_of_the_score_run_asks_for(make_loop: MakeLoop) -> None:
    """The target has moved by a PSI of 0.6, as MLflow has it: recent rows shall count more, within the bounds."""
    loop = make_loop()
    result = loop.plan()
    assert result.planned.plan is not None
    assert result.planned.planned_by == "rules"
    assert result.planned.plan.action == AugmentData(weighting=ExponentialWeighting(half_life_days=180))
    assert "PSI 0.60, p 0.002" in result.planned.plan.rationale
    assert loop.spec.improvement.bounds.check(result.planned.plan.action) == ()


def test_a_repeat_plans_the_same(make_loop: MakeLoop) -> None:
    """Nothing is written and nothing is counted: a step that is delivered again comes to the same plan."""
    loop = make_loop()
    assert loop.plan() == loop.plan()
    assert loop.services.ledger.entries(loop.model) == ()


def test_what_was_tried_is_not_planned_again(make_loop: MakeLoop) -> None:
    """The second plan is another, whatever the critic said of the first."""
    loop = make_loop()
    first = loop.plan()
    result, _ = loop.round(BAD)
    assert first.planned.plan is not None
    loop.rounds[-1] = loop.rounds[-1].model_copy(update={"plan": first.planned.plan})
    second = loop.plan(result.evidence)
    assert second.planned.plan is not None
    assert second.planned.plan.fingerprint != first.planned.plan.fingerprint


def test_the_planner_sees_all_the_evidence(make_loop: MakeLoop) -> None:
    """Metrics with intervals, drift, alerts, the validation's warnings, rounds, feedback, budget and bounds."""
    loop = make_loop(**BY_LLM)
    _alert(loop, "the station's clock was changed")
    result, criticism = loop.round(BAD)
    with _answering(loop, _says(GOOD)) as server:
        planned = loop.plan(result.evidence, spent=Budget(job_runs=1, dbu=5, tokens=1_000))
    assert planned.planned.plan is not None
    shown = seen(server.requests[0])
    assert (shown["model"], shown["kind"], shown["target"]) == (loop.model, "regression", "revenue")
    assert {item["name"]: item["difference"] is not None for item in shown["metrics"]} == dict.fromkeys(
        ("rmse", "mae", "mape", "r2"), True
    )
    assert shown["drift"] == [
        {"feature": "revenue", "psi": 0.6, "moved": True, "p": 0.002},
        {"feature": "temp", "psi": 0.05, "moved": False, "p": 0.4, "new": 0.25},
    ]
    assert shown["alerts"] == [f"{loop.model}: the station's clock was changed"]
    assert shown["quality"] == {
        "rows": 8_000,
        "days": 600.0,
        "source": "synthetic: a test",
        "warnings": [
            f"{loop.model}/good.csv: temp is empty in 12 rows",
            f"{loop.model}/bad.csv was left out: 10 rows: at least 5000 are needed",
        ],
    }
    assert [item["judgement"] for item in shown["tried"]] == ["retry"]
    assert shown["feedback"] == criticism.feedback.to_json()
    assert shown["budget_left"] == {"job_runs": 5, "dbu": 15.0, "tokens": 49_000}
    assert shown["allowed"] == loop.spec.improvement.bounds.to_json()


def test_after_a_failed_round_the_last_evidence_counts(make_loop: MakeLoop) -> None:
    """The failed plan is under what was tried, with its error; the gaps are those of the last challenger."""
    loop = make_loop(**BY_LLM)
    loop.evaluate_round(None, error="job_failed: ValueError: too few rows")
    with _answering(loop, _says(GOOD)) as server:
        loop.plan()
    shown = seen(server.requests[0])
    assert shown["tried"][0]["error"] == "job_failed: ValueError: too few rows"
    assert shown["feedback"]["gaps"][0]["metric"] == "r2"


def test_an_allowed_proposal_is_the_plan(make_loop: MakeLoop) -> None:
    """With its tokens, under the language model's name."""
    loop = make_loop(**BY_LLM)
    with _answering(loop, _says(GOOD)):
        result = loop.plan()
    assert result.planned.plan is not None
    assert (result.planned.planned_by, result.planned.note) == ("llm", "")
    assert result.planned.plan.action.to_json() == GOOD["action"]
    assert 0 < result.planned.tokens <= loop.spec.improvement.budget.tokens


OUT_OF_RANGE = {**GOOD, "action": {"kind": "adjust_training_window", "days": 3000}}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (_says({**GOOD, "action": {"kind": "delete_everything"}}), "action.kind = 'delete_everything'"),
        (_says(OUT_OF_RANGE), "action.days = 3000"),
        (_says({**GOOD, "also_run": "rm -rf /"}), "also_run = 'rm -rf /'"),
        (_says(""), "the answer is empty"),
        (_says("x" * 50_000), "50000 characters: at most 16000"),
        (_says("I would rather not say."), "no JSON object"),
        (Reply(text=json.dumps(GOOD)[:40], finish="length"), "the answer was cut off"),
        (Reply(refusal="I cannot help with that."), "declined: I cannot help with that."),
        (Reply(finish="content_filter"), "the model declined"),
        (Reply(status=429), "no answer: "),
        (Reply(status=500), "no answer: "),
        (Reply(status=401), "no answer: "),
        (Reply(body="<html>sign in</html>", content_type="text/html"), "no chat completion"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_a_usable_proposal_the_rules_plan_and_say_why(make_loop: MakeLoop, reply: Reply, reason: str) -> None:
    """Whatever the service answers: the same plan as without it, labelled with the reason."""
    loop = make_loop(**BY_LLM)
    with _answering(loop, reply):
        result = loop.plan()
    assert result.planned.plan is not None
    assert result.planned.planned_by == "rules_after_llm"
    assert reason in result.planned.note
    assert result.planned.plan.action == AugmentData(weighting=ExponentialWeighting(half_life_days=180))


def test_a_proposal_outside_the_bounds_is_kept_with_the_rule_that_it_breaks(make_loop: MakeLoop) -> None:
    """People see what was proposed and not done."""
    loop = make_loop(**BY_LLM)
    with _answering(loop, _says(OUT_OF_RANGE)):
        result = loop.plan()
    assert [line.partition(" = ")[0] for line in result.planned.refused] == ["action.days"] * 2
    assert [figures(line) for line in result.planned.refused] == [["3000", "60", "730"]] * 2


def test_a_silent_service_is_waited_for_only_so_long(make_loop: MakeLoop) -> None:
    """Then the rules plan."""
    loop = make_loop(**BY_LLM)
    with _answering(loop, Reply(silent=True), seconds=0.2):
        result = loop.plan()
    assert (result.planned.planned_by, result.planned.tokens) == (
        "rules_after_llm",
        loop.services.token_usage.of_loop(loop.run),
    )
    assert result.planned.tokens > 0
    assert "no answer within 0.2 s" in result.planned.note


def test_what_a_killed_step_has_spent_is_counted_by_its_repeat(make_loop: MakeLoop) -> None:
    """The killed step reported no tokens; the ceiling and the round count them all the same."""
    loop = make_loop(**BY_LLM)
    killed = Reservation(loop=loop.run, model=loop.model, day="2026-11-29", tokens=9_000)
    assert loop.services.token_usage.reserve(killed, 50_000) == ""
    told = Budget(job_runs=1, dbu=1, tokens=2_000)
    with _answering(loop, _says(GOOD)) as server:
        result = loop.plan(spent=told)
    assert seen(server.requests[0])["budget_left"]["tokens"] == 50_000 - 9_000
    assert told.tokens + result.planned.tokens == loop.services.token_usage.of_loop(loop.run) > 9_000


class _Broken:
    """The table of tokens, which takes no further question once the loop has asked one."""

    def __init__(self, usage: TokenUsage, error: Exception) -> None:
        self._usage = usage
        self._error = error

    def of_loop(self, loop: str) -> int:
        return self._usage.of_loop(loop)

    def settle(self, reserved: Reservation, tokens: int) -> None:
        self._usage.settle(reserved, tokens)

    def reserve(self, wanted: Reservation, loop_ceiling: int) -> str:
        if self.of_loop(wanted.loop):
            raise self._error
        return self._usage.reserve(wanted, loop_ceiling)


def _step(loop: Improving, spent: Budget | None = None) -> Failure:
    """How the step fails, as its orchestrator sees it: called by its message's JSON, again as long as it raises."""
    app = df.DFApp()
    app.register_functions(registration.blueprint(lambda: loop.services))
    (step,) = [item for item in app.get_functions() if item.get_function_name() == "plan_improvement"]
    call = inspect.unwrap(step.get_user_function())
    for _ in range(MOST_TRIES - 1):
        with contextlib.suppress(TypeError):
            return Failure.from_json(call(loop.planning(spent=spent).to_json())["failure"])
    return Failure.from_json(call(loop.planning(spent=spent).to_json())["failure"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServiceRefusedError("Table storage", "403", "give it the role"), "service_refused"),
        (TypeError("a mistake of ours"), "internal_error"),
    ],
    ids=["refused", "unknown"],
)
def test_a_step_that_fails_says_what_it_has_spent(make_loop: MakeLoop, error: Exception, code: str) -> None:
    """It broke between two questions, for whatever reason: the first one was paid for."""
    loop = make_loop(**BY_LLM)
    usage = loop.services.token_usage
    loop.replace(token_usage=_Broken(usage, error))
    with _answering(loop, _says("prose"), _says(GOOD)):
        failure = _step(loop)
    assert (failure.step, failure.code) == ("plan_improvement", code)
    assert failure.fields["tokens"] == usage.of_loop(loop.run) > 0


def test_a_step_that_fails_before_it_asks_says_what_a_killed_try_has_spent(make_loop: MakeLoop) -> None:
    """The evidence cannot be gathered any more; what the loop has been told of is not counted twice."""
    loop = make_loop(**BY_LLM)
    killed = Reservation(loop=loop.run, model=loop.model, day="2026-11-29", tokens=9_000)
    assert loop.services.token_usage.reserve(killed, 50_000) == ""
    refused = ServiceRefusedError("Table storage", "403", "give it the role")
    loop.replace(incidents=Failing(loop.services.incidents, "all", refused))
    failure = _step(loop, Budget(job_runs=1, dbu=1, tokens=2_000))
    assert (failure.code, failure.fields["tokens"]) == ("service_refused", 7_000)


def test_a_failure_whose_cost_cannot_be_read_is_told_all_the_same(make_loop: MakeLoop) -> None:
    """The table of tokens refuses, too: what failed first is known."""
    loop = make_loop()
    gone = ServiceRefusedError("Table storage", "403", "give it the role")
    broken = ServiceRefusedError("MLflow", "403", "give it the role")
    loop.replace(
        token_usage=Failing(loop.services.token_usage, "of_loop", gone),
        registry=Failing(loop.services.registry, "run_metrics", broken),
    )
    failure = _step(loop)
    assert (failure.message, "tokens" in failure.fields) == (broken.message, False)


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [null]}',
        '{"choices": "abc"}',
        '{"choices": [{"message": null}]}',
        '{"choices": [{"message": "text"}]}',
        '{"choices": [{"message": {"content": 7}}]}',
        '{"choices": [{"message": {"content": {}, "refusal": {}}}], "usage": {}}',
    ],
)
def test_a_body_of_another_shape_never_fails_the_loop(make_loop: MakeLoop, body: str) -> None:
    """The rules plan, with the reason."""
    loop = make_loop(**BY_LLM)
    with _answering(loop, Reply(body=body)):
        result = loop.plan()
    assert result.planned.plan is not None
    assert result.planned.planned_by == "rules_after_llm"
    assert result.planned.note.startswith("no answer: ")
    assert "no chat completion: " in result.planned.note


@pytest.mark.parametrize("usage", [None, {}, [], {"total_tokens": None}, {"total_tokens": -15}, {"total_tokens": 0}])
def test_a_plan_without_a_count_is_taken_at_its_dearest(make_loop: MakeLoop, usage: Any) -> None:
    """A count below one would end the loop after its job has run, or leave every round free."""
    loop = make_loop(**BY_LLM)
    body = json.dumps({"choices": [{"message": {"content": json.dumps(GOOD)}}], "usage": usage})
    with _answering(loop, Reply(body=body)):
        result = loop.plan()
    assert result.planned.planned_by == "llm"
    assert result.planned.tokens > 5_000


def test_an_identity_without_a_token_does_not_stop_the_loop(make_loop: MakeLoop) -> None:
    """Nothing is sent; the rules plan, and the round says what is missing."""
    loop = make_loop(**BY_LLM)

    def no_token() -> str:
        raise ServiceRefusedError("language model", "no token: no identity is assigned", "give it the role")

    model = OpenAILanguageModel("http://127.0.0.1:9/v1/", Deployment("gpt-5-mini"), no_token)
    loop.replace(language_model=model)
    result = loop.plan()
    assert result.planned.planned_by == "rules_after_llm"
    assert "no token: " in result.planned.note


def test_a_language_model_that_is_not_set_up_is_reported(make_loop: MakeLoop) -> None:
    """The spec asks for one, the settings name none."""
    result = make_loop(**BY_LLM).plan()
    assert "none is set up" in result.planned.note


def test_without_tokens_nobody_is_asked(make_loop: MakeLoop) -> None:
    """The ceiling is kept before the question, and the rules plan."""
    loop = make_loop(**BY_LLM)
    with _answering(loop, _says(GOOD)) as server:
        result = loop.plan(spent=Budget(job_runs=0, dbu=0, tokens=49_000))
    assert server.requests == []
    assert (result.planned.planned_by, result.planned.tokens) == ("rules_after_llm", 0)


@pytest.mark.parametrize("planner", ["rules", "llm"])
def test_a_spec_that_allows_no_action_gets_no_plan(make_loop: MakeLoop, planner: str) -> None:
    """Nobody is asked, nothing is ordered, and that is no failure."""
    loop = make_loop(planner=planner, bounds={})
    with _answering(loop, _says(GOOD)) as server:
        result = loop.plan()
    assert server.requests == []
    assert result.planned.plan is None


def test_without_budget_there_is_no_plan(make_loop: MakeLoop) -> None:
    """Nothing is left of the job runs."""
    result = make_loop().plan(spent=Budget(job_runs=6, dbu=1, tokens=0))
    assert result.planned.plan is None


def test_measures_that_are_no_numbers_are_not_measured(make_loop: MakeLoop) -> None:
    """MLflow keeps NaN: no drift is read from it, and no window is guessed where the days are not known."""
    loop = make_loop(bounds={"actions": ["adjust_training_window"]})
    drift = {"drift.revenue": math.nan, "drift.temp": 0.4, "drift_p.temp": 0.01}
    loop.score(1, BAD, metrics={**drift, "training_seconds": math.nan})
    result = loop.plan(loop.evaluated(1))
    assert result.planned.plan is None
    loop.score(2, BAD, metrics={**drift, "training_seconds": 600 * 86_400.0})
    result = loop.plan(loop.evaluated(2))
    assert result.planned.plan is not None
    assert "temp (PSI 0.40, p 0.01)" in result.planned.plan.rationale


def test_missing_measures_are_not_measured(make_loop: MakeLoop) -> None:
    """A year of history is missing, or the job is older: the parameters are searched, and no window is guessed."""
    loop = make_loop()
    loop.score(1, BAD, metrics={})
    result = loop.plan(loop.evaluated(1))
    assert result.planned.plan is not None
    assert result.planned.plan.action.kind == "tune_hyperparameters"
    assert "no reference of the same season" in result.planned.plan.rationale


def test_evidence_that_is_gone_is_refused(make_loop: MakeLoop) -> None:
    """The error names the blob; nothing is planned from nothing."""
    loop = make_loop()
    gone = BlobRef(container="evidence", name="runs/gone.json")
    request = PlanImprovementRequest(
        model=loop.model,
        run=loop.run,
        manifest=loop.manifest,
        evidence=gone,
        rounds=(),
        spent=Budget(job_runs=0, dbu=0, tokens=0),
    )
    with pytest.raises(BlobMissingError) as refused:
        plan_improvement(loop.services, request)
    assert (refused.value.code, refused.value.fields["url"].endswith(gone.name)) == ("blob_missing", True)
