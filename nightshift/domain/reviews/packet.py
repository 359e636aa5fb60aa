"""The review packet: all that a person needs to decide about a flagged promotion, in one document."""

from datetime import datetime

from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.lifecycle.drift import Drift
from nightshift.domain.lifecycle.evidence import Evidence, SliceComparison
from nightshift.domain.platform.message import Message
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import ChangedPrecondition, Review
from nightshift.domain.uploads.dataset import PartReport


class FeatureDrift(Drift):
    """The drift of a column."""

    column: str


class Link(Message):
    """An address and what is behind it."""

    title: str
    url: str


class ReviewPacket(Message):
    """Everything for one screen.

    Attributes:
        review: with its timeline and, once decided, the decision.
        evidence: champion against challenger per metric, with the interval of the difference; None if it is gone.
        better, worse: names of the tracked metrics in which the challenger is better or worse beyond noise.
        losing_slices: slices in which the challenger is worse beyond noise, the largest first.
        drift: of the columns, those that have moved first, then by the index; empty without a reference of the same
            season.
        data_quality: the validation reports of the run's files.
        data_source: as the uploader said it.
        due_at: when it expires; ``next_step`` what happens before that, None once it is decided.
        if_nobody_answers: the same as sentences.
        cost_of_waiting: what each hour with the present champion costs or saves, as sentences.
        stale: what has changed already: an approval now would be void. Empty while it would stand.
        entries: what the ledger says of the run and the review, oldest first.
        links: MLflow and Databricks.
        missing: what could not be read, and why, as sentences.
    """

    review: Review
    evidence: Evidence | None
    better: tuple[str, ...]
    worse: tuple[str, ...]
    losing_slices: tuple[SliceComparison, ...]
    drift: tuple[FeatureDrift, ...]
    data_quality: tuple[PartReport, ...]
    data_source: str
    due_at: datetime
    next_step: ReviewStep | None
    if_nobody_answers: tuple[str, ...]
    cost_of_waiting: tuple[str, ...]
    stale: tuple[ChangedPrecondition, ...]
    entries: tuple[LedgerEntry, ...]
    links: tuple[Link, ...]
    missing: tuple[str, ...]
