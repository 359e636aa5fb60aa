"""The port to a language model: a prompt with a schema in, text with its tokens out."""

from typing import Any, Literal, Protocol

from domain.message import Message

# ``refused``: the model declined, or a content filter did; ``length``: the answer was cut off.
Finish = Literal["stop", "length", "refused"]


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
    """What came back.

    Attributes:
        text: the answer, or the words of a refusal.
        tokens: prompt and answer together, hidden reasoning included.
        model: as the service names it.
    """

    text: str
    finish: Finish
    tokens: int
    model: str


class LanguageModel(Protocol):
    """A language model that answers in JSON."""

    def most_tokens(self, prompt: Prompt) -> int:
        """An upper bound of what a prompt can cost, so that a token budget can be kept before it is asked."""

    def complete(self, prompt: Prompt) -> Completion:
        """Ask.

        Raises:
            ServiceRefusedError: the service will not answer this request: parameters, deployment, permission.
            ServiceUnavailableError: it is overloaded, unreachable or too slow.
        """
