"""Bodies of the requests that create and stop runs, and what they ask for."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from local_host.databricks.api_error import InvalidParameterError
from local_host.databricks.definition_files import describe_faults
from local_host.databricks.definitions import (
    JobSettings,
    Part,
    QueueSettings,
    Task,
)
from local_host.databricks.run_store import new_run_id
from local_host.databricks.runs import RunOrder

_MOST_BYTES = 65_536


def _fits_a_command_line(value: str) -> str:
    if "\0" in value:
        raise ValueError("a parameter value cannot contain a NUL character")
    if len(value.encode()) > _MOST_BYTES:
        raise ValueError(f"a parameter value has at most {_MOST_BYTES} bytes")
    return value


IdempotencyToken = Annotated[str, Field(min_length=1, max_length=64)]
ParameterValue = Annotated[str, AfterValidator(_fits_a_command_line)]


class RunNow(Part):
    """``POST /jobs/run-now``."""

    job_id: int
    idempotency_token: IdempotencyToken | None = None
    job_parameters: dict[str, ParameterValue] = {}
    only: tuple[str, ...] = ()
    queue: QueueSettings | None = None

    def order(self, jobs: Mapping[int, JobSettings]) -> RunOrder:
        """The run that is asked for; raises InvalidParameterError if the job cannot run like that."""
        settings = jobs.get(self.job_id)
        if settings is None:
            raise InvalidParameterError(f"Job {self.job_id} does not exist.")
        for name in self.job_parameters:
            if name not in settings.defaults:
                declared = ", ".join(settings.defaults) or "none"
                raise InvalidParameterError(
                    f"job_parameters: {name!r} is not defined in job {self.job_id} (defined: {declared})"
                )
        keys = tuple(task.task_key for task in settings.tasks)
        for key in self.only:
            if key not in keys:
                raise InvalidParameterError(f"only: job {self.job_id} has no task {key!r} (tasks: {', '.join(keys)})")
        if self.queue is not None:
            settings = settings.model_copy(update={"queue": self.queue})
        return RunOrder(
            job_id=self.job_id,
            run_type="JOB_RUN",
            run_name=settings.name,
            settings=settings,
            parameters={**settings.defaults, **self.job_parameters},
            selected=tuple(key for key in keys if key in self.only) if self.only else keys,
        )


class SubmitRun(Part):
    """``POST /jobs/runs/submit``: a run without a job."""

    run_name: Annotated[str, Field(min_length=1, max_length=4096)] = "Untitled"
    tasks: tuple[Task, ...]
    idempotency_token: IdempotencyToken | None = None
    timeout_seconds: Annotated[int, Field(ge=0)] = 0
    queue: QueueSettings | None = None

    def order(self) -> RunOrder:
        """The run that is asked for; raises InvalidParameterError if its tasks do not fit together."""
        try:
            settings = JobSettings(
                name=self.run_name,
                tasks=self.tasks,
                timeout_seconds=self.timeout_seconds,
            )
        except ValidationError as error:
            raise InvalidParameterError("; ".join(describe_faults(error))) from error
        # As on Databricks the run gets a job id of its own, under which no job is listed.
        selected = tuple(task.task_key for task in self.tasks)
        return RunOrder(new_run_id(), "SUBMIT_RUN", self.run_name, settings, {}, selected)


class CancelRun(Part):
    """``POST /jobs/runs/cancel``."""

    run_id: int
