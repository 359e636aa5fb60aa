"""How job runs and task runs end, and the two ways in which the Jobs API tells it (``state`` and ``status``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

LifeCycle = Literal[
    "BLOCKED",
    "QUEUED",
    "PENDING",
    "RUNNING",
    "TERMINATING",
    "WAITING_FOR_RETRY",
    "TERMINATED",
    "SKIPPED",
    "INTERNAL_ERROR",
]
Result = Literal[
    "SUCCESS",
    "FAILED",
    "TIMEDOUT",
    "CANCELED",
    "UPSTREAM_FAILED",
    "UPSTREAM_CANCELED",
    "MAXIMUM_CONCURRENT_RUNS_REACHED",
]
Code = Literal[
    "SUCCESS",
    "RUN_EXECUTION_ERROR",
    "INVALID_RUN_CONFIGURATION",
    "CANCELED",
    "USER_CANCELED",
    "SKIPPED",
    "MAX_CONCURRENT_RUNS_EXCEEDED",
    "INTERNAL_ERROR",
    "CLUSTER_ERROR",
    "CLOUD_FAILURE",
]
Blame = Literal["SUCCESS", "CLIENT_ERROR", "INTERNAL_ERROR", "CLOUD_FAILURE"]

_STATUS_STATE: dict[LifeCycle, str] = {
    "WAITING_FOR_RETRY": "WAITING",
    "SKIPPED": "TERMINATED",
    "INTERNAL_ERROR": "TERMINATED",
}
# Which failure speaks for the run when several tasks failed differently: user code first, since only that one
# comes back however often the run is repeated.
_GRAVITY: tuple[Code, ...] = ("RUN_EXECUTION_ERROR", "INVALID_RUN_CONFIGURATION")


@dataclass(frozen=True)
class Ending:
    """A terminal state: life cycle state, result, termination code and type, message.

    Attributes:
        by_task: of a job run: it ended so because of a task, not because it was itself canceled or out of time.
    """

    life_cycle: Literal["TERMINATED", "SKIPPED", "INTERNAL_ERROR"]
    result: Result
    code: Code
    blame: Blame
    message: str = ""
    by_task: bool = False

    @property
    def successful(self) -> bool:
        """Whether tasks that depend on this one may start."""
        return self.result == "SUCCESS"


SUCCEEDED = Ending("TERMINATED", "SUCCESS", "SUCCESS", "SUCCESS")
WORKLOAD_FAILED = Ending(
    "TERMINATED", "FAILED", "RUN_EXECUTION_ERROR", "CLIENT_ERROR", "Workload failed, see run output for details"
)
USER_CANCELED = Ending("TERMINATED", "CANCELED", "USER_CANCELED", "SUCCESS", "Run cancelled by user")
NEVER_STARTED = Ending("TERMINATED", "UPSTREAM_CANCELED", "SKIPPED", "CLIENT_ERROR", "The run ended before this task")
UPSTREAM_FAILED = Ending("TERMINATED", "UPSTREAM_FAILED", "SKIPPED", "CLIENT_ERROR", "An upstream task failed")
HOST_SHUT_DOWN = Ending(
    "INTERNAL_ERROR", "FAILED", "INTERNAL_ERROR", "INTERNAL_ERROR", "The local Databricks host was shut down"
)
PROCESS_LOST = Ending(
    "INTERNAL_ERROR",
    "FAILED",
    "INTERNAL_ERROR",
    "INTERNAL_ERROR",
    "The task's process ended without a result while the local Databricks host was down",
)
CLUSTER_START_FAILED = Ending(
    "INTERNAL_ERROR",
    "FAILED",
    "CLUSTER_ERROR",
    "CLOUD_FAILURE",
    "Unexpected failure while waiting for the cluster to be ready: CLOUD_PROVIDER_LAUNCH_FAILURE",
)
SPOT_LOST = Ending(
    "INTERNAL_ERROR",
    "FAILED",
    "CLOUD_FAILURE",
    "CLOUD_FAILURE",
    "Cluster was terminated: the cloud provider took back its spot instance (SPOT_INSTANCE_TERMINATION)",
)


def misconfigured(message: str) -> Ending:
    """The run asks for something that does not exist, such as an unknown entry point."""
    return Ending("TERMINATED", "FAILED", "INVALID_RUN_CONFIGURATION", "CLIENT_ERROR", message)


def timed_out(subject: str, seconds: int) -> Ending:
    """Stopped by ``timeout_seconds`` of a task or of a job."""
    return Ending("TERMINATED", "TIMEDOUT", "CANCELED", "CLIENT_ERROR", f"{subject} exceeded its {seconds} s timeout")


def cluster_terminated(cluster_id: str) -> Ending:
    """The cluster under a running task was terminated through the Clusters API."""
    message = f"Cluster {cluster_id} was terminated by a user during the run"
    return Ending("INTERNAL_ERROR", "FAILED", "CLUSTER_ERROR", "CLIENT_ERROR", message)


def too_many_runs(limit: int) -> Ending:
    """Skipped because the job may not run more often at once and has no queue."""
    message = f"The job already has {limit} active run(s), its max_concurrent_runs"
    return Ending("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED", "MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR", message)


def host_fault(error: BaseException) -> Ending:
    """A fault of this host, not of the run."""
    message = f"The local Databricks host failed: {type(error).__name__}: {error}"
    return Ending("INTERNAL_ERROR", "FAILED", "INTERNAL_ERROR", "INTERNAL_ERROR", message)


def run_ending(tasks: Mapping[str, Ending]) -> Ending:
    """The ending of a job run from those of its tasks, by task key.

    A run ends as its gravest task: failed user code, then whatever came first in task order.
    """
    causes = [(key, end) for key, end in tasks.items() if not end.successful and not end.result.startswith("UPSTREAM")]
    if not causes:
        return SUCCEEDED
    key, worst = min(causes, key=lambda cause: _GRAVITY.index(cause[1].code) if cause[1].code in _GRAVITY else 9)
    skipped = any(end.result.startswith("UPSTREAM") for end in tasks.values())
    consequence = ". This caused all downstream tasks to get skipped." if skipped else ""
    message = f"Task {key} failed with message: {worst.message}{consequence}"
    return Ending(worst.life_cycle, worst.result, worst.code, worst.blame, message, by_task=True)


def state_json(life_cycle: LifeCycle, ending: Ending | None) -> dict[str, Any]:
    """The ``state`` object of Jobs API 2.0 and later."""
    if ending is None:
        return {"life_cycle_state": life_cycle, "state_message": "", "user_cancelled_or_timedout": False}
    return {
        "life_cycle_state": ending.life_cycle,
        "result_state": ending.result,
        "state_message": ending.message,
        "user_cancelled_or_timedout": ending.result in {"CANCELED", "TIMEDOUT"},
    }


def status_json(life_cycle: LifeCycle, ending: Ending | None) -> dict[str, Any]:
    """The newer ``status`` object."""
    status: dict[str, Any] = {"state": _STATUS_STATE.get(life_cycle, life_cycle)}
    if life_cycle == "QUEUED":
        status["queue_details"] = {
            "code": "MAX_CONCURRENT_RUNS_REACHED",
            "message": "Queued due to reaching maximum concurrent runs of the job",
        }
    if ending is not None:
        status["termination_details"] = {"code": ending.code, "type": ending.blame, "message": ending.message}
    return status
