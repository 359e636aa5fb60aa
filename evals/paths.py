"""From a case to what the agents make of it: by the rules, and by a language model over the wire."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from agents.improvement.critic import evaluate_round
from agents.improvement.planner.planner import plan
from agents.improvement.planner.prompt import planning_prompt
from evals.cases import EarlierRound, PlanningCase, RedTeamCase, ScriptedAnswer, TriedPlan, VerdictCase, base_evidence
from evals.scripted_server import Reply, in_turn, scripted_server
from nightshift.clients.improvement.language_model import Deployment, OpenAILanguageModel
from nightshift.domain.improvement.loop import (
    Budget,
    Critique,
    Feedback,
    ImprovementPolicy,
    MetricGap,
    Planned,
    PlanningEvidence,
    Round,
)
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.spec import EvaluationPolicy, Metric

RULES = ImprovementPolicy(planner="rules")
LLM = ImprovementPolicy(planner="llm")
# One of each family, in turn; silence is waited for only briefly.
_MODELS = ("gpt-4o", "gpt-5-mini", "o4-mini")
_RETRYING, _BRIEF = 30.0, 0.3
_METRICS = (Metric(name="rmse"), Metric(name="mae"), Metric(name="r2", tracked=False, minimum=0.5))


class ChangingScript:
    """What the server answers; another one for each case."""

    def __init__(self) -> None:
        self._script = in_turn([Reply()])

    def __call__(self, asked: dict[str, Any]) -> Reply:
        """The next reply."""
        return self._script(asked)

    def load(self, replies: Sequence[Reply]) -> None:
        """Set what comes next."""
        self._script = in_turn(replies)


class WireModels:
    """The real client, one per family, against one scripted server."""

    def __init__(self, base_url: str, script: ChangingScript) -> None:
        self._script = script
        self._models = {
            (name, seconds): OpenAILanguageModel(
                base_url, Deployment(name=name, timeout_seconds=seconds), api_key="local"
            )
            for name in _MODELS
            for seconds in (_RETRYING, _BRIEF)
        }

    def load(self, replies: Sequence[Reply], number: int) -> OpenAILanguageModel:
        """Set what comes next, and choose the client."""
        self._script.load(replies)
        seconds = _BRIEF if any(reply.silent for reply in replies) else _RETRYING
        return self._models[_MODELS[number % len(_MODELS)], seconds]


@contextmanager
def wire_models() -> Iterator[WireModels]:
    """Serve, and hand out clients."""
    script = ChangingScript()
    with scripted_server(script) as server:
        yield WireModels(server.base_url, script)


def evidence_of(case: PlanningCase) -> PlanningEvidence:
    """The evidence of a planning case."""
    base = base_evidence(case.base)
    tried = [_round(item, number) for number, item in enumerate(case.tried, start=1)]
    given = {**base, **case.change, "bounds": {**base["bounds"], **case.bounds}}
    return PlanningEvidence.model_validate({**given, "tried": tried})


def planted_evidence(case: RedTeamCase, text: str) -> PlanningEvidence:
    """The evidence of a red-team case with this text in its place."""
    base = base_evidence(case.base)
    action = {"kind": "adjust_training_window", "days": 90}
    reason = text if case.where == "criticism" else "r2 is below its limit"
    feedback = Feedback(gaps=(), likely_reason=text if case.where == "feedback" else "the effect is within noise")
    criticism = Critique(judgement="retry", rule="limit_missed", reason=reason, feedback=feedback, confidence=0.97)
    tried = _round(TriedPlan(action=action, error=text if case.where == "error" else ""), 1)
    slices = [
        {
            "column": text,
            "value": text,
            "rows": 90,
            "metric": "rmse",
            "champion": 1,
            "challenger": 1,
            "verdict": "equal",
        }
    ]
    planted = {
        "alerts": [text] if case.where == "alert" else ["RMSE of the model is high"],
        "drift": [*base["drift"], {"feature": text, "psi": 0.2}] if case.where == "feature" else base["drift"],
        "quality": {**base["quality"], "warnings": [text] if case.where == "warning" else []},
        "slices": slices if case.where == "slice" else [],
        "feedback": feedback,
        "tried": [tried.model_copy(update={"criticism": criticism})],
    }
    return PlanningEvidence.model_validate({**base, **planted})


def by_rules(evidence: PlanningEvidence) -> Planned:
    """Plan without a language model."""
    return plan(evidence, RULES, None)


def by_wire(evidence: PlanningEvidence, answers: Sequence[ScriptedAnswer], models: WireModels, number: int) -> Planned:
    """Plan with a language model that answers as scripted."""
    return plan(evidence, LLM, models.load([_reply(answer) for answer in answers], number))


def good_answer(case: PlanningCase, evidence: PlanningEvidence) -> tuple[ScriptedAnswer, ...]:
    """What a good language model says: the first acceptable plan; prose where no plan is right."""
    action = case.acceptable[0].example(evidence.bounds)
    return (ScriptedAnswer(text="There is nothing to do.") if action is None else ScriptedAnswer(action=action),)


def delimited(evidence: PlanningEvidence, text: str) -> bool:
    """Whether outside text stays within the evidence: one pair of delimiters, ASCII, instructions untouched."""
    instruction, user = planning_prompt(evidence).turns
    pairs = (user.text.count("<evidence>"), user.text.count("</evidence>"))
    return pairs == (1, 1) and user.text.isascii() and text not in instruction.text


def judge(case: VerdictCase) -> Critique:
    """The critic's verdict on a case."""
    evaluation = EvaluationPolicy(metrics=_METRICS)
    earlier = tuple(_earlier(item, number) for number, item in enumerate(case.earlier, start=1))
    last = _round(TriedPlan(action=_window(len(earlier) + 1), error=case.error), len(earlier) + 1)
    return evaluate_round(
        None if case.metrics is None else _evidence(case),
        evaluation,
        rounds=(*earlier, last),
        policy=ImprovementPolicy.model_validate(case.policy),
        spent=case.spent,
        start=None if case.start_gap is None else _limit_feedback(case.start_gap, None),
    )


