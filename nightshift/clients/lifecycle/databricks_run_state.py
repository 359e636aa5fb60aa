"""Read the state of a job run from both forms of the Jobs API's answer: ``state`` and ``status``.

``state`` is deprecated and may be missing; ``status`` is missing in older answers. A job run whose task failed is said
to be ``TERMINATED``/``FAILED`` or ``INTERNAL_ERROR``/``FAILED``, whatever the cause. So the cause is looked for in the
tasks' own endings first, then in the run's ``termination_details``, and in the life cycle only where neither says it.

The answer is read as it came, because databricks-sdk turns a word that it does not know into None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nightshift.domain.lifecycle.job import JobState

ACTIVE: dict[str, JobState] = {
    "BLOCKED": "pending",
    "PENDING": "pending",
    "QUEUED": "pending",
    "WAITING": "pending",
    "WAITING_FOR_RETRY": "pending",
    "RUNNING": "running",
    "TERMINATING": "running",
}
ENDED = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
# FAILED is not here: it says that something failed, and not whose fault that was.
RESULTS: dict[str, JobState] = {
    "SUCCESS": "succeeded",
    "SUCCESS_WITH_FAILURES": "succeeded",
    "UPSTREAM_FAILED": "failed",
    "TIMEDOUT": "timed_out",
    "CANCELED": "canceled",
    "UPSTREAM_CANCELED": "canceled",
    "EXCLUDED": "skipped",
    "DISABLED": "skipped",
    "MAXIMUM_CONCURRENT_RUNS_REACHED": "skipped",
}
# Termination codes that say more than their type: the run did not begin, was stopped, or met a limit that passes.
CODES: dict[str, JobState] = {
    "SUCCESS": "succeeded",
    "SUCCESS_WITH_FAILURES": "succeeded",
    "USER_CANCELED": "canceled",
    # By the platform, because the longest run time was over.
    "CANCELED": "timed_out",
    "SKIPPED": "skipped",
    "DISABLED": "skipped",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "skipped",
    "MAX_JOB_QUEUE_SIZE_EXCEEDED": "skipped",
    "WORKSPACE_RUN_LIMIT_EXCEEDED": "skipped",
    "CLUSTER_REQUEST_LIMIT_EXCEEDED": "skipped",
    "MAX_SPARK_CONTEXTS_EXCEEDED": "skipped",
}
# Termination types: whose fault it was, as Databricks sees it. A library that cannot be installed, a driver that
# stopped under the code's load and an invalid cluster request are CLIENT_ERROR: another attempt meets the same end.
TYPES: dict[str, JobState] = {
    "SUCCESS": "succeeded",
    "CLIENT_ERROR": "failed",
    "INTERNAL_ERROR": "internal_error",
    "CLOUD_FAILURE": "internal_error",
}
# An answer without termination_details reports some faults of the user only in the text of INTERNAL_ERROR.
_USER_FAULTS = ("due to user error", "the spark driver has stopped unexpectedly")
# Which of several failed tasks speaks for the run: the one whose fault comes back however often the run is repeated.
_GRAVITY: tuple[JobState, ...] = ("failed", "timed_out", "canceled", "internal_error", "skipped")
_CONSEQUENCES = frozenset({"UPSTREAM_FAILED", "UPSTREAM_CANCELED", "EXCLUDED", "DISABLED"})


@dataclass(frozen=True)
class RunState:
    """The state of a job run.

    Attributes:
        message: Databricks' words, with the termination code and type; or which of its words is not known here.
        culprit: the task run that made the run fail, as the API shows it.
    """

    state: JobState
    message: str
    culprit: Mapping[str, Any] | None = None


class _Ending(NamedTuple):
    """How a run or task run ended; not ``sure`` where only a life cycle INTERNAL_ERROR speaks for the platform."""

    state: JobState
    sure: bool
    unknown: str = ""


def read_run_state(run: Mapping[str, Any]) -> RunState:
    """The state of a job run from the answer of ``runs/get``, API 2.1 or 2.2.

    A word that is not known never ends the wait silently and never prolongs it for ever: a run that has an end has
    failed, one that has none is pending until the caller's deadline, and both messages name the word.
    """
    phase, unknown = _phase(run)
    if phase is not None:
        return RunState(phase, _joined(message_of(run), unknown))
    own = _ending(run)
    if own.state in {"succeeded", "timed_out", "canceled", "skipped"} and own.sure:
        return RunState(own.state, _text(run))
    causes = [(task, _ending(task)) for task in _last_attempts(run) if _is_cause(task)]
    known = [cause for cause in causes if cause[1].sure]
    if not known and own.sure:
        culprit = causes[0][0] if causes else None
        return RunState(own.state, _joined(_text(run), own.unknown), culprit)
    if not causes:
        return RunState(own.state, _joined(_text(run), own.unknown))
    culprit, ending = min(known or causes, key=lambda cause: _GRAVITY.index(cause[1].state))
    return RunState(ending.state, _joined(_text(run), ending.unknown), culprit)


def message_of(run: Mapping[str, Any]) -> str:
    """Databricks' message about a run or task run."""
    return str(_part(run, "state").get("state_message") or _details(run).get("message") or "")


