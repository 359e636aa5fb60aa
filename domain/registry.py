"""What the MLflow registry and its runs say, as far as Nightshift needs it."""

from datetime import datetime

from domain.message import Message


class RegisteredVersion(Message):
    """A model version in the registry."""

    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    run_id: str
    tags: dict[str, str]


class ScoreRun(Message):
    """A score run in MLflow: metrics and tags as logged, with the ids of both runs."""

    run_id: str
    train_run: str
    tags: dict[str, str]
    metrics: dict[str, float]
