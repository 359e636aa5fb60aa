"""Finds new blobs and has their events delivered."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from azure.core.exceptions import AzureError

from local_host.eventgrid.blob_scan import BlobScan
from local_host.eventgrid.deliveries import Deliveries
from local_host.eventgrid.dispatcher import Dispatcher

logger = logging.getLogger(__name__)

# A listing costs processor time in proportion to the blobs: at most a quarter of one core goes into it.
_REST_PER_SCAN = 3.0
_LONGEST_PAUSE = 5.0


@dataclass
class ScanHealth:
    """How the last listing went: `error` is None if it succeeded."""

    scans: int = 0
    blobs: int = 0
    seconds: float = 0.0
    error: str | None = None


class Bridge:
    """Lists the containers every `poll_interval` seconds, or less often when a listing takes long.

    A blob that is written and deleted between two listings is never seen; of two writes between two listings the later
    is seen. Everything that was seen is delivered, whatever becomes of the blob or of this process.
    """

    def __init__(self, scan: BlobScan, deliveries: Deliveries, dispatcher: Dispatcher, *, poll_interval: float) -> None:
        self._scan = scan
        self._deliveries = deliveries
        self._dispatcher = dispatcher
        self._poll_interval = poll_interval
        self.health = ScanHealth()

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            await self._look()
            rest = min(_LONGEST_PAUSE, self.health.seconds * _REST_PER_SCAN)
            await asyncio.sleep(max(self._poll_interval, 1.0 if self.health.error else rest))

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            blobs = await asyncio.to_thread(self._scan.scan)
        except AzureError as error:
            if self.health.error is None:
                logger.warning("blob_listing_failed error=%s", str(error).splitlines()[0])
            self.health.error = str(error).splitlines()[0]
            return
        events = self._deliveries.record(blobs)
        if self.health.error is not None:
            logger.info("blob_listing_recovered")
        self.health = ScanHealth(self.health.scans + 1, len(blobs), loop.time() - started)
        for event_id in events:
            logger.info("blob_seen event_id=%s", event_id)
        if events:
            self._dispatcher.notify()
