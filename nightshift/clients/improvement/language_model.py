"""Language models over the openai SDK: Azure OpenAI, Foundry, or any service with the same chat completions API.

One call is one request, with a deadline for all of it: the identity's token, the connection, and an answer that comes
slowly. Whatever goes wrong is a completion that says why, what it may have cost and whether another try may help.
Only what the service cannot have worked on costs nothing: no token, no connection, 401, 403, 404 and 429. Others may be
billed although no answer came. Source: Azure OpenAI, "Plan to manage costs" (400 of a content filter, 408).
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nightshift.clients.improvement.language_model_answer import read_answer
from nightshift.clients.improvement.language_model_families import (
    REASONING_SCALE,
    TRAITS,
    Effort,
    Family,
    Verbosity,
    family_of,
    why_unusable,
)
from nightshift.clients.platform.call_budget import call_within
from nightshift.domain.improvement.language_model import Completion, Prompt
from nightshift.domain.platform.errors import BadInputError, NightshiftError, ServiceUnavailableError

if TYPE_CHECKING:
    from openai import APIConnectionError, APIStatusError, OpenAI

_SERVICE = "language model"
# An answer has at most 16,000 characters; some servers send their reasoning with it.
LARGEST_BODY = 1024 * 1024
# A service may ask for a pause before another try; one that asks for more is not tried again.
LONGEST_PAUSE_SECONDS = 10.0
_PAUSE_SECONDS = 1.0
# Roles and separators of one message.
_TOKENS_PER_TURN = 8
# Refused before a model has worked.
_FREE = frozenset({401, 403, 404, 429})
_WORTH_ANOTHER_TRY = frozenset({408, 409, 429})
_FILTERS = frozenset(
    {"content_filter", "content_policy_violation", "invalid_prompt", "ResponsibleAIPolicyViolation", "unsafe_prompt"}
)
_ERROR_TEXT = 500
_CHECK = "check NIGHTSHIFT_LLM_MODEL, NIGHTSHIFT_LLM_FAMILY and the identity's role on the resource"
_REDIRECTED = "NIGHTSHIFT_LLM_URL must be the service's own address: a redirect is not followed"


@dataclass(frozen=True)
class Deployment:
    """One deployed model, and how it is asked.

    Attributes:
        name: of the deployment (Azure) or model; the family follows from it.
        family: overrides that, for deployments whose name says nothing.
        developer_role: send instructions as ``developer`` instead of ``system``.
        temperature, reasoning_effort, verbosity: None means 0, ``low`` and ``low`` where the family takes it, and
            otherwise nothing is sent.
    """

    name: str
    family: Family | None = None
    developer_role: bool = False
    temperature: float | None = None
    reasoning_effort: Effort | None = None
    verbosity: Verbosity | None = None
    timeout_seconds: float = 60.0

    @property
    def known_family(self) -> Family:
        """The family whose parameters it takes.

        Raises:
            BadInputError: the name is that of a model which cannot be asked, or says nothing.
        """
        if self.family is not None:
            return self.family
        rule = why_unusable(self.name)
        family = family_of(self.name)
        if not rule and family is not None:
            return family
        named = ", ".join(TRAITS)
        unknown = f"names no known model family; set NIGHTSHIFT_LLM_FAMILY to one of {named}"
        raise BadInputError(field="NIGHTSHIFT_LLM_MODEL", value=self.name, rule=rule or unknown, where="app settings")

    @property
    def effort(self) -> Effort:
        """The effort that is sent; ``default`` where none is."""
        if self.reasoning_effort is not None:
            return self.reasoning_effort
        return "low" if TRAITS[self.known_family].efforts else "default"

    def check(self) -> None:
        """Find what the service would refuse.

        Raises:
            BadInputError: a setting is none that the family takes; names it, and what to set instead.
        """
        family = self.known_family
        traits = TRAITS[family]
        effort = self.reasoning_effort
        if effort not in {None, "default", *traits.efforts}:
            known = ", ".join(("default", *traits.efforts))
            raise _setting("REASONING_EFFORT", effort, f"the family {family} takes {known}, or leave it empty")
        if self.verbosity not in {None, "default"} and not traits.verbosity:
            raise _setting("VERBOSITY", self.verbosity, f"the family {family} takes none: leave it empty")
        if self.temperature is not None and not traits.temperature:
            raise _setting("TEMPERATURE", self.temperature, f"the family {family} takes none: leave it empty")
        if self.developer_role and not traits.developer_role:
            raise _setting("DEVELOPER_ROLE", "true", f"the family {family} knows the role system only: leave it empty")

    def answer_allowance(self, prompt: Prompt) -> int:
        """Tokens that an answer may have, hidden reasoning included."""
        reasons = TRAITS[self.known_family].reasons
        return prompt.answer_tokens * (REASONING_SCALE[self.effort] if reasons else 1)


def completion_parameters(prompt: Prompt, deployment: Deployment) -> dict[str, Any]:
    """The parameters of a chat completion that the deployment's family takes."""
    traits = TRAITS[deployment.known_family]
    instruction = "developer" if deployment.developer_role else "system"
    roles = {"instruction": instruction, "user": "user", "assistant": "assistant"}
    schema = {"name": prompt.schema_name, "strict": True, "schema": prompt.answer_schema}
    given: dict[str, Any] = {
        "model": deployment.name,
        "messages": [{"role": roles[turn.role], "content": turn.text} for turn in prompt.turns],
        "response_format": {"type": "json_schema", "json_schema": schema},
        "max_completion_tokens" if traits.reasons else "max_tokens": deployment.answer_allowance(prompt),
    }
    if traits.temperature:
        given["temperature"] = deployment.temperature or 0.0
    if traits.efforts and deployment.effort != "default":
        given["reasoning_effort"] = deployment.effort
    if traits.verbosity and deployment.verbosity != "default":
        given["verbosity"] = deployment.verbosity or "low"
    return given


