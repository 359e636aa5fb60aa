"""Dead letters: messages that could not be handled, kept with their reason until a person has dealt with them."""

from datetime import datetime
from typing import Any, Literal

from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.platform.message import Message

DeadLetterState = Literal["waiting", "redriven", "discarded"]


class DeadLetter(Message):
    """One message from a dead-letter queue.

    Attributes:
        letter_id: identity, from queue, message id and the time it was first queued.
        queue: where it was sent to.
        body: the message; ``body_digest`` is the SHA-256 of its bytes.
        encoding: how ``body`` holds the bytes: as text, or in base64 if they are no UTF-8.
        reason: why it could not be handled, in our words.
        cause: the reason without what differs from message to message: field and rule; messages of one cause are one
            incident. Empty in records of before this field.
        broker_reason: the dead-letter reason and description of Service Bus; empty if the app put it aside itself.
        delivery_count: how often it was delivered to the app before it was put aside.
        properties: application properties as they came.
        history: what has been done with it, oldest first, one line each.
    """

    letter_id: str
    queue: str
    message_id: str
    body: str
    encoding: Literal["utf-8", "base64"]
    body_digest: str
    reason: str
    cause: str = ""
    broker_reason: str
    delivery_count: int
    enqueued_at: datetime
    recorded_at: datetime
    properties: dict[str, Any] = {}
    state: DeadLetterState = "waiting"
    history: tuple[str, ...] = ()

    def closed(self, expected: DeadLetterState, state: DeadLetterState, note: str) -> "DeadLetter":
        """The dead-lettered message in another state, with one more line in its history.

        Raises:
            ConflictError: it is not in the state that is expected: somebody was faster.
        """
        if self.state != expected:
            raise ConflictError(f"dead letter {self.letter_id} is {self.state}, not {expected}")
        return self.model_copy(update={"state": state, "history": (*self.history, note)})

    @property
    def same(self) -> tuple[str, str, str]:
        """Queue, cause and state: a list shows messages that share them as one line."""
        return (self.queue, self.cause or self.reason, self.state)


class RedrivePlan(Message):
    """What a redrive of one dead letter would do, or did.

    Attributes:
        message_id: under which it is sent again: a new one, because the queue drops an id that it has seen within its
            duplicate-detection window; the first id stays in the property ``nightshift-message-id``.
        handled: whether the message would be understood now.
        problem: why not; empty if it would.
    """

    letter_id: str
    queue: str
    message_id: str
    handled: bool
    problem: str
    sent: bool
