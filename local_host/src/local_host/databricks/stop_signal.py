"""An order to stop, given once, seen by everything below."""

import asyncio

from local_host.databricks.ending import Ending


class StopSignal:
    """Carries the ending that a run or task run will have because it was stopped. The first order counts."""

    def __init__(self) -> None:
        self.ending: Ending | None = None
        self._ordered = asyncio.Event()
        self._children: list[StopSignal] = []

    def child(self) -> "StopSignal":
        """A signal that is given whenever this one is, but not the other way round."""
        child = StopSignal()
        if self.ending is not None:
            child.order(self.ending)
        self._children.append(child)
        return child

    def order(self, ending: Ending) -> None:
        """Give the signal."""
        if self.ending is None:
            self.ending = ending
            self._ordered.set()
        for child in self._children:
            child.order(ending)

    async def wait(self, seconds: float) -> bool:
        """Wait for the signal at most this long; whether it was given."""
        try:
            async with asyncio.timeout(seconds):
                await self._ordered.wait()
        except TimeoutError:
            return False
        return True
