"""An alert: what some source says is wrong, in one form whatever the source."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, field_validator

from nightshift.domain.platform.identity import ModelName, short
from nightshift.domain.platform.message import Message

Category = Literal["degradation", "drift", "pipeline", "budget"]
Severity = Literal["critical", "warning", "informational"]
Direction = Literal["higher_is_better", "lower_is_better"]

# A budget or a shared pipeline belongs to no model; its records are kept under this name.
PLATFORM = "platform"
QUEUES: dict[Category, str] = {
    "degradation": "model-alerts",
    "drift": "drift-alerts",
    "pipeline": "pipeline-alerts",
    "budget": "budget-alerts",
}
# Clocks differ; an alert from further ahead than this is an error of its source.
CLOCK_TOLERANCE = timedelta(minutes=5)
# JSON text of a message; what is larger belongs behind ``url``.
LARGEST_BYTES = 32 * 1024
# Characters; longer than any name that Azure or Databricks allow. All of them together fit into ``LARGEST_BYTES``.
LONGEST_ID, LONGEST_NAME = 2_048, 512


class AlertMessage(Message):
    """One alert on a queue.

    Attributes:
        alert_id: the source's own id; the same for every delivery, and for firing and resolution of one alert. The same
            id in another category, or with another model, metric or feature, is another alert.
        model: the registered model that it is about; None for the platform as a whole.
        model_version: the version that it blames, if the source knows it.
        rule: the source's name for its rule.
        metric: what was measured, such as ``rmse``, ``psi``, ``staleness_days`` or ``spend``.
        direction: which way the metric is better, for a name that nightshift.domain.lifecycle.direction does not know.
        value: of the metric, in its own unit.
        baseline: what ``value`` is compared with: the metric of the champion's evaluation, the budget.
        feature: the column, for drift.
        severity: the source's own judgement; the rules may come to another.
        fired_at: when the source saw it (UTC).
        run: the lifecycle run that it is about.
    """

    alert_id: str = Field(min_length=1, max_length=LONGEST_ID)
    category: Category
    state: Literal["fired", "resolved"] = "fired"
    model: ModelName | None = None
    model_version: Annotated[str, Field(pattern=r"^\d{1,9}$")] | None = None
    source: str = Field(min_length=1, max_length=LONGEST_NAME)
    rule: str = Field(default="", max_length=LONGEST_NAME)
    metric: str = Field(default="", max_length=LONGEST_NAME)
    direction: Direction | None = None
    value: float | None = Field(default=None, allow_inf_nan=False)
    baseline: float | None = Field(default=None, allow_inf_nan=False)
    feature: str = Field(default="", max_length=LONGEST_NAME)
    severity: Severity | None = None
    title: str = Field(min_length=1, max_length=300)
    detail: str = Field(default="", max_length=8_000)
    fired_at: AwareDatetime
    url: str = Field(default="", max_length=2_000)
    run: str = Field(default="", max_length=200)

    @field_validator("url")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            msg = "must be a http or https address"
            raise ValueError(msg)
        return value

    @property
    def key(self) -> str:
        """Identity of the alert - its id and what it is about - in characters that every key allows."""
        return short(self.alert_id, self.category, self.partition, self.metric, self.feature)

    @property
    def id_key(self) -> str:
        """The source's id alone, in such characters."""
        return short(self.alert_id)

    def same_subject(self, other: "AlertMessage") -> bool:
        """Whether an alert of the same id and model is about the same thing.

        Firing or resolution may leave metric or feature out: a resolution is then about each that fired.
        """
        loose = self.state != other.state
        return self.category == other.category and all(
            mine == theirs or (loose and not (mine and theirs))
            for mine, theirs in ((self.metric, other.metric), (self.feature, other.feature))
        )

    @property
    def partition(self) -> str:
        """The model, or ``platform``: where its records are kept."""
        return self.model or PLATFORM

    @property
    def message_id(self) -> str:
        """Id on the queue: firing and resolution are two messages of one alert."""
        return f"{self.key}-{self.state}"


class Classification(Message):
    """What the rules made of an alert.

    Attributes:
        rule: the rule that fired; ``unknown`` if none knows such an alert.
        reason: one sentence with the numbers it was judged by.
        by_figures: whether figures judged it, and not the words of its source.
    """

    category: Category
    severity: Severity
    rule: str
    reason: str
    by_figures: bool


def fingerprint(alert: AlertMessage, classification: Classification) -> str:
    """What makes two alerts the same trouble: model, category, and the rule that judged them.

    Where figures judged it, it does not matter what the source calls its rule; otherwise that is all there is to tell
    one trouble from another.
    """
    own = "" if classification.by_figures else alert.rule
    return short(alert.partition, classification.category, classification.rule, own)


def text_of(body: bytes) -> str:
    """The text of an alert's body, without a byte order mark of UTF-8.

    Raises:
        ValueError: another encoding; says where it shows.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        msg = "must be UTF-8: it begins with the byte order mark of UTF-16"
        raise ValueError(msg)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"must be UTF-8: {error.reason} at byte {error.start}"
        raise ValueError(msg) from error


def too_early(fired_at: datetime, now: datetime) -> bool:
    """Whether an alert claims to come from the future."""
    return fired_at - now > CLOCK_TOLERANCE
