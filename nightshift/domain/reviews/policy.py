"""How long a flagged promotion waits for a person, and who is notified when."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from nightshift.domain.platform.message import Message

Minutes = Annotated[float, Field(gt=0, le=30 * 24 * 60)]
Contact = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]


class EscalationLevel(Message):
    """One escalation level: who is notified if nobody has decided by then.

    Attributes:
        contact: a name such as ``manager``; its addresses are in the setting NIGHTSHIFT_NOTIFY_URLS.
        after_minutes: from the opening of the review.
    """

    contact: Contact
    after_minutes: Minutes


class ReviewStep(Message):
    """Something that happens at a time unless somebody has decided by then."""

    kind: Literal["remind", "escalate", "expire"]
    at: datetime
    contact: str = ""

    @property
    def key(self) -> str:
        """Identity of the step within its review."""
        return f"{self.kind}-{self.contact}" if self.contact else self.kind


class ReviewPolicy(Message):
    """What is done while a flagged promotion waits; all times in minutes from the opening of the review.

    Attributes:
        remind_after_minutes: on-call is notified a second time.
        ladder: the escalation levels, in the order in which they are notified.
        expires_after_minutes: the review expires, and the champion stays.
        four_eyes: nobody approves a promotion that they triggered themselves.
    """

    remind_after_minutes: Minutes = 60
    ladder: tuple[EscalationLevel, ...] = (
        EscalationLevel(contact="second", after_minutes=4 * 60),
        EscalationLevel(contact="manager", after_minutes=8 * 60),
    )
    expires_after_minutes: Minutes = 24 * 60
    four_eyes: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "ReviewPolicy":
        names = [level.contact for level in self.ladder]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            msg = f"ladder: {', '.join(doubled)} is on more than one level"
            raise ValueError(msg)
        times = [
            ("remind_after_minutes", self.remind_after_minutes),
            *((f"ladder: {level.contact}: after_minutes", level.after_minutes) for level in self.ladder),
            ("expires_after_minutes", self.expires_after_minutes),
        ]
        for (earlier, before), (later, after) in pairwise(times):
            if after <= before:
                msg = f"{later} = {after:g}: must be more than {earlier} = {before:g}"
                raise ValueError(msg)
        return self

    def steps(self, opened_at: datetime) -> tuple[ReviewStep, ...]:
        """What happens when, in order; the last step is the expiry."""
        return (
            ReviewStep(kind="remind", at=opened_at + timedelta(minutes=self.remind_after_minutes)),
            *(
                ReviewStep(
                    kind="escalate", at=opened_at + timedelta(minutes=level.after_minutes), contact=level.contact
                )
                for level in self.ladder
            ),
            ReviewStep(kind="expire", at=opened_at + timedelta(minutes=self.expires_after_minutes)),
        )
