"""MLflow's errors as those of the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException

from domain.errors import ServiceRefusedError, ServiceUnavailableError

# The open-source registry answers INVALID_PARAMETER_VALUE for an alias that nobody holds, Unity Catalog NOT_FOUND.
ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PARAMETER_VALUE"})
_REFUSED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"})


@contextmanager
def translated() -> Iterator[None]:
    """Raise MLflow's errors as those of the catalogue."""
    try:
        yield
    except MlflowException as error:
        if error.error_code in _REFUSED:
            hint = "the app's identity needs EXECUTE and MANAGE on the registered model and CAN_EDIT on the experiment"
            raise ServiceRefusedError("MLflow", str(error.message), hint) from error
        # The client wraps an unreachable server as INTERNAL_ERROR after its own retries.
        if error.error_code in {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"}:
            raise ServiceUnavailableError("MLflow", str(error.message)) from error
        raise ServiceRefusedError("MLflow", str(error.message), "see the tracking server's log") from error