class OpenAILanguageModel:
    """Implements nightshift.domain.improvement.language_model.LanguageModel."""

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
        turns = sum(len(turn.text.encode()) + _TOKENS_PER_TURN for turn in prompt.turns)
        return turns + len(str(prompt.answer_schema).encode()) + self._deployment.answer_allowance(prompt)

    def complete(self, prompt: Prompt) -> Completion:
        """Make one request; it ends within the deployment's time, and its connection with it."""
        most, began = self.most_tokens(prompt), threading.Event()
        client = self._open()

        def ask() -> Completion:
            began.set()
            return self._ask(client, prompt, most)

        try:
            return call_within(_SERVICE, self._deployment.timeout_seconds, ask)
        except ServiceUnavailableError as error:
            return self._failed(error.message, most if began.is_set() else 0, _PAUSE_SECONDS)
        finally:
            # After the deadline this also ends what nobody waits for any more.
            client.close()

    def _open(self) -> "OpenAI":
        from openai import DefaultHttpxClient, OpenAI

        return OpenAI(
            base_url=self._base_url,
            api_key=self._api_key,
            timeout=self._deployment.timeout_seconds,
            max_retries=0,
            # A compressed body could be a thousand times longer than it looks.
            default_headers={"Accept-Encoding": "identity"},
            http_client=DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [_limit_body]}),
        )

    def _ask(self, client: "OpenAI", prompt: Prompt, most: int) -> Completion:
        import openai

        parameters = completion_parameters(prompt, self._deployment)
        try:
            answer = client.chat.completions.with_raw_response.create(**parameters)
        except NightshiftError as error:
            # There is no token: nothing was sent.
            return self._failed(error.message, 0, _PAUSE_SECONDS if error.retryable else None)
        except openai.APIStatusError as error:
            return self._status(error, most)
        except openai.APIConnectionError as error:
            tokens = 0 if _never_connected(error) else most
            return self._failed(self._connection_text(error), tokens, _PAUSE_SECONDS)
        except (openai.OpenAIError, ValueError) as error:
            # Such as a key that no header can hold; its text is not repeated.
            return self._failed(f"the request failed: {type(error).__name__}", most, None)
        return read_answer(answer.content, most, self._deployment.name)

    def _status(self, error: "APIStatusError", most: int) -> Completion:
        status = error.status_code
        text = str(error)[:_ERROR_TEXT]
        if _filtered(error):
            return Completion(text=text, finish="refused", tokens=most, model=self._deployment.name)
        again = _pause(error) if status in _WORTH_ANOTHER_TRY or status >= 500 else None
        if 300 <= status < 400:
            text = f"{text} ({_REDIRECTED})"
        elif status < 500 and status not in _WORTH_ANOTHER_TRY:
            text = f"{text} ({_CHECK})"
        return self._failed(text, 0 if status in _FREE else most, again)

    def _connection_text(self, error: "APIConnectionError") -> str:
        import openai

        if isinstance(error, openai.APITimeoutError):
            return f"no answer within {self._deployment.timeout_seconds:g} s"
        return f"{error}: {error.__cause__}"[:_ERROR_TEXT]

    def _failed(self, text: str, tokens: int, again_after: float | None) -> Completion:
        return Completion(
            text=text, finish="failed", tokens=tokens, model=self._deployment.name, again_after=again_after
        )


def _never_connected(error: "APIConnectionError") -> bool:
    """Whether the request cannot have reached the service."""
    import httpx2

    before = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
    return isinstance(error.__cause__, (*before, httpx2.LocalProtocolError))


def _limit_body(response: Any) -> None:
    """Refuse a compressed body, and let no more than the largest one be read."""
    import httpx2

    if response.headers.get("content-encoding", "identity") != "identity":
        msg = "the body is compressed, which was not asked for"
        raise httpx2.DecodingError(msg)

    class Limited(httpx2.SyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in self._stream:
                size += len(chunk)
                if size > LARGEST_BODY:
                    msg = f"the body has more than {LARGEST_BODY} bytes"
                    raise httpx2.DecodingError(msg)
                yield chunk

        def close(self) -> None:
            self._stream.close()

    response.stream = Limited(response.stream)


def _pause(error: "APIStatusError") -> float | None:
    """Seconds that the service asks for; None if that is more than anybody waits for."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        return seconds if 0 <= seconds <= LONGEST_PAUSE_SECONDS else None
    return _PAUSE_SECONDS


def _filtered(error: "APIStatusError") -> bool:
    """Whether a content filter has refused the prompt; each service says so in a place of its own."""
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("innererror")
    codes = [error.code, body.get("code"), body.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    held = isinstance(inner, dict) and "content_filter_result" in inner
    return held or any(isinstance(code, str) and code in _FILTERS for code in codes)


def _setting(name: str, value: object, rule: str) -> BadInputError:
    return BadInputError(field=f"NIGHTSHIFT_LLM_{name}", value=value, rule=rule, where="app settings")
