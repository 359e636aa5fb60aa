"""The token usage of language models: reserved before a request is made, replaced by the real usage after it."""

from nightshift.domain.platform.message import Message


class TokenCeilings(Message):
    """Most tokens of one day (UTC): of all models together, and of the improvement of one model."""

    day: int = 1_000_000
    model_and_day: int = 200_000


class Reservation(Message):
    """Tokens set aside for one request.

    Attributes:
        loop: the run of the improvement loop.
        model: whose improvement it is.
        day: of the request, as ``2026-11-29`` in UTC; an answer after midnight counts for this day too.
    """

    loop: str
    model: str
    day: str
    tokens: int