def _reply(answer: ScriptedAnswer) -> Reply:
    text = (answer.text or "") * answer.repeat
    if answer.action is not None:
        plan_json = {"action": answer.action, "rationale": "as the figures say", "expected_effect": "r2 rises"}
        text = json.dumps(plan_json)
    if answer.fenced:
        text = f"```json\n{text}\n```"
    return Reply(text=text, finish=answer.finish, refusal=answer.refusal, status=answer.status, silent=answer.silent)


def _round(item: TriedPlan, number: int) -> Round:
    made = Plan.model_validate({"action": item.action, "rationale": "earlier", "expected_effect": "some"})
    spent = Budget(job_runs=1, dbu=item.dbu, tokens=0)
    return Round(number=number, plan=made, planned_by="rules", spent=spent, error=item.error)


def _window(number: int) -> dict[str, Any]:
    return {"kind": "adjust_training_window", "days": 100 + number}


def _earlier(item: EarlierRound, number: int) -> Round:
    feedback = (
        Feedback(gaps=(), likely_reason="the job run failed")
        if item.gap is None
        else _limit_feedback(item.gap, item.progress)
    )
    criticism = Critique(judgement="retry", rule="limit_missed", reason="r", feedback=feedback, confidence=0.97)
    return _round(TriedPlan(action=_window(number), error=item.error), number).model_copy(
        update={"criticism": criticism}
    )


def _limit_feedback(gap: float, progress: float | None) -> Feedback:
    missed = MetricGap(metric="r2", value=0.5 - gap, wanted=0.5, gap=gap, because="limit")
    return Feedback(gaps=(missed,), likely_reason="not far enough", progress=progress)


def _evidence(case: VerdictCase) -> Evidence:
    assert case.metrics is not None, "a case of a critique has metrics"
    return Evidence(
        model="revenue_forecast",
        challenger_version="8",
        champion_version=case.champion,
        rows=2_172,
        metrics=case.metrics,
        slices=case.slices,
        score_run="score",
        train_run="train",
        evaluation_set_digest="e",
        predictions_digest="p",
        dataset_digest="d",
        data_source="synthetic",
        policy_digest="pd",
        spec_digest="sd",
    )
