"""Who plans: the rules by default, the language model on request, the rules again whenever it fails."""

import json
from collections.abc import Callable

from agents.improvement.planner.planner import plan
from agents.improvement.planner.rules import plan_by_rules
from nightshift.domain.improvement.actions.table import PlanBounds
from nightshift.domain.improvement.language_model import Completion, Prompt
from nightshift.domain.improvement.loop import ImprovementPolicy, PlanningEvidence

MakeEvidence = Callable[..., PlanningEvidence]

LLM = ImprovementPolicy(planner="llm")
ANSWER = {"action": {"kind": "adjust_training_window", "days": 365}, "rationale": "r", "expected_effect": "e"}


class Answering:
    """Implements LanguageModel: always the same words."""

    def __init__(self, text: str) -> None:
        self._text = text

    def most_tokens(self, prompt: Prompt) -> int:
        """A bound."""
        return 500

    def complete(self, prompt: Prompt) -> Completion:
        """The words."""
        return Completion(text=self._text, finish="stop", tokens=50, model="scripted")


def test_the_rules_plan_by_default(make_evidence: MakeEvidence) -> None:
    """A model that is set up is not asked unless the policy says so."""
    found = plan(make_evidence(), ImprovementPolicy(), Answering(json.dumps(ANSWER)))
    assert (found.planned_by, found.plan, found.tokens) == ("rules", plan_by_rules(make_evidence()), 0)


def test_the_language_model_plans_on_request(make_evidence: MakeEvidence) -> None:
    """Its plan, its tokens, its label."""
    found = plan(make_evidence(), LLM, Answering(json.dumps(ANSWER)))
    assert found.plan is not None
    assert (found.planned_by, found.plan.action.kind, found.tokens) == ("llm", "adjust_training_window", 50)


def test_the_rules_stand_in_with_the_reason(make_evidence: MakeEvidence) -> None:
    """The label says so, and the tokens of the attempt are counted."""
    found = plan(make_evidence(), LLM, Answering("prose"))
    assert (found.planned_by, found.plan, found.tokens) == ("rules_after_llm", plan_by_rules(make_evidence()), 100)
    assert found.note.startswith("2 answers were not usable")


def test_a_refused_proposal_is_kept_on_record(make_evidence: MakeEvidence) -> None:
    """People see what the model wanted."""
    outside = {**ANSWER, "action": {"kind": "adjust_training_window", "days": 1}}
    found = plan(make_evidence(), LLM, Answering(json.dumps(outside)))
    assert found.planned_by == "rules_after_llm"
    assert found.refused[0].startswith("action.days = 1:")


def test_no_language_model_is_said(make_evidence: MakeEvidence) -> None:
    """A policy that asks for one where none is set up does not stop the loop."""
    found = plan(make_evidence(), LLM, None)
    assert found.planned_by == "rules_after_llm"
    assert "none is set up" in found.note


def test_no_action_allowed_is_no_plan_whoever_plans(make_evidence: MakeEvidence) -> None:
    """A spec that allows nothing stays without a plan, and nobody is asked."""
    found = plan(make_evidence(bounds=PlanBounds()), LLM, Answering(json.dumps(ANSWER)))
    assert (found.plan, found.note, found.tokens) == (None, "the spec allows no action", 0)
