"""A model spec: one YAML file with everything that Nightshift knows about one model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from nightshift.domain.improvement.feature_group import columns_of
from nightshift.domain.improvement.loop import ImprovementPolicy
from nightshift.domain.lifecycle.metrics import METRICS, Kind, names_of
from nightshift.domain.platform.identity import ModelName, digest
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import TRAINING_JOB
from nightshift.domain.response.playbook import Playbook
from nightshift.domain.reviews.policy import ReviewPolicy
from nightshift.domain.uploads.contract import DataContract

TimeFeature = Literal["hour", "weekday", "month", "day_of_year"]
if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[*METRICS]


class Source(Message):
    """What uploads of the model look like; they arrive in the container ``bronze`` in a folder named as the model.

    Attributes:
        max_inline_megabytes: above this size a Databricks job validates the file instead of the function app.
    """

    formats: tuple[Literal["csv", "parquet"], ...] = ("csv", "parquet")
    max_inline_megabytes: int = Field(default=512, ge=1)


class Polling(Message):
    """How long to wait between two polls of a job run: exponential backoff with a cap, all in seconds."""

    first_seconds: float = Field(default=10, gt=0)
    backoff: float = Field(default=1.5, ge=1, le=10)
    max_seconds: float = Field(default=300, gt=0)
    timeout_seconds: float = Field(default=4 * 3600, gt=0)


class Job(Message):
    """The Databricks job that trains and scores the model.

    Attributes:
        max_attempts: job runs per lifecycle while the platform fails (cluster start, spot loss); failing code ends it.
        retry_seconds: wait before the second attempt; doubles with each further one.
    """

    name: str = TRAINING_JOB
    max_attempts: int = Field(default=3, ge=1, le=10)
    retry_seconds: float = Field(default=60, gt=0)
    polling: Polling = Polling()


class Training(Message):
    """What the training code needs to know.

    Attributes:
        target: the column to predict; for anomaly detection the label column (0 or 1, empty where unknown).
        time_column: orders the rows; the newest form the holdout.
        features: columns that the model may use; for anomaly detection the one series to watch.
        time_features: features derived from ``time_column``, by name; none may be a column of the contract too.
        parameters: named settings handed to the estimator.
        seed: of every random choice in training.
    """

    target: str
    time_column: str
    features: tuple[str, ...] = Field(min_length=1)
    time_features: tuple[TimeFeature, ...] = ()
    parameters: dict[str, int | float | str | bool] = {}
    seed: int = 20_240_101


class Holdout(Message):
    """The newest share of the rows, never trained on, on which champion and challenger meet."""

    newest_fraction: float = Field(default=0.2, gt=0, lt=1)
    min_rows: int = Field(default=100, ge=10)


class Metric(Message):
    """One metric of the evaluation.

    Attributes:
        tracked: whether the comparison with the champion counts; an untracked metric is only held against its limits.
        minimum, maximum: absolute limits that any promoted model must meet, in the unit of the metric.
    """

    name: MetricName
    tracked: bool = True
    minimum: float | None = None
    maximum: float | None = None


class Slice(Message):
    """A column whose values split the holdout; each slice is compared on its own by the first tracked metric.

    Attributes:
        max_worse_fraction: a slice that is worse beyond noise by more than this share of the champion's value sends
            the promotion to a person.
        min_rows: smaller slices are not compared.
    """

    column: str
    max_worse_fraction: float = Field(default=0.2, ge=0)
    min_rows: int = Field(default=30, ge=1)


class Bootstrap(Message):
    """The paired bootstrap: resamples, confidence of the interval, seed.

    Attributes:
        block_rows: rows drawn together (circular moving block), because neighbouring rows of a series err alike; a
            day's worth is a good choice for seasonal series, 1 for independent rows.
    """

    resamples: int = Field(default=2000, ge=200, le=100_000)
    block_rows: int = Field(default=1, ge=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    seed: int = 7


class EvaluationPolicy(Message):
    """How champion and challenger are compared, and what any champion must meet."""

    metrics: tuple[Metric, ...] = Field(min_length=1)
    holdout: Holdout = Holdout()
    bootstrap: Bootstrap = Bootstrap()
    slices: tuple[Slice, ...] = ()


class ModelSpec(Message):
    """Everything that Nightshift knows about one model.

    Attributes:
        serving_endpoint: name of the endpoint that serves the champion, if one does.
    """

    name: ModelName
    kind: Kind
    description: str
    owner: str
    source: Source = Source()
    contract: DataContract
    job: Job = Job()
    training: Training
    evaluation: EvaluationPolicy
    serving_endpoint: str | None = None
    playbook: Playbook = Playbook()
    improvement: ImprovementPolicy = ImprovementPolicy()
    review: ReviewPolicy = ReviewPolicy()

    @model_validator(mode="after")
    def _parts_agree(self) -> "ModelSpec":
        problems = tuple(self._disagreements())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _disagreements(self) -> Iterator[str]:
        columns = {column.name for column in self.contract.columns}
        named = {
            "training.target": [self.training.target],
            "training.time_column": [self.training.time_column],
            "training.features": list(self.training.features),
            "evaluation.slices": [item.column for item in self.evaluation.slices],
            "improvement.bounds.feature_groups": [
                name for group in self.improvement.bounds.feature_groups.values() for name in columns_of(group)
            ],
        }
        for field, names in named.items():
            for name in names:
                if name not in columns:
                    yield f"{field} names {name!r}, which is not a column of the contract"
        if not self.contract.key:
            yield "contract.key must name the columns that identify a row: uploads are joined and scored by it"
        if self.training.target in self.training.features:
            yield f"training.features holds the target {self.training.target!r}"
        doubled = sorted(set(self.training.time_features) & columns)
        if doubled:
            yield f"training.time_features: {', '.join(doubled)} are columns of the contract already"
        foreign = sorted({metric.name for metric in self.evaluation.metrics} - set(names_of(self.kind)))
        if foreign:
            yield f"evaluation.metrics: {', '.join(foreign)} do not belong to kind {self.kind}"
        if not any(metric.tracked for metric in self.evaluation.metrics):
            yield "evaluation.metrics: at least one metric must be tracked"

    @property
    def digest(self) -> str:
        """SHA-256 of the spec's canonical JSON, so that a decision can say which spec it followed."""
        return digest(self.to_json())

    @property
    def policy_digest(self) -> str:
        """SHA-256 of the part that decides about promotion: metrics, limits, slices, holdout and bootstrap."""
        return digest(self.evaluation.to_json())
