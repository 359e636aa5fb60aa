"""A job's process: its settings, made before anything heavy is imported, and how it ends when a service is away."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from nightshift.domain.platform.errors import ServiceUnavailableError

_DEFAULTS = {
    # A job in a closed network reports to nobody.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Requirements are given explicitly; the project's lock file is not part of a model.
    "MLFLOW_UV_AUTO_DETECT": "false",
    # Idle threads of the tree fitting must not spin on cores that others need.
    "OMP_WAIT_POLICY": "PASSIVE",
}


def prepare_process() -> None:
    """Set up logging and the libraries' settings; what the environment says already stays."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # The storage SDK logs every request with its headers at INFO.
    logging.getLogger("azure").setLevel(logging.WARNING)


class JobOutageError(ServiceUnavailableError):
    """MLflow or storage did not answer while the job ran; the app gives the job another attempt.

    The app knows it by its name in the task's error text (``nightshift.domain.lifecycle.job.OUTAGE_MARK``).
    """


@contextmanager
def outages_named() -> Iterator[None]:
    """End with JobOutageError if what went wrong is that a service did not answer.

    Raises:
        JobOutageError: a connection failed, or a service answered that it is not available.
    """
    try:
        yield
    except Exception as error:
        cause = next((found for found in _chain(error) if _is_outage(found)), None)
        if cause is None:
            raise
        raise JobOutageError("a service that the job needs", f"{type(error).__name__}: {error}") from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was raised from or during."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _is_outage(error: BaseException) -> bool:
    from mlflow.exceptions import RestException
    from requests import ConnectionError as NoConnectionError
    from requests import Timeout
    from requests.exceptions import RetryError

    if isinstance(error, RestException):
        return error.error_code in {"TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"}
    # RetryError: MLflow's client got 408, 429, 500, 502, 503 or 504 at every attempt, for calls and for artifacts.
    return isinstance(error, ConnectionError | NoConnectionError | RetryError | Timeout)
