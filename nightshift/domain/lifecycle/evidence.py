"""Evidence: champion against challenger on the same holdout rows."""

from typing import Literal

from nightshift.domain.lifecycle.training_overlap import TrainingOverlap
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.message import Message

Verdict = Literal["better", "equal", "worse", "unopposed", "undefined"]


class Interval(Message):
    """Bootstrap interval of challenger minus champion, in the unit of the metric."""

    low: float
    high: float


class MetricComparison(Message):
    """One metric of both models on the holdout.

    Attributes:
        champion: None when there is no champion yet.
        challenger: None when the metric is undefined on these rows (no labels, no variance).
        difference: interval of challenger minus champion; None without a champion.
        verdict: ``better`` or ``worse`` only if the interval excludes zero; ``unopposed`` without a champion.
        broken_limit: the absolute limit that the challenger misses, as a sentence; empty if none.
    """

    name: str
    tracked: bool
    champion: float | None
    challenger: float | None
    difference: Interval | None
    verdict: Verdict
    broken_limit: str = ""


class SliceComparison(Message):
    """One metric on the rows where ``column == value``; shown, and named when the challenger loses there."""

    column: str
    value: str
    rows: int
    metric: str
    champion: float | None
    challenger: float | None
    verdict: Verdict


class Evidence(Message):
    """All evidence that a promotion decision may use; a decision and an approval record its digest.

    Attributes:
        champion_version: the champion that was scored; None if there was none. If the alias is gone, the last one.
        rows: number of holdout rows.
        score_run, train_run: MLflow run ids.
        overlap: the rows that the champion was trained on; None without a champion, or from before this was recorded.
    """

    model: str
    challenger_version: str
    champion_version: str | None
    rows: int
    metrics: tuple[MetricComparison, ...]
    slices: tuple[SliceComparison, ...] = ()
    score_run: str
    train_run: str
    evaluation_set_digest: str
    predictions_digest: str
    dataset_digest: str
    data_source: str
    policy_digest: str
    spec_digest: str
    overlap: TrainingOverlap | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the whole evidence; that of evidence from before ``overlap`` is as it was."""
        content = self.to_json()
        return digest(content if self.overlap else {name: content[name] for name in content if name != "overlap"})
