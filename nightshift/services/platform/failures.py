"""The activity edge: failures that a retry may cure are raised, all others become part of the result.

An unknown failure is raised, too, so that Durable calls the activity again, perhaps in another process. A table counts
the tries of each call, because Durable gives an activity no number of its attempt. The third failure becomes the step's
result, ``internal_error``.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nightshift.domain.platform.errors import NightshiftError, NotLoadedError
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.loading import import_broke
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Failure
from nightshift.domain.watch.fault import SHOWN, Fault
from nightshift.services.platform.measures import count_internal_error

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
Answer = TypeVar("Answer", bound=Message)

INTERNAL_ERROR = "internal_error"


class UnknownFailure(Exception):  # noqa: N818 - it carries what the step's result is if it is not tried again
    """An exception that nobody has named left a step; its cause says which.

    Attributes:
        failure: as the step's result tells it.
        result: of the step, if it is not tried again.
    """

    def __init__(self, failure: Failure, result: object) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.result = result


def guarded(step: str, run: str, model: str, body: Callable[[], Result], failed: Callable[[Failure], Result]) -> Result:
    """Run an activity's body; turn a named failure that will not go away into a result.

    Args:
        body: the work.
        failed: makes the step's result from a failure.

    Raises:
        NightshiftError, OSError: only what may pass; Durable calls the activity again.
        UnknownFailure: anything else; ``tried`` decides whether the activity is called again.
    """
    try:
        return body()
    except NightshiftError as error:
        level = logging.INFO if error.retryable else logging.WARNING
        logger.log(
            level,
            "step_failed step=%s run=%s model=%s code=%s retryable=%s message=%s",
            step, run, model, error.code, error.retryable, error.message,
        )  # fmt: skip
        if error.retryable:
            raise
        fields = {name: _plain(value) for name, value in error.fields.items()}
        return failed(Failure(step=step, code=error.code, message=error.message, fields=fields))
    except OSError:
        # A full disk or a broken connection that no client has named: it may pass.
        logger.exception("step_failed step=%s run=%s model=%s", step, run, model)
        raise
    except UnknownFailure as inner:
        # A step within this one has logged it.
        failure = inner.failure.model_copy(update={"step": step})
        raise UnknownFailure(failure, failed(failure)) from inner.__cause__
    except Exception as error:
        logger.exception("step_failed step=%s run=%s model=%s code=%s", step, run, model, INTERNAL_ERROR)
        if import_broke(error):
            raise NotLoadedError("a package", f"{type(error).__name__}: {error}") from error
        failure = Failure(step=step, code=INTERNAL_ERROR, message=f"{type(error).__name__}: {error}"[:4_000])
        raise UnknownFailure(failure, failed(failure)) from error


def tried(services: Services, step: str, message: Message, body: Callable[[], Answer]) -> Answer:
    """Call a step's body; raise an unknown failure for the first times, and return it as the result at the last.

    Raises:
        NightshiftError, OSError: what may pass.
        Exception: an unknown failure that is to be tried again.
    """
    try:
        return body()
    except UnknownFailure as unknown:
        return _given_up(services, step, message, unknown)
    except Exception as error:
        import_broke(error)
        raise


async def tried_async(services: Services, step: str, message: Message, body: Awaitable[Answer]) -> Answer:
    """``tried`` for a body that is awaited."""
    try:
        return await body
    except UnknownFailure as unknown:
        return await asyncio.to_thread(_given_up, services, step, message, unknown)
    except Exception as error:
        import_broke(error)
        raise


def _given_up(services: Services, step: str, message: Message, unknown: UnknownFailure) -> Answer:  # type: ignore[type-var]
    model, run = (str(getattr(message, field, "") or "") for field in ("model", "run"))
    fault = services.faults.count(
        Fault(
            step=step,
            model=model,
            run=run or str(getattr(message, "incident_id", "") or getattr(message, "review_id", "") or ""),
            call=digest([step, message.to_json()]),
            message=unknown.failure.message[:SHOWN],
            at=services.clock(),
        )
    )
    logger.error("unknown_failure step=%s model=%s tries=%d final=%s", step, model, fault.tries, fault.final)
    if not fault.final:
        raise unknown.__cause__ or unknown
    count_internal_error(model, step)
    return unknown.result  # type: ignore[return-value]


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
