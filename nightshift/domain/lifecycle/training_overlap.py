"""Rows of a comparison that the champion was trained on."""

from typing import Literal

from nightshift.domain.platform.message import Message

KnownBy = Literal["rows", "time", "nothing"]


class TrainingOverlap(Message):
    """What is known of the holdout rows that the champion was trained on.

    Attributes:
        known_by: ``rows``: the champion's training recorded its rows; ``time``: it recorded its newest row only, and no
            row up to then counts as unseen; ``nothing``: neither, so that nothing is known.
        rows: how many holdout rows the champion was, or may have been, trained on.
        left_out: whether those rows were left out of the comparison. They were not if too few others are left; such a
            comparison proves nothing.
    """

    known_by: KnownBy
    rows: int = 0
    left_out: bool = True

    @property
    def spoils(self) -> bool:
        """Whether the champion was judged on its own training rows."""
        return self.rows > 0 and not self.left_out
