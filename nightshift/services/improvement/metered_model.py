"""A language model with a token budget: each request is reserved before it is made and settled after it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from nightshift.domain.improvement.language_model import Completion, LanguageModel, Prompt
from nightshift.domain.improvement.token_usage import Reservation
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.ports import Clock
from nightshift.domain.platform.record_ports import TokenUsage

logger = logging.getLogger(__name__)

# Requests for one question: a service that is overloaded, or an answer that was lost, gets a second one.
TRIES = 2


@dataclass(frozen=True)
class Account:
    """Whose question it is, and how many tokens its loop may have in all."""

    loop: str
    model: str
    loop_ceiling: int


class MeteredModel:
    """Implements nightshift.domain.improvement.language_model.LanguageModel over another one.

    Attributes:
        spent: tokens of this object's requests, whatever became of them, and those that it started with.
    """

    def __init__(
        self,
        model: LanguageModel,
        usage: TokenUsage,
        clock: Clock,
        account: Account,
        *,
        spent: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._model = model
        self._usage = usage
        self._clock = clock
        self._account = account
        self._sleep = sleep
        self.spent = spent

    def most_tokens(self, prompt: Prompt) -> int:
        """Of one request."""
        return self._model.most_tokens(prompt)

    def complete(self, prompt: Prompt) -> Completion:
        """Ask, a second time where that may help; the tokens are those of all tries.

        Raises:
            ServiceUnavailableError, ConflictError: the usage cannot be written, so nobody is asked.
        """
        found = self._ask(prompt)
        for _ in range(TRIES - 1):
            if found.finish != "failed" or found.again_after is None:
                break
            self._sleep(found.again_after)
            again = self._ask(prompt)
            text = f"{found.text}; then: {again.text}" if again.finish == "failed" else again.text
            found = again.model_copy(update={"text": text, "tokens": found.tokens + again.tokens})
        return found

    def _ask(self, prompt: Prompt) -> Completion:
        account = self._account
        reserved = Reservation(
            loop=account.loop,
            model=account.model,
            day=self._clock().date().isoformat(),
            tokens=self.most_tokens(prompt),
        )
        if refusal := self._usage.reserve(reserved, account.loop_ceiling):
            return Completion(text=refusal, finish="failed", tokens=0, model="")
        self.spent += reserved.tokens
        try:
            found = self._model.complete(prompt)
        except Exception as error:
            # No language model is worth a failed loop: the rules plan.
            logger.exception("language_model_failed run=%s model=%s", account.loop, account.model)
            text = f"{type(error).__name__}: {error}"[:500]
            return Completion(text=text, finish="failed", tokens=reserved.tokens, model="")
        self.spent += found.tokens - reserved.tokens
        try:
            self._usage.settle(reserved, found.tokens)
        except NightshiftError as error:
            # What was reserved stays counted, which is never too little.
            logger.warning(
                "tokens_not_settled run=%s model=%s reserved=%d used=%d reason=%s",
                account.loop, account.model, reserved.tokens, found.tokens, error.message,
            )  # fmt: skip
        return found
