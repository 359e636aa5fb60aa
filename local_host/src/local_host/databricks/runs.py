"""Job runs and task runs as the state file holds them."""

from dataclasses import dataclass
from typing import Literal

from local_host.databricks.definitions import JobSettings, Task
from local_host.databricks.ending import Ending, LifeCycle

RunType = Literal["JOB_RUN", "SUBMIT_RUN"]


@dataclass(frozen=True)
class RunOrder:
    """A run to create: the settings as they are now, all parameter values, and the tasks chosen by ``only``."""

    job_id: int
    run_type: RunType
    run_name: str
    settings: JobSettings
    parameters: dict[str, str]
    selected: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A job run. Times in milliseconds; ``started_ms`` is when it left the queue; ``sequence`` grows with creation."""

    sequence: int
    run_id: int
    job_id: int
    run_type: RunType
    run_name: str
    settings: JobSettings
    parameters: dict[str, str]
    selected: tuple[str, ...]
    life_cycle: LifeCycle
    ending: Ending | None
    stop_order: Ending | None
    created_ms: int
    started_ms: int | None
    ended_ms: int | None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that this run executes."""
        return tuple(task for task in self.settings.tasks if task.task_key in self.selected)


@dataclass(frozen=True)
class TaskRun:
    """A task run: one attempt at one task. ``executed_ms`` is when its process was started."""

    run_id: int
    job_run_id: int
    task_key: str
    attempt_number: int
    original_run_id: int
    life_cycle: LifeCycle
    ending: Ending | None
    arguments: tuple[str, ...] | None
    cluster_id: str | None
    started_ms: int | None
    executed_ms: int | None
    ended_ms: int | None
