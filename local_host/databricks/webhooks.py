"""Tells the webhook destination that runs have ended: at least once, and never in a run's way."""

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from local_host.databricks.database import Database

logger = logging.getLogger(__name__)

_GIVE_UP_SECONDS = 600


class WebhookSender:
    """Delivers the outbox of notifications; what could not be delivered in 10 minutes is tried at the next start.

    Args:
        url: where every destination points to locally; None drops notifications.
    """

    def __init__(self, database: Database, url: str | None, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._url = url
        self._now_ms = now_ms
        self._client = httpx.AsyncClient(timeout=10.0, trust_env=False)
        self._deliveries: dict[int, asyncio.Task[None]] = {}
        self._given_up: set[int] = set()

    @property
    def enabled(self) -> bool:
        """Whether there is anybody to tell."""
        return self._url is not None

    def send_pending(self) -> None:
        """Start a delivery for each notification that has none."""
        if self._url is None:
            return
        sql = "SELECT notification_id, payload FROM notifications WHERE delivered_ms IS NULL ORDER BY notification_id"
        for row in self._database.connection.execute(sql).fetchall():
            number = row["notification_id"]
            if number not in self._deliveries and number not in self._given_up:
                self._deliveries[number] = asyncio.create_task(self._deliver(self._url, number, row["payload"]))

    async def close(self) -> None:
        """Stop delivering; what is left stays in the outbox."""
        deliveries = list(self._deliveries.values())
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        await self._client.aclose()

    async def _deliver(self, url: str, number: int, payload: str) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(httpx.HTTPError),
            wait=wait_exponential_jitter(initial=0.2, max=30),
            stop=stop_after_delay(_GIVE_UP_SECONDS),
        )
        try:
            await retrying(self._post, url, payload)
        except RetryError as error:
            self._given_up.add(number)
            reason = error.last_attempt.exception()
            logger.warning(
                "webhook_given_up notification_id=%s host=%s reason=%s", number, urlsplit(url).hostname, reason
            )
            return
        finally:
            self._deliveries.pop(number, None)
        with self._database.transaction() as db:
            values = (self._now_ms(), number)
            db.execute("UPDATE notifications SET delivered_ms = ? WHERE notification_id = ?", values)
        logger.info("webhook_delivered notification_id=%s host=%s", number, urlsplit(url).hostname)

    async def _post(self, url: str, payload: str) -> None:
        response = await self._client.post(url, content=payload, headers={"Content-Type": "application/json"})
        response.raise_for_status()
