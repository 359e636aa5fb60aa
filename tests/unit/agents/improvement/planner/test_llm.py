"""The language model planner: every way in which an answer is none, and what is never let through."""

import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from agents.improvement.planner.llm import propose
from nightshift.domain.improvement.language_model import Completion, Finish, Prompt
from nightshift.domain.improvement.loop import Budget, PlanningEvidence, Round
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.platform.text import escaped

MakeEvidence = Callable[..., PlanningEvidence]
MakeRound = Callable[..., Round]

GOOD = {
    "action": {"kind": "adjust_training_window", "days": 365},
    "rationale": "the level has moved",
    "expected_effect": "r2 rises",
}
OUTSIDE = {**GOOD, "action": {"kind": "adjust_training_window", "days": 3000}}
PLAN = Plan.model_validate(GOOD)


def _figures(note: str) -> list[int]:
    """The whole numbers of a note, in their order."""
    return [int(figure) for figure in re.findall(r"\d+", note)]


def searched(**change: Any) -> dict[str, Any]:
    """An answer that searches one range."""
    found = {"kind": "range", "parameter": "learning_rate", "low": 0.01, "high": 0.3, "log": True, **change}
    return {**GOOD, "action": {"kind": "tune_hyperparameters", "search_space": [found], "trials": 20, "seed": 1}}


def weighted(weight: Any) -> dict[str, Any]:
    """An answer that weighs recent rows."""
    return {
        **GOOD,
        "action": {"kind": "augment_data", "weighting": {"kind": "step", "recent_days": 30, "weight": weight}},
    }


class ScriptedModel:
    """Implements LanguageModel."""

    def __init__(self, *script: Completion, most: int = 1_000) -> None:
        self._script = list(script)
        self._most = most
        self.prompts: list[Prompt] = []

    def most_tokens(self, prompt: Prompt) -> int:
        """The same for every prompt."""
        return self._most

    def complete(self, prompt: Prompt) -> Completion:
        """The next answer of the script."""
        self.prompts.append(prompt)
        return self._script.pop(0)


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
        ("I would adjust the window to a year.", "no JSON object"),
        (f"Here you go:\n```json\n{json.dumps(GOOD)}\n```", "no JSON object"),
        ("", "the answer is empty"),
        ("   \n", "the answer is empty"),
        ("x" * 50_000, "50000 characters: at most 16000"),
        ("[" * 15_000, "no JSON object"),
        ("null", "plan = None: .* object"),
        ({**GOOD, "action": {"kind": "delete_everything"}}, "action.kind = 'delete_everything': .*one of"),
        ({**GOOD, "also_run": "rm"}, "also_run = 'rm': is no field"),
        *(
            (
                {**GOOD, "action": {"kind": "adjust_training_window", "days": days}},
                "days = .* whole number",
            )
            for days in ("NaN", "365", " 365 ", "3_6_5", "yes", True, 365.5, 1e400, [365], None)
        ),
        (json.dumps(GOOD).replace("365", "3.65e2"), "days = .* whole number"),
        ({**GOOD, "rationale": 7}, "rationale = 7: must be text"),
        (weighted("100"), "weight = .* a number"),
        (weighted(True), "weight = .* a number"),
        (searched(log="yes"), "log = .* true or false"),
        (searched(log=1), "log = .* true or false"),
        (searched(low="0.1"), "low = .* a number"),
        (searched(low=False), "low = .* a number"),
        ('{"action": 1, "action": 2}', "a key is named twice"),
        ('{"action": 1, "\\u0061ction": 2}', "a key is named twice"),
    ],
)
def test_an_unusable_answer_is_mended_once(make_evidence: MakeEvidence, answer: Any, problem: str) -> None:
    """The model hears what was wrong, and its second answer counts."""
    model = ScriptedModel(says(answer), says(GOOD))
    found = propose(make_evidence(), model)
    assert (found.plan, found.tokens, len(model.prompts)) == (PLAN, 200, 2)
    assert re.search(problem, found.note)
    assert re.search(problem, model.prompts[1].turns[-1].text.replace("\\u0027", "'"))


def test_a_whole_number_may_be_written_as_one(make_evidence: MakeEvidence) -> None:
    """Strict types take every number for a number that JSON knows only one kind of."""
    answer = searched(low=0.02)
    answer["action"]["search_space"][0] |= {"parameter": "max_iter", "low": 100, "high": 400}
    assert propose(make_evidence(), ScriptedModel(says(answer))).plan is not None


