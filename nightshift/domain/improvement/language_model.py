"""The port to a language model: a prompt with a schema in, text with its tokens out."""

from typing import Any, Literal, Protocol

from pydantic import Field

from nightshift.domain.platform.message import Message

# ``refused``: the model declined, or a content filter did; ``length``: the answer was cut off; ``failed``: no answer.
Finish = Literal["stop", "length", "refused", "failed"]


class Turn(Message):
    """One message of the conversation; ``instruction`` is ours alone, and never holds text from data or alerts."""

    role: Literal["instruction", "user", "assistant"]
    text: str


class Prompt(Message):
    """What a language model is asked.

    Attributes:
        schema_name, answer_schema: the JSON schema that the answer must have, for strict structured output.
        answer_tokens: what the visible answer needs at most.
    """

    turns: tuple[Turn, ...]
    schema_name: str
    answer_schema: dict[str, Any]
    answer_tokens: int


class Completion(Message):
    """What came of one request, or of a question that took several.

    Attributes:
        text: the answer, the words of a refusal, or why there is no answer.
        tokens: prompt and answer together, hidden reasoning included. Without a usable count, the most that the request
            may have cost; 0 only if the service cannot have worked.
        model: as the service names it.
        again_after: seconds after which another request may succeed; None: it would fail again.
    """

    text: str
    finish: Finish
    tokens: int = Field(ge=0)
    model: str
    again_after: float | None = None


class LanguageModel(Protocol):
    """A language model that answers in JSON."""

    def most_tokens(self, prompt: Prompt) -> int:
        """An upper bound of what one request can cost, so that a token budget can be kept before it is made."""

    def complete(self, prompt: Prompt) -> Completion:
        """Ask. What fails is a completion too, because it may have cost tokens: nothing is raised."""
