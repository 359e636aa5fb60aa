"""The prompt of the language model planner: evidence as delimited, escaped data; instructions from files beside it."""

import json
from pathlib import Path
from string import Template
from typing import Any, Final

from domain.improvement import PlanningEvidence, Round
from domain.language_model import Prompt, Turn
from domain.plan import plan_schema

_FOLDER: Final = Path(__file__).with_name("prompts")
ANSWER_TOKENS: Final = 1_500
_TEXT = 300
_MOST_ALERTS = 10
_MOST_FEATURES = 20
_MOST_SLICES = 20
# Beyond this a wrong answer is quoted no further when a repair is asked for.
_QUOTED_ANSWER = 2_000


def planning_prompt(evidence: PlanningEvidence) -> Prompt:
    """The first question."""
    user = Template(_read("user.txt")).substitute(evidence=as_data(_evidence(evidence)))
    turns = (Turn(role="instruction", text=_read("system.txt")), Turn(role="user", text=user))
    return Prompt(turns=turns, schema_name="plan", answer_schema=plan_schema(), answer_tokens=ANSWER_TOKENS)


def repair_prompt(prompt: Prompt, answer: str, problems: tuple[str, ...]) -> Prompt:
    """The second and last question, with the answer and what was wrong with it."""
    text = Template(_read("repair.txt")).substitute(problems=as_data([_short(item) for item in problems]))
    # A service refuses an empty message.
    given = Turn(role="assistant", text=answer[:_QUOTED_ANSWER] or "{}")
    return prompt.model_copy(update={"turns": (*prompt.turns, given, Turn(role="user", text=text))})


def as_data(value: object) -> str:
    """JSON in plain ASCII that holds no ``<``, ``>`` or ``&``: it cannot close its delimiter nor hide characters."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _evidence(evidence: PlanningEvidence) -> dict[str, Any]:
    """What the model is shown: every text cut, every list bounded, the largest drift and the losing slices first."""
    drift = sorted(evidence.drift, key=lambda item: (item.feature != evidence.target, -item.psi, item.feature))
    slices = sorted(evidence.slices, key=lambda item: item.verdict != "worse")
    return {
        "model": evidence.model,
        "kind": evidence.kind,
        "target": evidence.target,
        "metrics": [item.to_json() for item in evidence.metrics],
        "slices": [_cut(item.to_json()) for item in slices[:_MOST_SLICES]],
        "drift": [{"feature": _short(item.feature), "psi": round(item.psi, 3)} for item in drift[:_MOST_FEATURES]],
        "alerts": [_short(title) for title in evidence.alerts[:_MOST_ALERTS]],
        "quality": _cut(evidence.quality.to_json()),
        "tried": [_round(item) for item in evidence.tried],
        "feedback": None if evidence.feedback is None else _cut(evidence.feedback.to_json()),
        "budget_left": evidence.left.to_json(),
        "allowed": evidence.bounds.to_json(),
    }


def _round(item: Round) -> dict[str, Any]:
    criticism = item.criticism
    return {
        "action": item.plan.action.to_json(),
        "error": _short(item.error),
        "judgement": None if criticism is None else criticism.judgement,
        "reason": "" if criticism is None else _short(criticism.reason),
        "feedback": None if criticism is None else _cut(criticism.feedback.to_json()),
    }


def _cut(value: Any) -> Any:
    """The same JSON with every text cut and every list bounded."""
    match value:
        case str():
            return _short(value)
        case list():
            return [_cut(item) for item in value[:_MOST_SLICES]]
        case dict():
            return {key: _cut(item) for key, item in value.items()}
        case _:
            return value


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}..."
