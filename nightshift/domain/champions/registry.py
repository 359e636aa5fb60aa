"""What the MLflow registry and its runs say, as far as Nightshift needs it."""

from datetime import datetime, timedelta

from nightshift.domain.platform.message import Message

# How far a host's clock and MLflow's may be apart, where a record holds no time of MLflow's own.
_CLOCKS_APART = timedelta(minutes=10)


class RegisteredVersion(Message):
    """A model version in the registry.

    Attributes:
        created_at: as MLflow says it. With the number it is the version's identity: a registered model that was deleted
            and made again counts its versions from 1.
    """

    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    run_id: str
    tags: dict[str, str]

    def is_another(self, created_at: datetime | None, known_at: datetime) -> bool:
        """Whether the number belonged to another version when a record named it.

        Args:
            created_at: what MLflow said of the version then; None in a record of an earlier release.
            known_at: when the record was made, by a host's clock; only of use without ``created_at``.
        """
        if created_at is not None:
            return self.created_at != created_at
        return self.created_at > known_at + _CLOCKS_APART


class ScoreRun(Message):
    """A score run in MLflow: metrics and tags as logged, with the ids of both runs."""

    run_id: str
    train_run: str
    tags: dict[str, str]
    metrics: dict[str, float]
