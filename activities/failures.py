"""The activity edge: failures that a retry may cure are raised, all others become part of the result."""

import logging
from collections.abc import Callable
from typing import TypeVar

from domain.errors import NightshiftError
from domain.step import Failure

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


def guarded(step: str, run: str, model: str, body: Callable[[], Result], failed: Callable[[Failure], Result]) -> Result:
    """Run an activity's body; turn a named failure that will not go away into a result.

    Args:
        body: the work.
        failed: makes the step's result from a failure.

    Raises:
        NightshiftError, OSError: only what may pass; Durable calls the activity again.
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
    except Exception as error:
        logger.exception("step_failed step=%s run=%s model=%s code=internal_error", step, run, model)
        message = f"{type(error).__name__}: {error}"[:4_000]
        return failed(Failure(step=step, code="internal_error", message=message))


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