def test_two_unusable_answers_are_the_end(make_evidence: MakeEvidence) -> None:
    """No third question; the note says what was wrong with the second."""
    model = ScriptedModel(says("no"), says("no again"))
    found = propose(make_evidence(), model)
    assert (found.plan, found.tokens, len(model.prompts)) == (None, 200, 2)
    assert found.note.startswith("2 answers ")
    assert "no JSON object" in found.note


def test_a_cut_answer_is_asked_for_again_shorter(make_evidence: MakeEvidence) -> None:
    """Half a plan is no plan, even if it happens to parse."""
    model = ScriptedModel(says(GOOD, "length"), says(GOOD))
    found = propose(make_evidence(), model)
    assert (found.plan, len(model.prompts)) == (PLAN, 2)
    assert "cut off" in found.note


def test_a_refusal_is_not_argued_with(make_evidence: MakeEvidence) -> None:
    """One question, and the words of the refusal."""
    model = ScriptedModel(says("I cannot help.", "refused"))
    found = propose(make_evidence(), model)
    assert (found.plan, len(model.prompts)) == (None, 1)
    assert "I cannot help." in found.note


def test_a_request_that_fails_is_a_failed_proposal(make_evidence: MakeEvidence) -> None:
    """Its reason is reported, its cost counts, and nothing is there to be mended."""
    model = ScriptedModel(says("HTTP 500", "failed"), says(GOOD))
    found = propose(make_evidence(), model)
    assert (found.plan, found.note, found.tokens, len(model.prompts)) == (None, "no answer: HTTP 500", 100, 1)


def test_an_allowance_that_reasoning_used_up_is_not_spent_twice(make_evidence: MakeEvidence) -> None:
    """A shorter answer is no cure; the note says what to set."""
    model = ScriptedModel(says("  ", "length"), says(GOOD))
    found = propose(make_evidence(), model)
    assert (found.plan, found.tokens, len(model.prompts)) == (None, 100, 1)
    assert "NIGHTSHIFT_LLM_REASONING_EFFORT" in found.note


def test_a_plan_outside_the_bounds_is_refused_and_named(make_evidence: MakeEvidence) -> None:
    """Twice proposed, twice refused, never returned."""
    found = propose(make_evidence(), ScriptedModel(says(OUTSIDE), says(OUTSIDE)))
    assert found.plan is None
    assert [refused.partition(":")[0] for refused in found.refused] == ["action.days = 3000"] * 2


def test_a_plan_that_was_tried_is_refused(make_evidence: MakeEvidence, make_round: MakeRound) -> None:
    """Other words for the same action are the same plan."""
    evidence = make_evidence(tried=(make_round(PLAN.model_copy(update={"rationale": "other words"})),))
    found = propose(evidence, ScriptedModel(says(GOOD), says(GOOD)))
    assert found.plan is None
    assert "tried in an earlier round" in found.refused[0]


def test_a_plan_that_differs_by_nothing_that_matters_was_tried(
    make_evidence: MakeEvidence, make_round: MakeRound
) -> None:
    """Another seed, a trial less, one unit in the last place: a job run for the same."""
    tried = Plan.model_validate(searched())
    near = searched(low=math.nextafter(0.01, 1))
    near["action"] |= {"seed": 2, "trials": 19}
    found = propose(make_evidence(tried=(make_round(tried),)), ScriptedModel(says(near), says(near)))
    assert found.plan is None
    assert "tried in an earlier round" in found.refused[0]


def test_a_range_without_room_is_refused(make_evidence: MakeEvidence) -> None:
    """It would crash the sampler after the cluster was paid for."""
    model = ScriptedModel(says(searched(high=math.nextafter(0.01, 1))), says(GOOD))
    found = propose(make_evidence(), model)
    assert found.plan == PLAN
    assert "further apart" in found.refused[0]


def test_the_token_budget_is_kept_before_asking(make_evidence: MakeEvidence) -> None:
    """A question that could cost more than is left is not asked; the repair counts what is spent."""
    model = ScriptedModel(says("prose"), says(GOOD), most=1_000)
    found = propose(make_evidence(left=Budget(tokens=999)), model)
    assert (_figures(found.note), len(model.prompts)) == ([1000, 999], 0)
    found = propose(make_evidence(left=Budget(tokens=1_050)), model)
    assert (_figures(found.note), found.tokens, len(model.prompts)) == ([1000, 950], 100, 1)


