"""Addresses of pages for people."""

from domain.message import Message


class Links(Message):
    """Where people find what is behind an id: addresses without a slash at their end.

    Attributes:
        mlflow: of the MLflow pages, ``.../experiments/ID/runs/ID`` following.
        databricks: of the workspace.
    """

    mlflow: str
    databricks: str
