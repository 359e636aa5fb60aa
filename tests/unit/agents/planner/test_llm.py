"""The language model planner: every way in which an answer is none, and what is never let through."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from agents.planner.llm import propose
from domain.errors import ServiceRefusedError, ServiceUnavailableError
from domain.improvement import Budget, PlanningEvidence, Round
from domain.language_model import Completion, Finish, Prompt
from domain.plan import AdjustTrainingWindow, Plan

MakeEvidence = Callable[..., PlanningEvidence]
MakeRound = Callable[..., Round]

GOOD = {
    "action": {"kind": "adjust_training_window", "days": 365},
    "rationale": "the level has moved",
    "expected_effect": "r2 rises",
}
OUTSIDE = {**GOOD, "action": {"kind": "adjust_training_window", "days": 3000}}
PLAN = Plan.model_validate(GOOD)


class ScriptedModel:
    """Implements LanguageModel; an exception in the script is raised."""

    def __init__(self, *script: Completion | Exception, most: int = 1_000) -> None:
        self._script = list(script)
        self._most = most
        self.prompts: list[Prompt] = []

    def most_tokens(self, prompt: Prompt) -> int:
        """The same for every prompt."""
        return self._most

    def complete(self, prompt: Prompt) -> Completion:
        """The next answer of the script."""
        self.prompts.append(prompt)
        answer = self._script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def says(value: Any, finish: Finish = "stop") -> Completion:
    """An answer of 100 tokens."""
    return Completion(
        text=value if isinstance(value, str) else json.dumps(value), finish=finish, tokens=100, model="scripted"
    )


def test_a_good_answer_is_the_plan(make_evidence: MakeEvidence) -> None:
    """One question, one plan, its tokens counted."""
    model = ScriptedModel(says(GOOD))
    found = propose(make_evidence(), model)
    assert (found.plan, found.tokens, found.note, found.refused, len(model.prompts)) == (PLAN, 100, "", (), 1)


def test_fenced_json_is_read(make_evidence: MakeEvidence) -> None:
    """A fence around the whole answer is taken off; nothing else is."""
    assert propose(make_evidence(), ScriptedModel(says(f"```json\n{json.dumps(GOOD)}\n```"))).plan == PLAN


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("I would adjust the window to a year.", "the answer is no JSON object"),
        (f"Here you go:\n```json\n{json.dumps(GOOD)}\n```", "the answer is no JSON object"),
        ("", "the answer is empty"),
        ("   \n", "the answer is empty"),
        ("x" * 50_000, "the answer has 50000 characters: at most 16000"),
        ("[" * 15_000, "the answer is no JSON object"),
        ("null", "plan: Input should be"),
        ({**GOOD, "action": {"kind": "delete_everything"}}, "action: Input tag 'delete_everything'"),
        ({**GOOD, "also_run": "rm"}, "also_run: Extra inputs are not permitted"),
        (
            {**GOOD, "action": {"kind": "adjust_training_window", "days": "NaN"}},
            "days: Input should be a valid integer",
        ),
        ('{"action": 1, "action": 2}', "a key is named twice"),
    ],
)
def test_an_unusable_answer_is_mended_once(make_evidence: MakeEvidence, answer: Any, problem: str) -> None:
    """The model hears what was wrong, and its second answer counts."""
    model = ScriptedModel(says(answer), says(GOOD))
    found = propose(make_evidence(), model)
    assert (found.plan, found.tokens, len(model.prompts)) == (PLAN, 200, 2)
    assert problem in found.note
    assert problem in model.prompts[1].turns[-1].text.replace("\\u0027", "'")


def test_two_unusable_answers_are_the_end(make_evidence: MakeEvidence) -> None:
    """No third question; the note says what was wrong with the second."""
    model = ScriptedModel(says("no"), says("no again"))
    found = propose(make_evidence(), model)
    assert (found.plan, found.tokens, len(model.prompts)) == (None, 200, 2)
    assert found.note.startswith("2 answers were not usable: the answer is no JSON object")


def test_a_cut_answer_is_asked_for_again_shorter(make_evidence: MakeEvidence) -> None:
    """Half a plan is no plan, even if it happens to parse."""
    model = ScriptedModel(says(GOOD, "length"), says(GOOD))
    found = propose(make_evidence(), model)
    assert (found.plan, found.note) == (PLAN, "mended after: the answer was cut off: it must be shorter")


def test_a_refusal_is_not_argued_with(make_evidence: MakeEvidence) -> None:
    """One question, and the words of the refusal."""
    model = ScriptedModel(says("I cannot help.", "refused"))
    found = propose(make_evidence(), model)
    assert (found.plan, found.note, len(model.prompts)) == (None, "the model declined: I cannot help.", 1)


@pytest.mark.parametrize(
    "error",
    [ServiceUnavailableError("language model", "429"), ServiceRefusedError("language model", "401", "check the role")],
)
def test_a_service_that_fails_is_a_failed_proposal(make_evidence: MakeEvidence, error: Exception) -> None:
    """Typed failures of the client become the reason."""
    found = propose(make_evidence(), ScriptedModel(error))
    assert (found.plan, found.note) == (None, f"no answer: {error}")


def test_a_plan_outside_the_bounds_is_refused_and_named(make_evidence: MakeEvidence) -> None:
    """Twice proposed, twice refused, never returned."""
    found = propose(make_evidence(), ScriptedModel(says(OUTSIDE), says(OUTSIDE)))
    assert found.plan is None
    assert found.refused == ("action.days = 3000: must lie from 60 to 730",) * 2


def test_a_plan_that_was_tried_is_refused(make_evidence: MakeEvidence, make_round: MakeRound) -> None:
    """Other words for the same action are the same plan."""
    evidence = make_evidence(tried=(make_round(PLAN.model_copy(update={"rationale": "other words"})),))
    found = propose(evidence, ScriptedModel(says(GOOD), says(GOOD)))
    assert found.plan is None
    assert found.refused[0].endswith("this very plan was tried in an earlier round")


def test_the_token_budget_is_kept_before_asking(make_evidence: MakeEvidence) -> None:
    """A question that could cost more than is left is not asked; the repair counts what is spent."""
    model = ScriptedModel(says("prose"), says(GOOD), most=1_000)
    found = propose(make_evidence(left=Budget(tokens=999)), model)
    assert (found.note, len(model.prompts)) == ("the question may cost 1000 tokens, 999 are left", 0)
    found = propose(make_evidence(left=Budget(tokens=1_050)), model)
    assert (found.note, found.tokens, len(model.prompts)) == ("the question may cost 1000 tokens, 950 are left", 100, 1)


def test_without_a_job_run_left_nobody_is_asked(make_evidence: MakeEvidence) -> None:
    """A plan that cannot be carried out is not worth its tokens."""
    found = propose(make_evidence(left=Budget(job_runs=0)), ScriptedModel())
    assert found.note == "the budget has no room for another job run"


def test_words_of_an_answer_stay_short_and_visible(make_evidence: MakeEvidence) -> None:
    """Half surrogates and floods in keys of an answer do no harm to notes, prompts or the budget."""
    wild = '{"\\ud800\\u202e' + "k" * 5_000 + '": 1}'
    model = ScriptedModel(says(wild), says(wild))
    found = propose(make_evidence(), model)
    assert found.plan is None
    assert found.note.isascii()
    assert len(found.note) < 2_000
    assert AdjustTrainingWindow(days=365) == PLAN.action
