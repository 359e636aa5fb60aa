"""MLflow's errors as those of the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from requests import HTTPError, RequestException

from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError

# The open-source registry answers INVALID_PARAMETER_VALUE for an alias that nobody holds, Unity Catalog NOT_FOUND.
ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PARAMETER_VALUE"})
_REFUSED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"})
_FORBIDDEN = frozenset({401, 403})
_PASSING = frozenset({408, 429})
_PERMISSION = "the app's identity needs EXECUTE and MANAGE on the registered model and CAN_EDIT on the experiment"
_LOG = "see the tracking server's log"


@contextmanager
def translated() -> Iterator[None]:
    """Raise MLflow's errors as those of the catalogue."""
    try:
        yield
    except MlflowException as error:
        if error.error_code in _REFUSED:
            raise ServiceRefusedError("MLflow", str(error.message), _PERMISSION) from error
        # The client wraps an unreachable server as INTERNAL_ERROR after its own retries.
        if error.error_code in {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"}:
            raise ServiceUnavailableError("MLflow", str(error.message)) from error
        raise ServiceRefusedError("MLflow", str(error.message), _LOG) from error
    except HTTPError as error:
        # Calls about artifacts give the answer's own error, not one of MLflow's.
        status = 0 if error.response is None else error.response.status_code
        if status in _FORBIDDEN:
            raise ServiceRefusedError("MLflow", str(error), _PERMISSION) from error
        if 400 <= status < 500 and status not in _PASSING:
            raise ServiceRefusedError("MLflow", str(error), _LOG) from error
        raise ServiceUnavailableError("MLflow", str(error)) from error
    except RequestException as error:
        raise ServiceUnavailableError("MLflow", str(error)) from error
