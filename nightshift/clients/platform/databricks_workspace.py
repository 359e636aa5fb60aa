"""A databricks-sdk client whose calls end within a budget, the making of the client included."""

from typing import TYPE_CHECKING

from databricks.sdk import WorkspaceClient
from databricks.sdk.clock import RealClock
from databricks.sdk.config import Config

if TYPE_CHECKING:
    from databricks.sdk.credentials_provider import CredentialsStrategy


class ShortSleepClock(RealClock):
    """Refuses a longer sleep: the SDK waits as long as a ``Retry-After`` says, be it an hour."""

    def __init__(self, most_seconds: float) -> None:
        self._most = most_seconds

    def sleep(self, seconds: float) -> None:
        """Sleep before the next attempt."""
        if seconds > self._most:
            raise TimeoutError(f"the workspace asks to wait {seconds:.0f} s before the next attempt")
        super().sleep(seconds)


def open_workspace(
    host: str, token: str | None, strategy: "CredentialsStrategy | None", budget_seconds: float
) -> WorkspaceClient:
    """Make a client.

    The constructor asks the workspace about itself, with the same timeouts as a call. So it gets one attempt, and the
    call that follows gets the time that is left. An attempt begins as late as the retries last, and then takes its own
    time.
    """
    attempt = budget_seconds / 4
    config = Config(
        host=host,
        token=token,
        credentials_strategy=strategy,
        # Whole seconds, and 0 would mean five minutes.
        retry_timeout_seconds=1,
        http_timeout_seconds=attempt,
        clock=ShortSleepClock(attempt),
    )
    config.retry_timeout_seconds = max(1, int(budget_seconds / 2 - 1))
    return WorkspaceClient(config=config)