def _phase(run: Mapping[str, Any]) -> tuple[JobState | None, str]:
    """Pending or running; None for what has ended; and the word that is not known."""
    words = _life_cycles(run)
    for word in words:
        if word in ACTIVE:
            return ACTIVE[word], ""
        if word in ENDED:
            return None, ""
    unknown = _unknown("life cycle state", words[0]) if words else ""
    return (None if run.get("end_time") or run.get("run_duration") else "pending"), unknown


def _ending(run: Mapping[str, Any]) -> _Ending:
    certain = _certain_state(run)
    if certain is not None:
        return _Ending(certain, sure=True)
    if "INTERNAL_ERROR" in _life_cycles(run):
        at_fault = any(text in message_of(run).lower() for text in _USER_FAULTS)
        return _Ending("failed" if at_fault else "internal_error", sure=at_fault)
    result = _part(run, "state").get("result_state")
    if result == "FAILED":
        return _Ending("failed", sure=True)
    words = {"life cycle state": " ".join(_life_cycles(run)), "result state": result, "termination code": _code(run)}
    unknown = [(name, word) for name, word in words.items() if word and word not in ENDED]
    return _Ending("failed", sure=False, unknown=_unknown(*(unknown[0] if unknown else ("result state", ""))))


def _certain_state(run: Mapping[str, Any]) -> JobState | None:
    """What result, life cycle, termination code or type say without a doubt; None where they do not."""
    result = RESULTS.get(str(_part(run, "state").get("result_state")))
    code = CODES.get(_code(run))
    contradicted = "INTERNAL_ERROR" in _life_cycles(run) or (_code(run) and code != "succeeded")
    if result is not None and not (result == "succeeded" and contradicted):
        return result
    if "SKIPPED" in _life_cycles(run):
        return "skipped"
    if code is not None:
        return code
    blame = TYPES.get(str(_details(run).get("type")))
    return None if blame == "succeeded" else blame


def _code(run: Mapping[str, Any]) -> str:
    return str(_details(run).get("code") or "")


def _is_cause(task: Mapping[str, Any]) -> bool:
    phase, _ = _phase(task)
    if phase is not None or _part(task, "state").get("result_state") in _CONSEQUENCES:
        return False
    # Without result states a task that an upstream failure kept from running has the code SKIPPED.
    return _code(task) != "SKIPPED" and _ending(task).state != "succeeded"


def _last_attempts(run: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    last: dict[str, Mapping[str, Any]] = {}
    tasks = run.get("tasks")
    for task in tasks if isinstance(tasks, list) else []:
        if not isinstance(task, Mapping):
            continue
        key = str(task.get("task_key"))
        if key not in last or _attempt(task) >= _attempt(last[key]):
            last[key] = task
    return last.values()


def _attempt(task: Mapping[str, Any]) -> int:
    number = task.get("attempt_number")
    return number if isinstance(number, int) else 0


def _life_cycles(run: Mapping[str, Any]) -> list[str]:
    found = (_part(run, "status").get("state"), _part(run, "state").get("life_cycle_state"))
    return [str(word) for word in found if word]


def _part(run: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = run.get(name)
    return part if isinstance(part, Mapping) else {}


def _details(run: Mapping[str, Any]) -> Mapping[str, Any]:
    return _part(_part(run, "status"), "termination_details")


def _text(run: Mapping[str, Any]) -> str:
    details = _details(run)
    words = ", ".join(str(details[name]) for name in ("code", "type") if details.get(name))
    return message_of(run) if words in {"", "SUCCESS, SUCCESS"} else _joined(message_of(run), f"({words})")


def _unknown(name: str, word: object) -> str:
    return f"{name} = {word!r}: this version knows no such word of the Jobs API"


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
