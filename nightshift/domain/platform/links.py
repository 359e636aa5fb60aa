"""Addresses of pages for people."""

from typing import Literal
from urllib.parse import quote

from nightshift.domain.platform.message import Message

PageKind = Literal["incidents", "reviews", "runs"]


class Links(Message):
    """Where people find what is behind an id: addresses without a slash at their end.

    Attributes:
        mlflow: of the MLflow pages, ``.../experiments/ID/runs/ID`` following.
        databricks: of the workspace.
        app: of the app's own pages, as people reach it; empty if no setting says it.
    """

    mlflow: str
    databricks: str
    app: str = ""

    @property
    def front(self) -> str:
        """Address of the front page; empty without the app's address."""
        return f"{self.app}/" if self.app else ""

    def page(self, kind: PageKind, identity: str) -> str:
        """Address of the page about an incident, a review or a run; empty without the app's address."""
        return f"{self.app}/{kind}/{quote(identity, safe='')}" if self.app else ""
