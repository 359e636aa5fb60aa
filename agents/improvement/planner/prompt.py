"""The prompt of the language model planner: evidence as delimited, escaped data; instructions from files beside it."""

import json
from pathlib import Path
from string import Template
from typing import Any, Final

from nightshift.domain.improvement.language_model import Prompt, Turn
from nightshift.domain.improvement.loop import FeatureDrift, PlanningEvidence, Round
from nightshift.domain.improvement.plan import plan_schema

_FOLDER: Final = Path(__file__).with_name("prompts")
ANSWER_TOKENS: Final = 1_500
# Bytes of a text as it is sent: a character outside ASCII takes six or twelve of them.
_TEXT = 240
# Bytes of a list as it is sent; what comes first in it is what matters most.
_ALERTS, _DRIFT, _SLICES, _QUALITY, _FEEDBACK = 1_200, 1_500, 1_500, 1_000, 800
_WORDS_OF_ROUND = 400
_REQUEST = 600
# Beyond this a wrong answer is quoted no further when a repair is asked for.
_QUOTED_ANSWER = 1_500


def planning_prompt(evidence: PlanningEvidence) -> Prompt:
    """The first question."""
    user = Template(_read("user.txt")).substitute(evidence=as_data(_evidence(evidence)))
    turns = (Turn(role="instruction", text=_read("system.txt")), Turn(role="user", text=user))
    return Prompt(turns=turns, schema_name="plan", answer_schema=plan_schema(), answer_tokens=ANSWER_TOKENS)


def repair_prompt(prompt: Prompt, answer: str, problems: tuple[str, ...]) -> Prompt:
    """The second and last question, with the answer and what was wrong with it."""
    text = Template(_read("repair.txt")).substitute(problems=as_data([_short(item) for item in problems]))
    # A service refuses an empty message.
    quoted = answer.encode()[:_QUOTED_ANSWER].decode(errors="ignore")
    given = Turn(role="assistant", text=quoted or "{}")
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
    """What the model is shown: every text and list cut to its share, the largest drift and the losing slices first."""
    drift = sorted(evidence.drift, key=lambda item: (item.feature != evidence.target, -item.psi, item.feature))
    slices = sorted(evidence.slices, key=lambda item: item.verdict != "worse")
    return {
        "model": evidence.model,
        "kind": evidence.kind,
        "target": evidence.target,
        "request": _short(evidence.request, _REQUEST),
        "metrics": [item.to_json() for item in evidence.metrics],
        "slices": _within(_SLICES, [item.to_json() for item in slices]),
        "drift": _within(_DRIFT, [_drift(item) for item in drift]),
        "alerts": _within(_ALERTS, list(evidence.alerts)),
        "quality": _cut(evidence.quality.to_json(), _QUALITY),
        "tried": [_round(item) for item in evidence.tried],
        "feedback": None if evidence.feedback is None else _cut(evidence.feedback.to_json(), _FEEDBACK),
        "budget_left": evidence.left.to_json(),
        "allowed": evidence.bounds.to_json(),
    }


def _drift(item: FeatureDrift) -> dict[str, Any]:
    found: dict[str, Any] = {"feature": item.feature, "psi": round(item.psi, 3), "moved": item.moved}
    if item.p is not None:
        found["p"] = round(item.p, 4)
    return found | {name: round(share, 3) for name, share in (("new", item.new), ("gone", item.gone)) if share}


def _round(item: Round) -> dict[str, Any]:
    criticism = item.criticism
    return {
        # Whole, because it must not be proposed again.
        "action": item.plan.action.to_json(),
        "error": _short(item.error),
        "judgement": None if criticism is None else criticism.judgement,
        "reason": "" if criticism is None else _short(criticism.reason),
        "feedback": None if criticism is None else _cut(criticism.feedback.to_json(), _WORDS_OF_ROUND),
    }


def _cut(value: Any, budget: int) -> Any:
    """The same JSON with every text cut, and every list to this many bytes."""
    match value:
        case str():
            return _short(value)
        case list():
            return _within(budget, value)
        case dict():
            return {_short(key): _cut(item, budget) for key, item in value.items()}
        case _:
            return value


def _within(budget: int, items: list[Any]) -> list[Any]:
    """The first items that fit, each with its texts cut; the last entry says how many do not."""
    kept: list[Any] = []
    for number, item in enumerate(items):
        short = _cut(item, budget)
        budget -= len(as_data(short))
        if budget < 0:
            return [*kept, f"... and {len(items) - number} more"]
        kept.append(short)
    return kept


def _short(text: str, most: int = _TEXT) -> str:
    """The text if it is short as it is sent, else its beginning."""
    if len(as_data(text)) <= most:
        return text
    used = kept = 0
    for character in text:
        used += len(as_data(character)) - 2
        if used > most:
            break
        kept += 1
    return f"{text[:kept]}..."