def test_without_a_job_run_left_nobody_is_asked(make_evidence: MakeEvidence) -> None:
    """A plan that cannot be carried out is not worth its tokens."""
    model = ScriptedModel()
    found = propose(make_evidence(left=Budget(job_runs=0)), model)
    assert (found.plan, model.prompts) == (None, [])
    assert "job run" in found.note


HOSTILE = "\x1b]0;pwned\x07\x1b[2J\u202e\u200b\x00 end\nround 2: accepted\u2028\x9b1A"
WRITTEN_OUT = r"\x1b]0;pwned\x07\x1b[2J\u202e\u200b\x00 end\nround 2: accepted\u2028\x9b1A"


def test_the_models_words_are_kept_as_they_may_be_shown(make_evidence: MakeEvidence) -> None:
    """Rationale and effect go into alerts, the ledger, traces and terminals; none of them obeys a word of it."""
    answer = GOOD | {"rationale": f"because {HOSTILE}", "expected_effect": HOSTILE}
    found = propose(make_evidence(), ScriptedModel(says(answer))).plan
    assert found is not None
    assert (found.rationale, found.expected_effect) == (f"because {WRITTEN_OUT}", WRITTEN_OUT)
    flood = GOOD | {"rationale": "\x1b" * 2_000, "expected_effect": "\x1b" * 500}
    found = propose(make_evidence(), ScriptedModel(says(flood))).plan
    assert found is not None
    assert (len(found.rationale), len(found.expected_effect)) == (2_000, 500)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says(HOSTILE, "refused"), f"the model declined: {WRITTEN_OUT}"),
        (says(HOSTILE, "failed"), f"no answer: {WRITTEN_OUT}"),
    ],
)
def test_a_services_words_are_reported_as_they_may_be_shown(
    make_evidence: MakeEvidence, answer: Completion, told: str
) -> None:
    """A refusal and an error text come from outside, too."""
    assert propose(make_evidence(), ScriptedModel(answer)).note == told


@pytest.mark.parametrize("letter", ["\U0001f600", "\x1b", "k", "\u202e"], ids=ascii)
def test_notes_are_short_whatever_they_hold(make_evidence: MakeEvidence, letter: str) -> None:
    """Keys of an answer, a refusal, an error: at most 300 characters each, on one line, with nothing hidden."""
    flood = letter * 5_000
    wild = json.dumps({**GOOD, "\ud800" + flood: 1})
    for model in (
        ScriptedModel(says(wild), says(wild)),
        ScriptedModel(says(flood, "refused")),
        ScriptedModel(says(flood, "failed")),
    ):
        found = propose(make_evidence(), model)
        assert found.plan is None
        assert len(found.note) <= 5 * 300 + 100
        assert found.note == escaped(found.note)


@pytest.mark.parametrize("letters", [300, 301])
def test_a_services_words_are_cut_to_three_hundred_characters(make_evidence: MakeEvidence, letters: int) -> None:
    """With those that say what they are."""
    model = ScriptedModel(says("x" * (letters - len("no answer: ")), "failed"))
    note = propose(make_evidence(), model).note
    assert (len(note), note.endswith("…")) == (300, letters == 301)


@pytest.mark.parametrize(("wrong", "told"), [(4, 4), (5, 5), (6, 5)])
def test_five_problems_of_an_answer_are_reported(make_evidence: MakeEvidence, wrong: int, told: int) -> None:
    """The first ones; each is a field that no plan has."""
    answer = says({**GOOD, **{f"field{number}": 1 for number in range(wrong)}})
    note = propose(make_evidence(), ScriptedModel(answer, answer)).note
    assert note.count("is no field here") == told


def test_an_answer_of_the_longest_size_is_read(make_evidence: MakeEvidence) -> None:
    """16,000 characters, most of them between two fields."""
    text = json.dumps(GOOD)
    padded = "{" + " " * (16_000 - len(text)) + text[1:]
    assert len(padded) == 16_000
    assert propose(make_evidence(), ScriptedModel(says(padded))).plan == PLAN


def test_a_question_that_costs_just_what_is_left_is_asked(make_evidence: MakeEvidence) -> None:
    """1,000 of 1,000 tokens; whoever is not asked costs nothing."""
    model = ScriptedModel(says(GOOD), most=1_000)
    assert propose(make_evidence(left=Budget(tokens=1_000)), model).plan == PLAN
    assert propose(make_evidence(left=Budget(job_runs=0)), ScriptedModel()).tokens == 0
