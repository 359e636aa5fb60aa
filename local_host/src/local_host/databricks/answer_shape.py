"""The shapes in which the Jobs API tells how a run ended. Real workspaces have been seen with all of them."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from local_host.databricks.ending import Ending

Shape = Literal["internal_error", "terminated", "status_only", "state_only"]
# Failed code is told in the life cycle of a failed platform: whoever is right under it is right under the others.
HARDEST: Shape = "internal_error"


class ShapeOrder(BaseModel):
    """The shape of all answers from now on.

    Attributes:
        shape: ``internal_error``: a job run of which a task failed is INTERNAL_ERROR/FAILED, whatever the cause.
            ``terminated``: it is told as its task is. ``status_only``: as ``internal_error``, without the deprecated
            ``state``. ``state_only``: as ``internal_error``, without ``status``, as before it was introduced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: Shape = HARDEST


@dataclass
class AnswerShape:
    """The shape in force; a restart begins with the one of the command line."""

    shape: Shape = HARDEST

    def ending_of(self, ending: Ending | None) -> Ending | None:
        """A job run's ending in this shape."""
        if ending is None or not ending.by_task or self.shape == "terminated":
            return ending
        if ending.result not in {"FAILED", "TIMEDOUT"}:
            return ending
        code = "RUN_EXECUTION_ERROR" if ending.result == "TIMEDOUT" else ending.code
        return replace(ending, life_cycle="INTERNAL_ERROR", result="FAILED", code=code)

    def trimmed(self, run: dict[str, Any]) -> dict[str, Any]:
        """A run, and its tasks, with the ways of telling that this shape has."""
        for shown in (run, *run.get("tasks", ())):
            if self.shape == "status_only":
                shown.pop("state", None)
            elif self.shape == "state_only":
                shown.pop("status", None)
        return run
