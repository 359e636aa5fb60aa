"""The action ``retrain_with_features``."""

from collections.abc import Callable, Collection
from typing import Final, Literal, Self

from pydantic import Field, field_validator

from nightshift.domain.improvement.actions.action import Name, PlannedAction, violation
from nightshift.domain.improvement.feature_group import (
    Calendar,
    FeatureGroup,
    Interaction,
    Lags,
    RollingMeans,
    columns_of,
)
from nightshift.domain.platform.message import Message

_MOST_GROUPS: Final = 12


class FeatureBounds(Message):
    """The groups that it may choose from."""

    feature_groups: dict[Name, FeatureGroup] = {}


class RetrainWithFeatures(PlannedAction):
    """Train with groups of derived features beside the spec's own.

    Attributes:
        feature_groups: names of groups that the spec declares; 1 to 12.
    """

    not_for_detectors = "a detector watches how one series departs from its past and takes no further features"
    kind: Literal["retrain_with_features"] = "retrain_with_features"
    feature_groups: tuple[Name, ...] = Field(min_length=1, max_length=_MOST_GROUPS)

    @field_validator("feature_groups")
    @classmethod
    def _once_and_in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(names)))

    @classmethod
    def gap(cls, bounds: FeatureBounds) -> str:
        """There must be a group."""
        rule = "feature_groups: retrain_with_features is allowed, so there must be a group to choose"
        return "" if bounds.feature_groups else rule

    @classmethod
    def moderate(cls, bounds: FeatureBounds, days_there: float) -> Self | None:
        """Every group."""
        return cls._of(bounds, lambda _: True)

    @classmethod
    def past_of(cls, bounds: FeatureBounds, column: str) -> Self | None:
        """The groups that look at earlier values of a column."""
        return cls._of(bounds, lambda group: isinstance(group, Lags | RollingMeans) and group.column == column)

    @classmethod
    def interactions(cls, bounds: FeatureBounds, columns: Collection[str]) -> Self | None:
        """The interactions that hold one of the columns; if there is none, all of them."""
        touching = cls._of(
            bounds, lambda group: isinstance(group, Interaction) and bool(set(columns_of(group)) & set(columns))
        )
        return touching or cls._of(bounds, lambda group: isinstance(group, Interaction))

    @classmethod
    def calendars(cls, bounds: FeatureBounds) -> Self | None:
        """The groups of parts of the time."""
        return cls._of(bounds, lambda group: isinstance(group, Calendar))

    @classmethod
    def _of(cls, bounds: FeatureBounds, wanted: Callable[[FeatureGroup], bool]) -> Self | None:
        names = sorted(name for name, group in bounds.feature_groups.items() if wanted(group))
        return cls(feature_groups=tuple(names[:_MOST_GROUPS])) if names else None

    def violations(self, bounds: FeatureBounds) -> tuple[str, ...]:
        """Groups that the spec does not declare."""
        unknown = [name for name in self.feature_groups if name not in bounds.feature_groups]
        rule = f"the spec declares {', '.join(bounds.feature_groups)}"
        return tuple(violation("feature_groups", name, rule) for name in unknown)

    def is_like(self, tried: Self) -> bool:
        """The same groups."""
        return self.feature_groups == tried.feature_groups

    @property
    def group_names(self) -> tuple[str, ...]:
        """All of its groups."""
        return self.feature_groups
