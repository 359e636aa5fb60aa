"""Delivers pending events until the subscriber has taken each of them."""

from __future__ import annotations

import asyncio
import logging
import time

from local_host.eventgrid.dead_letters import DeadLetters
from local_host.eventgrid.deliveries import Deliveries, Delivery
from local_host.eventgrid.retry_policy import RetryPolicy
from local_host.eventgrid.subscriber import Answer, Subscriber, SubscriberUnreachableError

logger = logging.getLogger(__name__)

_CONCURRENT_DELIVERIES = 8
# Short: the subscriber is a local process that is being restarted.
_LONGEST_PROBE_DELAY = 2.0


class Dispatcher:
    """At least once, about in order, a few at a time.

    1. Repeats the subscription handshake until the subscriber accepts it.
    2. Posts what is due. An accepted event is done; a failed one is due again later, or becomes a dead letter.
    3. While nobody listens at the subscriber's address, it waits and no attempt is counted.
    """

    def __init__(
        self, deliveries: Deliveries, subscriber: Subscriber, dead_letters: DeadLetters, policy: RetryPolicy
    ) -> None:
        self._deliveries = deliveries
        self._subscriber = subscriber
        self._dead_letters = dead_letters
        self._policy = policy
        self._news = asyncio.Event()
        self._under_way: dict[asyncio.Task[bool], int] = {}
        self.subscription = "waiting"

    def notify(self) -> None:
        """There may be something new to deliver."""
        self._news.set()

    async def run(self, topic: str) -> None:
        """Runs until it is cancelled; what is under way then stays pending."""
        try:
            await self._validate(topic)
            unreachable = 0
            while True:
                unreachable = 0 if await self._round(single=unreachable > 0) else unreachable + 1
                if unreachable:
                    await asyncio.sleep(_probe_delay(unreachable))
        finally:
            await self._cancel()

    async def _validate(self, topic: str) -> None:
        failures = 0
        while (problem := await self._subscriber.validate(topic)) is not None:
            failures += 1
            self.subscription = f"waiting: {problem}"
            if failures == 1:
                logger.info("subscription_waits reason=%s", problem)
            await asyncio.sleep(_probe_delay(failures))
        self.subscription = "validated"
        logger.info("subscription_validated failures=%d", failures)

    async def _round(self, *, single: bool) -> bool:
        """Starts what is due and waits for an end or for news; False if nobody listened."""
        self._news.clear()
        most = 1 if single else _CONCURRENT_DELIVERIES
        room = most - len(self._under_way)
        for delivery in self._deliveries.due(room, self._under_way.values()) if room > 0 else []:
            self._under_way[asyncio.create_task(self._deliver(delivery))] = delivery.sequence
        has_room = len(self._under_way) < most
        news = asyncio.create_task(self._news.wait())
        ended, _ = await asyncio.wait(
            [*self._under_way, news],
            timeout=self._deliveries.next_due_in(self._under_way.values()) if has_room else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        news.cancel()
        reached = [self._under_way.pop(task) and task.result() for task in list(self._under_way) if task in ended]
        return all(reached)

    async def _deliver(self, delivery: Delivery) -> bool:
        """True if somebody listened, whatever was answered."""
        try:
            answer = await self._subscriber.deliver(delivery.event, attempt=delivery.attempts)
        except SubscriberUnreachableError as error:
            logger.info("subscriber_unreachable event_id=%s reason=%s", delivery.event["id"], error)
            return False
        if answer.accepted:
            self._deliveries.delivered(delivery, answer.outcome)
            logger.info("event_delivered event_id=%s subject=%s", delivery.event["id"], delivery.event["subject"])
        else:
            self._fail(delivery, answer)
        return True

    def _fail(self, delivery: Delivery, answer: Answer) -> None:
        event_id, attempts = delivery.event["id"], delivery.attempts + 1
        age = time.time() - delivery.seen_at
        reason = self._policy.dead_letter_reason(status=answer.status, attempts=attempts, age=age)
        if reason is None:
            delay = self._policy.delay(attempts)
            self._deliveries.retry(delivery, answer.outcome, delay)
            logger.warning(
                "event_refused event_id=%s attempts=%d retry_in=%.1f outcome=%s",
                event_id,
                attempts,
                delay,
                answer.outcome,
            )
            return
        # The file first: after a crash in between it is written again, never missing.
        file = self._dead_letters.write(delivery, reason=reason, outcome=answer.outcome)
        self._deliveries.dead_lettered(delivery, answer.outcome)
        logger.error("event_dead_lettered event_id=%s reason=%s file=%s", event_id, reason, file)

    async def _cancel(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


def _probe_delay(failures: int) -> float:
    return min(_LONGEST_PROBE_DELAY, 0.25 * 2.0 ** min(failures - 1, 10))
