"""Families of language models: which parameters of a chat completion each takes, and which models cannot be used.

A service answers 400 to a parameter that a model does not take, to a value that it does not know, and to every request
where the model has no chat completions or no JSON schema for answers. So all of it is known before the first question.

Sources: Azure OpenAI, "Reasoning models" (API and feature support) and "Structured outputs" (supported models); for
values that a table leaves open, the services' own error texts ("Supported values are: ...").
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Family = Literal["gpt4", "gpt5", "gpt5_1", "gpt5_2", "gpt5_chat", "o_series"]
# ``default``: the parameter is not sent, and the service takes its own.
Effort = Literal["default", "none", "minimal", "low", "medium", "high", "xhigh"]
Verbosity = Literal["default", "low", "medium", "high"]

# Hidden reasoning comes out of the same allowance as the answer. The answer's own allowance times this is enough for
# what was measured per effort, with some room; ``default`` is the service's own choice, usually medium.
REASONING_SCALE: Final[dict[Effort, int]] = {
    "none": 1,
    "minimal": 2,
    "low": 4,
    "medium": 6,
    "default": 6,
    "high": 10,
    "xhigh": 16,
}


@dataclass(frozen=True)
class FamilyTraits:
    """What the models of a family take.

    Attributes:
        reasons: the answer's allowance is ``max_completion_tokens``, hidden reasoning included; else ``max_tokens``.
        temperature: whether it may be set.
        efforts: that ``reasoning_effort`` may have; empty: it may not be sent.
        verbosity: whether it may be sent.
        developer_role: whether instructions may come in the role ``developer``.
    """

    reasons: bool
    temperature: bool = False
    efforts: tuple[Effort, ...] = ()
    verbosity: bool = False
    developer_role: bool = False


_LOW_TO_HIGH: Final[tuple[Effort, ...]] = ("low", "medium", "high")
TRAITS: Final[dict[Family, FamilyTraits]] = {
    "gpt4": FamilyTraits(reasons=False, temperature=True),
    "gpt5": FamilyTraits(reasons=True, efforts=("minimal", *_LOW_TO_HIGH), verbosity=True, developer_role=True),
    "gpt5_1": FamilyTraits(reasons=True, efforts=("none", *_LOW_TO_HIGH), verbosity=True, developer_role=True),
    "gpt5_2": FamilyTraits(reasons=True, efforts=("none", *_LOW_TO_HIGH, "xhigh"), verbosity=True, developer_role=True),
    # The chat variants since GPT-5.1 know one effort and one temperature, their default: neither is sent.
    "gpt5_chat": FamilyTraits(reasons=True),
    "o_series": FamilyTraits(reasons=True, efforts=_LOW_TO_HIGH, developer_role=True),
}

_RESPONSES_ONLY: Final = "has the Responses API only, and no chat completions; deploy gpt-5-mini, gpt-4.1 or o4-mini"
_NO_SCHEMA: Final = "has no structured output by JSON schema; deploy gpt-5-mini, gpt-4.1 or o4-mini"
_NO_TEXT: Final = "is no model for text; deploy gpt-5-mini, gpt-4.1 or o4-mini"
# Read from the top; the first that matches counts.
_UNUSABLE: Final[tuple[tuple[str, str], ...]] = (
    (r"(o\d|gpt-5[\d.]*)-pro\b|.*\bcodex\b|.*\bdeep-research\b|computer-use", _RESPONSES_ONLY),
    (r"(gpt|o\d|chatgpt)[\w.-]*-(audio|realtime|transcribe|tts|image|search)\b", _NO_TEXT),
    (r"gpt-3\.?5|chatgpt-4o|gpt-5-chat|o1-(mini|preview)", _NO_SCHEMA),
    # GPT-4 before GPT-4o, and the first version of GPT-4o.
    (r"gpt-4($|-)|gpt-4o-2024-05-13", _NO_SCHEMA),
)
_FAMILIES: Final[tuple[tuple[str, Family], ...]] = (
    (r"gpt-5\.\d+-chat", "gpt5_chat"),
    (r"gpt-5\.1(\D|$)", "gpt5_1"),
    (r"gpt-5\.\d", "gpt5_2"),
    (r"gpt-5($|-)", "gpt5"),
    (r"o[134](-|$)", "o_series"),
    (r"gpt-4(o|\.)", "gpt4"),
)


def why_unusable(name: str) -> str:
    """Why a model of this name cannot be asked, and what can; empty if nothing is known against it."""
    return next((rule for pattern, rule in _UNUSABLE if re.match(pattern, name.lower())), "")


def family_of(name: str) -> Family | None:
    """The family that a name says; None if it says none."""
    return next((family for pattern, family in _FAMILIES if re.match(pattern, name.lower())), None)
