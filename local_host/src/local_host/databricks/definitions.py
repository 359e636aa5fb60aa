"""Job settings in the shape of the Databricks Jobs API 2.2, restricted to what this host really runs."""

import hashlib
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from local_host.databricks.references import unsupported_references

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)]


class Part(BaseModel):
    """Base of all parts: immutable, and a field that this host would ignore is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class JobParameter(Part):
    """A declared job parameter and the value that it has unless a run gives another."""

    name: Name
    default: str


class PythonWheelTask(Part):
    """A function of a Python wheel, called with ``sys.argv`` filled from the parameters.

    ``named_parameters`` become ``--name=value`` arguments.
    """

    package_name: str
    entry_point: str
    parameters: tuple[str, ...] = ()
    named_parameters: dict[str, str] = {}

    @model_validator(mode="after")
    def _one_kind_of_parameters(self) -> Self:
        if self.parameters and self.named_parameters:
            raise ValueError("parameters and named_parameters exclude each other")
        return self

    @property
    def argument_templates(self) -> tuple[str, ...]:
        """Command line arguments, references not yet replaced."""
        return self.parameters or tuple(f"--{name}={value}" for name, value in self.named_parameters.items())


class TaskDependency(Part):
    """A task that must succeed first."""

    task_key: Name


class Task(Part):
    """One task of a job. Clusters and libraries are recorded and reported; locally the project's environment runs it.

    ``max_retries`` of -1 retries without limit; ``timeout_seconds`` of 0 means no limit.
    """

    task_key: Name
    description: str = ""
    depends_on: tuple[TaskDependency, ...] = ()
    run_if: Literal["ALL_SUCCESS"] = "ALL_SUCCESS"
    python_wheel_task: PythonWheelTask
    job_cluster_key: str | None = None
    new_cluster: dict[str, JsonValue] | None = None
    existing_cluster_id: str | None = None
    libraries: tuple[dict[str, JsonValue], ...] = ()
    max_retries: Annotated[int, Field(ge=-1)] = 0
    min_retry_interval_millis: Annotated[int, Field(ge=0)] = 0
    retry_on_timeout: bool = False
    timeout_seconds: Annotated[int, Field(ge=0)] = 0


class JobCluster(Part):
    """A cluster that the tasks of one run share."""

    job_cluster_key: Name
    new_cluster: dict[str, JsonValue]


class QueueSettings(Part):
    """Whether a run beyond ``max_concurrent_runs`` waits instead of being skipped."""

    enabled: bool


class JobSettings(Part):
    """The settings of a job; a definition file holds exactly one."""

    name: Annotated[str, Field(min_length=1, max_length=4096)]
    description: str = ""
    format: Literal["MULTI_TASK"] = "MULTI_TASK"
    tags: dict[str, str] = {}
    parameters: tuple[JobParameter, ...] = ()
    tasks: Annotated[tuple[Task, ...], Field(min_length=1, max_length=100)]
    job_clusters: tuple[JobCluster, ...] = ()
    timeout_seconds: Annotated[int, Field(ge=0)] = 0
    max_concurrent_runs: Annotated[int, Field(ge=0, le=1000)] = 1
    queue: QueueSettings = QueueSettings(enabled=False)

    @property
    def job_id(self) -> int:
        """An id that depends on the name alone, so that it is the same in every state folder."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:6], "big") + 1

    @property
    def defaults(self) -> dict[str, str]:
        """Default values of the declared parameters, by name."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _reject_repeated("tasks.task_key", [task.task_key for task in self.tasks])
        _reject_repeated("parameters.name", [parameter.name for parameter in self.parameters])
        _reject_repeated("job_clusters.job_cluster_key", [cluster.job_cluster_key for cluster in self.job_clusters])
        keys = {task.task_key for task in self.tasks}
        clusters = {cluster.job_cluster_key for cluster in self.job_clusters}
        for task in self.tasks:
            for dependency in task.depends_on:
                if dependency.task_key not in keys:
                    raise ValueError(f"tasks.{task.task_key}.depends_on: no task {dependency.task_key!r} in this job")
            if task.job_cluster_key is not None and task.job_cluster_key not in clusters:
                raise ValueError(
                    f"tasks.{task.task_key}.job_cluster_key: no job cluster {task.job_cluster_key!r} in this job"
                )
            named = [task.job_cluster_key, task.new_cluster, task.existing_cluster_id]
            if sum(cluster is not None for cluster in named) > 1:
                raise ValueError(
                    f"tasks.{task.task_key}: job_cluster_key, new_cluster and existing_cluster_id exclude each other"
                )
            for template in task.python_wheel_task.argument_templates:
                for reference in unsupported_references(template, self.defaults):
                    raise ValueError(
                        f"tasks.{task.task_key}.python_wheel_task: {{{{{reference}}}}} is no reference that this job"
                        f" can resolve (declared parameters: {', '.join(self.defaults) or 'none'})"
                    )
        try:
            TopologicalSorter({t.task_key: {d.task_key for d in t.depends_on} for t in self.tasks}).prepare()
        except CycleError as error:
            raise ValueError(f"tasks.depends_on: a circle of tasks: {' -> '.join(error.args[1])}") from error
        return self


def _reject_repeated(field: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{field}: {name!r} appears {names.count(name)} times; it must be unique")
