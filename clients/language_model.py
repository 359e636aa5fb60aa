"""Language models over the openai SDK: Azure OpenAI, Foundry, or any service with the same chat completions API.

Two families take different parameters, and each answers 400 to those of the other:

| | GPT-4 | GPT-5 and the o series |
|---|---|---|
| length of the answer | max_tokens | max_completion_tokens, hidden reasoning included |
| randomness | temperature | none: temperature, top_p and stop are refused |
| effort | none | reasoning_effort; GPT-5 also verbosity |
| instructions | system | system or developer |

Source: Azure OpenAI, "Reasoning models", API and feature support.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from domain.errors import BadInputError, ServiceRefusedError, ServiceUnavailableError
from domain.language_model import Completion, Finish, Prompt

if TYPE_CHECKING:
    from openai import OpenAI

Family = Literal["gpt4", "gpt5", "o_series"]
Effort = Literal["minimal", "low", "medium", "high"]
Verbosity = Literal["low", "medium", "high"]

# Hidden reasoning comes out of the same allowance as the answer: with too little of it the answer stays empty.
_REASONING_SCALE = 4
_REASONING_FLOOR = 4_096
# Roles and separators of one message.
_TOKENS_PER_TURN = 8
_FAMILIES: tuple[tuple[str, Family], ...] = (
    # The chat variant of GPT-5 does not reason and takes the parameters of GPT-4.
    (r"gpt-5[\w.]*-chat", "gpt4"),
    (r"gpt-5", "gpt5"),
    (r"o[134](-|$)", "o_series"),
    (r"gpt-4|chatgpt-4|gpt-3\.5", "gpt4"),
)


@dataclass(frozen=True)
class Deployment:
    """One deployed model, and how it is asked.

    Attributes:
        name: of the deployment (Azure) or model; the family follows from it.
        family: overrides that, for deployments whose name says nothing.
        developer_role: send instructions as ``developer`` instead of ``system`` (GPT-5 and the o series only).
    """

    name: str
    family: Family | None = None
    developer_role: bool = False
    temperature: float = 0.0
    reasoning_effort: Effort = "low"
    verbosity: Verbosity = "low"
    timeout_seconds: float = 60.0

    @property
    def known_family(self) -> Family:
        """The family whose parameters it takes.

        Raises:
            BadInputError: the name says nothing, and nobody has said it instead.
        """
        if self.family is not None:
            return self.family
        for pattern, family in _FAMILIES:
            if re.match(pattern, self.name.lower()):
                return family
        rule = "tells no model family; set NIGHTSHIFT_LLM_FAMILY to gpt4, gpt5 or o_series"
        raise BadInputError(field="NIGHTSHIFT_LLM_MODEL", value=self.name, rule=rule, where="app settings")


def completion_parameters(prompt: Prompt, deployment: Deployment) -> dict[str, Any]:
    """The parameters of a chat completion that the deployment's family takes."""
    family = deployment.known_family
    reasoning = family != "gpt4"
    instruction = "developer" if reasoning and deployment.developer_role else "system"
    roles = {"instruction": instruction, "user": "user", "assistant": "assistant"}
    schema = {"name": prompt.schema_name, "strict": True, "schema": prompt.answer_schema}
    given: dict[str, Any] = {
        "model": deployment.name,
        "messages": [{"role": roles[turn.role], "content": turn.text} for turn in prompt.turns],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }
    if not reasoning:
        return {**given, "max_tokens": prompt.answer_tokens, "temperature": deployment.temperature}
    given["max_completion_tokens"] = _reasoning_tokens(prompt)
    given["reasoning_effort"] = _effort(family, deployment.reasoning_effort)
    if family == "gpt5":
        given["verbosity"] = deployment.verbosity
    return given


def _reasoning_tokens(prompt: Prompt) -> int:
    return max(_REASONING_SCALE * prompt.answer_tokens, _REASONING_FLOOR)


def _effort(family: Family, effort: Effort) -> Effort:
    # The o series knows no effort below low.
    return "low" if family == "o_series" and effort == "minimal" else effort


class OpenAILanguageModel:
    """Implements domain.language_model.LanguageModel."""

    def __init__(self, base_url: str, deployment: Deployment, api_key: str | Callable[[], str]) -> None:
        """Prepare; nothing is imported or asked before the first question.

        Args:
            base_url: up to and with ``/v1``; in Azure ``https://NAME.openai.azure.com/openai/v1/``.
            api_key: a function that returns a fresh token of the managed identity; a text only where no identity is,
                on loopback.
        """
        self._base_url = base_url
        self._deployment = deployment
        self._api_key = api_key

    def most_tokens(self, prompt: Prompt) -> int:
        """Bytes of prompt and schema, since a token is at least one byte, and the whole allowance of the answer."""
        family = self._deployment.known_family
        answer = prompt.answer_tokens if family == "gpt4" else _reasoning_tokens(prompt)
        turns = sum(len(turn.text.encode()) + _TOKENS_PER_TURN for turn in prompt.turns)
        return turns + len(str(prompt.answer_schema).encode()) + answer

    def complete(self, prompt: Prompt) -> Completion:
        """Ask once; the SDK tries a second time where the service says it may."""
        import openai

        parameters = completion_parameters(prompt, self._deployment)
        try:
            answer = self._client.chat.completions.create(**parameters)
        except openai.APITimeoutError as error:
            reason = f"no answer within {self._deployment.timeout_seconds:g} s"
            raise ServiceUnavailableError("language model", reason) from error
        except (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError) as error:
            raise ServiceUnavailableError("language model", _short(error)) from error
        except openai.APIStatusError as error:
            if _filtered(error):
                return Completion(text=_short(error), finish="refused", tokens=0, model=self._deployment.name)
            hint = "check NIGHTSHIFT_LLM_MODEL, NIGHTSHIFT_LLM_FAMILY and the identity's role on the resource"
            raise ServiceRefusedError("language model", _short(error), hint) from error
        except (openai.OpenAIError, ValueError) as error:  # a ValueError: the body is broken JSON
            raise ServiceUnavailableError("language model", _short(error)) from error
        return _completion(answer, self.most_tokens(prompt))

    def close(self) -> None:
        """Close the connections, if any were opened; a later question opens them again."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    @cached_property
    def _client(self) -> "OpenAI":
        from openai import OpenAI

        return OpenAI(
            base_url=self._base_url,
            api_key=self._api_key,
            timeout=self._deployment.timeout_seconds,
            max_retries=1,
        )


def _completion(answer: object, most_tokens: int) -> Completion:
    from openai.types.chat import ChatCompletion

    # The SDK hands a body that is not JSON through as text.
    if not isinstance(answer, ChatCompletion) or not answer.choices:
        hint = "check NIGHTSHIFT_LLM_BASE_URL: it must end where /chat/completions follows"
        raise ServiceRefusedError("language model", "the answer is no chat completion", hint)
    choice = answer.choices[0]
    finish: Finish = "length" if choice.finish_reason == "length" else "stop"
    if choice.message.refusal or choice.finish_reason == "content_filter":
        finish = "refused"
    text = choice.message.refusal or choice.message.content or ""
    return Completion(
        # Half a surrogate pair is no text that could be sent on.
        text=text.encode("utf-8", "replace").decode(),
        finish=finish,
        # A service that does not count is taken at its dearest.
        tokens=answer.usage.total_tokens if answer.usage is not None else most_tokens,
        model=answer.model or "",
    )


def _filtered(error: Any) -> bool:
    return bool(error.code == "content_filter")


def _short(error: Exception) -> str:
    return str(error)[:500]
