"""The language model planner: it proposes, the bounds dispose; one repair attempt, then it has failed."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agents.improvement.planner.context import PlannerContext
from agents.improvement.planner.prompt import planning_prompt, repair_prompt
from nightshift.domain.improvement.language_model import Completion, LanguageModel
from nightshift.domain.improvement.loop import PlanningEvidence
from nightshift.domain.improvement.plan import LONGEST_EFFECT, LONGEST_RATIONALE, Plan
from nightshift.domain.platform.broken_rules import broken_rules
from nightshift.domain.platform.text import escaped_line

# The first, and one with what was wrong with its answer.
QUESTIONS = 2
_LONGEST_ANSWER = 16_000
_MOST_PROBLEMS = 5
_PROBLEM_TEXT = 300
_FENCED = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.DOTALL)


@dataclass(frozen=True)
class Proposal:
    """What became of asking.

    Attributes:
        plan: within the bounds and untried; None if the model has failed.
        tokens: of all attempts.
        note: why there is no plan, or that it took a repair; empty otherwise.
        refused: what was proposed and not let through, with the rule that it broke.
    """

    plan: Plan | None
    tokens: int = 0
    note: str = ""
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Reading:
    """An answer, read: a plan, or problems that the model may mend; ``refused`` are those of a plan that is none."""

    plan: Plan | None
    problems: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def propose(evidence: PlanningEvidence, model: LanguageModel) -> Proposal:
    """Ask a language model for a plan that the bounds allow and nobody has tried."""
    if pointless := _pointless(evidence):
        return Proposal(plan=None, note=pointless)
    prompt, tokens = planning_prompt(evidence), 0
    refused: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    for attempt in range(QUESTIONS):
        most = model.most_tokens(prompt)
        if tokens + most > evidence.left.tokens:
            left = evidence.left.tokens - tokens
            return Proposal(None, tokens, f"the question may cost {most} tokens, {left} are left", refused)
        completion = model.complete(prompt)
        tokens += completion.tokens
        if why := _without_answer(completion):
            return Proposal(None, tokens, why, refused)
        reading = _read(completion, evidence)
        refused += reading.refused
        if reading.plan is not None:
            note = f"mended after: {'; '.join(problems)}" if attempt else ""
            return Proposal(reading.plan, tokens, note, refused)
        problems = reading.problems
        prompt = repair_prompt(prompt, completion.text, problems)
    return Proposal(None, tokens, f"{QUESTIONS} answers were not usable: {'; '.join(problems)}", refused)


def _pointless(evidence: PlanningEvidence) -> str:
    """Why no plan could be carried out anyway; empty if one could."""
    if not evidence.bounds.actions:
        return "the spec allows no action"
    return "" if PlannerContext(evidence).affordable else "the budget has no room for another job run"


def _without_answer(completion: Completion) -> str:
    """Why asking again with the problems would be in vain; empty if there is an answer to read."""
    if completion.finish == "failed":
        return _visible(f"no answer: {completion.text}")
    if completion.finish == "refused":
        return _visible(f"the model declined: {completion.text}")
    if completion.finish == "length" and not completion.text.strip():
        return (
            "hidden reasoning has used up the whole allowance of the answer: set NIGHTSHIFT_LLM_REASONING_EFFORT lower,"
            " or choose a model that reasons less"
        )
    return ""


def _read(completion: Completion, evidence: PlanningEvidence) -> _Reading:
    text = completion.text.strip()
    if problem := _unreadable(completion, text):
        return _Reading(None, (problem,))
    if fenced := _FENCED.match(text):
        text = fenced.group(1)
    try:
        _each_key_once(text)
        # Strict: no text or boolean is read as a number.
        plan = Plan.model_validate_json(text, strict=True)
    except ValidationError as error:
        return _Reading(None, _plain(map(str, broken_rules(error, Plan, whole="plan"))))
    except (ValueError, RecursionError) as error:
        return _Reading(None, _plain([f"the answer is no JSON object: {error}"]))
    broken = evidence.bounds.check(plan.action)
    if not broken and PlannerContext(evidence).was_tried(plan.action):
        rule = "this plan, or one that differs by nothing that matters, was tried in an earlier round"
        broken = (f"action.kind = {plan.action.kind!r}: {rule}",)
    return _Reading(None, _plain(broken), _plain(broken)) if broken else _Reading(_shown(plan))


def _shown(plan: Plan) -> Plan:
    """The plan with the model's words as people may see them, wherever they are kept or printed."""
    return plan.model_copy(
        update={
            "rationale": escaped_line(plan.rationale, LONGEST_RATIONALE),
            "expected_effect": escaped_line(plan.expected_effect, LONGEST_EFFECT),
        }
    )


def _plain(problems: Iterable[str]) -> tuple[str, ...]:
    return tuple(_visible(item) for item in list(problems)[:_MOST_PROBLEMS])


def _visible(text: str) -> str:
    """Short, on one line, with nothing hidden: the words may be those of an answer or a service."""
    return escaped_line(text, _PROBLEM_TEXT)


def _unreadable(completion: Completion, text: str) -> str:
    if completion.finish == "length":
        return "the answer was cut off: it must be shorter"
    if not text:
        return "the answer is empty"
    if len(text) > _LONGEST_ANSWER:
        return f"the answer has {len(text)} characters: at most {_LONGEST_ANSWER}"
    return ""


def _each_key_once(text: str) -> None:
    """Refuse what is no JSON, or names a key twice: two readers could take two values from it."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            msg = "a key is named twice"
            raise ValueError(msg)
        return found

    json.loads(text, object_pairs_hook=once)
