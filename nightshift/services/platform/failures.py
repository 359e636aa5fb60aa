"""The activity edge: what a retry may cure is raised, so that Durable calls again; all else is the step's failure.

An unknown exception is raised, too, because Durable may call the activity in another process. A table counts the tries
of each call, because Durable gives an activity no number of its attempt; after the third the step has failed with
``internal_error``.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from nightshift.domain.platform.errors import NightshiftError, NotLoadedError
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.loading import import_broke
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Failure
from nightshift.domain.watch.fault import SHOWN, Fault
from nightshift.services.platform.app_metrics import count_internal_error

logger = logging.getLogger(__name__)

INTERNAL_ERROR = "internal_error"


def failure_of(
    services: Services,
    step: str,
    message: Message,
    error: Exception,
    cost: Callable[[Services, Any], Mapping[str, int]] | None = None,
) -> Failure:
    """The failure of a step whose body has raised an exception that no further call may cure.

    Args:
        cost: what the step has cost all the same; it goes into the failure's fields.

    Raises:
        Exception: the same one, or NotLoadedError in its place, if Durable is to call the activity again.
    """
    failure = _failure(services, step, message, error)
    if cost is None:
        return failure
    try:
        spent = cost(services, message)
    except Exception:
        # The failure itself is known, and must not be lost because its cost is not.
        logger.exception("cost_not_read step=%s run=%s", step, subject_of(message))
        return failure
    return failure.model_copy(update={"fields": {**failure.fields, **spent}})


def _failure(services: Services, step: str, message: Message, error: Exception) -> Failure:
    model, subject = str(getattr(message, "model", "") or ""), subject_of(message)
    broke = import_broke(error)
    if isinstance(error, NightshiftError):
        level = logging.INFO if error.retryable else logging.WARNING
        logger.log(
            level,
            "step_failed step=%s run=%s model=%s code=%s retryable=%s message=%s",
            step, subject, model, error.code, error.retryable, error.message,
        )  # fmt: skip
        if error.retryable:
            raise error
        fields = {name: _plain(value) for name, value in error.fields.items()}
        return Failure(step=step, code=error.code, message=error.message, fields=fields)
    if isinstance(error, OSError):
        # A full disk or a broken connection that no client has named: it may pass.
        logger.error("step_failed step=%s run=%s model=%s", step, subject, model, exc_info=error)
        raise error
    logger.error("step_failed step=%s run=%s model=%s code=%s", step, subject, model, INTERNAL_ERROR, exc_info=error)
    if broke:
        raise NotLoadedError("a package", f"{type(error).__name__}: {error}") from error
    failure = Failure(step=step, code=INTERNAL_ERROR, message=f"{type(error).__name__}: {error}"[:4_000])
    if not _is_final(services, message, model, subject, failure):
        raise error
    count_internal_error(model, step)
    return failure


def subject_of(message: Message) -> str:
    """The id of the run, incident or review that a message is about; empty if it names none."""
    named = (getattr(message, field, "") for field in ("run", "incident_id", "review_id"))
    return next((str(value) for value in named if value), "")


def _is_final(services: Services, message: Message, model: str, subject: str, failure: Failure) -> bool:
    """Count one more try of a call; whether it was the last."""
    fault = services.faults.count(
        Fault(
            step=failure.step,
            model=model,
            run=subject,
            call=digest([failure.step, message.to_json()]),
            message=failure.message[:SHOWN],
            at=services.clock(),
        )
    )
    logger.error("unknown_failure step=%s model=%s tries=%d final=%s", fault.step, model, fault.tries, fault.final)
    return fault.final


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
