"""Receives from one queue and runs one function with each message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.functions.meta import Datum
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageAlreadySettled, MessageLockLostError, ServiceBusError

from local_host.functions.errors import InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.servicebus_options import ServiceBusOptions
from local_host.functions.triggers.servicebus_payload import body_of, trigger_metadata

logger = logging.getLogger(__name__)

# How long one call waits for a message. A call is never cancelled, since the SDK could lose a message by that: so this
# is also how long a stop may have to wait.
_WAIT_SECONDS = 1.0
# The same while functions run, which may want to settle meanwhile. The SDK looks up every fifth of a second anyway.
_BUSY_WAIT_SECONDS = 0.05
# The same without a connection: it must be made within that time, which takes half a second of work for each pump.
_OPENING_SECONDS = 5.0
# A lock that is about to run out is not asked for in ever shorter steps.
_SHORTEST_RENEWAL_WAIT = 0.2


@dataclass(frozen=True)
class QueueTrigger:
    """One function and where its messages come from. `as_text`: the function takes the body as text."""

    function: IndexedFunction
    connection_string: str
    queue: str
    as_text: bool
    options: ServiceBusOptions


class QueuePump:
    """Peek-locks messages, runs the function and settles: complete if it succeeds, abandon if it fails.

    Messages whose function has failed come again until the queue's maximum is reached, and then go to its dead-letter
    queue. A lost connection is made again; what ran meanwhile is settled on the new one while its lock lasts.
    """

    def __init__(self, trigger: QueueTrigger, invoker: Invoker) -> None:
        self._trigger = trigger
        self._name = trigger.function.name
        self._invoker = invoker
        self._slots = asyncio.Semaphore(trigger.options.max_concurrent_calls)
        self._running: set[asyncio.Task[None]] = set()
        # One call of the SDK at a time: those that share a connection take each other's answers from the socket, and
        # each then waits until its own patience ends.
        self._conversation = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._connected = asyncio.Event()

    def stop(self) -> None:
        """Lets no further message be taken; `run` returns when the functions under way have ended."""
        self._stopping.set()
        # A connection that is lost now is not made again, so nobody may wait for it.
        self._connected.set()

    async def run(self) -> None:
        """Pumps until stopped. Messages that were fetched but not begun are given back at the end."""
        # The pump has its own patience; the SDK's would hide how things are.
        client = ServiceBusClient.from_connection_string(self._trigger.connection_string, retry_total=0)
        receiver = client.get_queue_receiver(self._trigger.queue, prefetch_count=self._trigger.options.prefetch_count)
        logger.info("servicebus_pump_started function=%s queue=%s", self._name, self._trigger.queue)
        try:
            await self._receive(receiver)
            if self._running:
                await asyncio.wait(self._running)
        finally:
            await receiver.close()
            await client.close()
        logger.info("servicebus_pump_stopped function=%s queue=%s", self._name, self._trigger.queue)

    async def invoke(self, payload: bytes, metadata: dict[str, Datum]) -> None:
        """Runs the function once with this body; InvocationFailedError carries what it raised."""
        datum = Datum(payload.decode(errors="replace"), "string") if self._trigger.as_text else Datum(payload, "bytes")
        await self._invoker.invoke(self._trigger.function, datum, metadata=metadata)

    async def _receive(self, receiver: ServiceBusReceiver) -> None:
        failures = 0
        while not self._stopping.is_set():
            await self._slots.acquire()
            messages: list[ServiceBusReceivedMessage] = []
            try:
                # One at a time: a larger number waits for more instead of handing over what is there.
                if not self._stopping.is_set():
                    async with self._conversation:
                        messages = await receiver.receive_messages(max_message_count=1, max_wait_time=self._patience)
                if failures:
                    logger.info("servicebus_connection_restored function=%s after=%d", self._name, failures)
                failures = 0
                self._connected.set()
            except Exception as error:  # noqa: BLE001 - the edge of the pump: whatever the SDK raises, it must go on
                if not self._stopping.is_set():
                    self._connected.clear()
                failures += 1
                await self._pause(failures, error)
            if not messages:
                self._slots.release()
            for message in messages:
                task = asyncio.create_task(self._process(receiver, message), name=f"message for {self._name}")
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    @property
    def _patience(self) -> float:
        if not self._connected.is_set():
            return _OPENING_SECONDS
        return _BUSY_WAIT_SECONDS if self._running else _WAIT_SECONDS

    async def _pause(self, failures: int, error: Exception) -> None:
        wait = self._trigger.options.retry.wait(failures)
        logger.warning(
            "servicebus_receive_failed function=%s queue=%s failures=%d retry_in=%.1f error=%s",
            *(self._name, self._trigger.queue, failures, wait, error),
            # What the SDK knows needs no traceback.
            exc_info=None if isinstance(error, ServiceBusError) else error,
        )
        await _waited(self._stopping, wait)

    async def _process(self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> None:
        done = asyncio.Event()
        renewing = asyncio.create_task(self._renew(receiver, message, done))
        with ExitStack() as slot:
            slot.callback(self._slots.release)
            try:
                succeeded = await self._run(message)
                if not succeeded:
                    await self._settle("abandon", message, receiver.abandon_message, slot)
                elif self._trigger.options.auto_complete:
                    await self._settle("complete", message, receiver.complete_message, slot)
            except Exception:
                # The edge of one message: it comes again when its lock has run out.
                logger.exception("message_broke function=%s message_id=%s", self._name, message.message_id)
            finally:
                done.set()
                await renewing

    async def _run(self, message: ServiceBusReceivedMessage) -> bool:
        try:
            await self.invoke(body_of(message), trigger_metadata(message))
        except InvocationFailedError as failure:
            logger.warning(
                "message_failed function=%s message_id=%s sequence=%s delivery=%d invocation_id=%s",
                *(self._name, message.message_id, message.sequence_number, (message.delivery_count or 0) + 1),
                failure.invocation_id,
            )
            return False
        except ValueError as error:
            logger.warning("message_unreadable function=%s error=%s", self._name, error)
            return False
        return True

    async def _settle(
        self,
        what: str,
        message: ServiceBusReceivedMessage,
        settle: Callable[[ServiceBusReceivedMessage], Awaitable[None]],
        slot: ExitStack,
    ) -> None:
        """Settles as long as there is hope. If there is none the message comes again when its lock has run out."""
        retry = self._trigger.options.retry
        for attempt in range(1, retry.max_retries + 2):
            try:
                async with self._conversation:
                    await settle(message)
                return
            except MessageAlreadySettled:
                return
            except MessageLockLostError:
                break
            except (ServiceBusError, ValueError) as error:
                # The SDK says ValueError when the connection is lost and nobody has made a new one yet.
                logger.info("settlement_repeated function=%s what=%s error=%s", self._name, what, error)
                # Only receiving makes new connections, so it must not wait for this message.
                slot.close()
                await _waited(self._stopping, retry.wait(attempt))
                await _waited(self._connected, _seconds_left(message))
        logger.warning(
            "settlement_failed function=%s what=%s message_id=%s sequence=%s",
            *(self._name, what, message.message_id, message.sequence_number),
        )

    async def _renew(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, done: asyncio.Event
    ) -> None:
        """Keeps the lock while the function runs, at most for as long as host.json says."""
        ends = asyncio.get_running_loop().time() + self._trigger.options.max_lock_renewal
        while True:
            wait = max(_SHORTEST_RENEWAL_WAIT, _seconds_left(message) / 2)
            if asyncio.get_running_loop().time() + wait > ends or await _waited(done, wait):
                return
            try:
                async with self._conversation:
                    await receiver.renew_message_lock(message)
            except ServiceBusError as error:
                logger.warning(
                    "lock_renewal_failed function=%s message_id=%s error=%s", self._name, message.message_id, error
                )
                if _seconds_left(message) <= 0 or isinstance(error, MessageLockLostError):
                    return


def _seconds_left(message: ServiceBusReceivedMessage) -> float:
    """How long the lock lasts, by this machine's clock."""
    until = message.locked_until_utc
    return 0.0 if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())


async def _waited(event: asyncio.Event, seconds: float) -> bool:
    """Waits for an event; False if it has not come in time."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
