"""Databricks' errors as those of the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager

from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.errors.platform import (
    DeadlineExceeded,
    InternalError,
    PermissionDenied,
    ResourceConflict,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)

from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError, ServiceUnavailableError

_UNAVAILABLE = (TemporarilyUnavailable, TooManyRequests, InternalError, DeadlineExceeded)


@contextmanager
def translated(permission: str) -> Iterator[None]:
    """Raise Databricks' errors as those of the catalogue.

    Args:
        permission: what to do if the app's identity may not.
    """
    try:
        yield
    except Unauthenticated as error:
        hint = "the app's identity is unknown to the workspace; add it as a service principal"
        raise ServiceRefusedError("Databricks", f"401 {error}", hint) from error
    except PermissionDenied as error:
        raise ServiceRefusedError("Databricks", f"403 {error}", permission) from error
    except ResourceConflict as error:
        raise ConflictError(f"Databricks: {error}") from error
    except _UNAVAILABLE as error:
        raise ServiceUnavailableError("Databricks", str(error)) from error
    except DatabricksError as error:
        raise ServiceRefusedError("Databricks", str(error), "see the workspace's audit log") from error
    except (TimeoutError, OSError) as error:
        # The SDK raises TimeoutError when its retries are used up, with the last API error as its cause.
        raise ServiceUnavailableError("Databricks", str(error.__cause__ or error)) from error
