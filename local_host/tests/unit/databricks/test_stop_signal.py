"""Stop signals."""

from local_host.databricks.ending import SPOT_LOST, USER_CANCELED
from local_host.databricks.stop_signal import StopSignal


async def test_order_reaches_the_children() -> None:
    """A run's stop reaches its tasks, also one that starts later; a task's does not reach the run."""
    run = StopSignal()
    task = run.child()
    task.order(SPOT_LOST)
    assert run.ending is None
    run.order(USER_CANCELED)
    late = run.child()
    assert [task.ending, late.ending] == [SPOT_LOST, USER_CANCELED]
    assert await late.wait(0) is True


async def test_wait_without_an_order() -> None:
    """Waiting ends by itself."""
    assert await StopSignal().wait(0) is False
