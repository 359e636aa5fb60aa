"""Reviews for tests: a flagged promotion of version 2 against champion 1."""

from datetime import UTC, datetime
from typing import Any

from nightshift.domain.reviews.policy import EscalationLevel, ReviewPolicy
from nightshift.domain.reviews.review import Review
from nightshift.domain.uploads.upload import BlobRef

OPENED = datetime(2026, 11, 1, 3, tzinfo=UTC)
LADDER = ReviewPolicy(
    remind_after_minutes=10,
    ladder=(EscalationLevel(contact="second", after_minutes=20), EscalationLevel(contact="manager", after_minutes=30)),
    expires_after_minutes=40,
)


def make_review(**given: Any) -> Review:
    """An open review; what is given replaces its fields."""
    fields: dict[str, Any] = {
        "review_id": "r1",
        "model": "m",
        "run": "lifecycle-m-1",
        "rule": "mixed",
        "reason": "better on rmse, worse on mae",
        "challenger_version": "2",
        "champion_version": "1",
        "evidence_digest": "e" * 64,
        "evaluation_set_digest": "s" * 64,
        "policy_digest": "p" * 64,
        "spec_digest": "d" * 64,
        "evidence": BlobRef(container="evidence", name="evidence.json"),
        "manifest": BlobRef(container="silver", name="manifest.json"),
        "validated_by": "lifecycle-m-1",
        "policy": LADDER,
        "opened_at": OPENED,
    }
    return Review(**{**fields, **given})
