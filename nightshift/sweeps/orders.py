"""Find orders that the ledger has and nobody has carried out, and carry them out or page."""

import asyncio
import logging
from datetime import timedelta

import azure.durable_functions as df

from nightshift.domain.ledger.bodies import incident_of, is_known
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.notifications.notification import Notification, NotificationKind
from nightshift.domain.platform.correlation import correlate
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.watch.sweep import OrderMark, Swept
from nightshift.services.ledger.order_kinds import AGE, CLOSED, WAITS, OrderKind, OrderResult
from nightshift.services.notifications.notify import notify
from nightshift.services.platform.instances import ENDED
from nightshift.sweeps.champions import watch_champion
from nightshift.sweeps.open_orders import kind_of

logger = logging.getLogger(__name__)

# Whoever has just written an order is about to carry it out.
_GRACE = timedelta(minutes=10)
# Models that are swept at once, of the 24 calls of one system that may be under way.
_AT_ONCE = 8
_BEGINS = timedelta(minutes=4)
# Entries of a model that one sweep reads, and orders that may be open before it reads no further.
MOST = 500


async def watch_orders(client: df.DurableOrchestrationClient, services: Services) -> Swept:
    """Compare what was ordered with what has happened, several models at once; one that fails holds up no other.

    A system that does not answer makes each call last its whole budget. A sweep begins no model after four minutes,
    because the host ends it after ten; the next sweep begins with other models.

    Each model has a mark: the ledger up to its sequence is known, but for the orders that it names as open. A sweep
    reads the entries behind the mark and the open ones, so its cost is that of what is new or owed. Nothing escapes
    it, because every order is in the ledger before anything is done, entries are numbered without a gap and never
    change, and the mark moves only after they were handled.
    """
    models = await asyncio.to_thread(_models, services)
    first = services.clock().minute % len(models)
    loop, room = asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)
    until = loop.time() + _BEGINS.total_seconds()

    async def watch(model: str) -> Swept:
        async with room:
            if loop.time() >= until:
                return Swept(found=0, problem=f"{model}: not swept in time")
            try:
                return await watch_model(client, services, model)
            except Exception as error:
                logger.exception("orders_not_watched model=%s", model)
                return Swept(found=0, problem=f"{model}: {type(error).__name__}: {error}")

    sweeps = await asyncio.gather(*(watch(model) for model in (*models[first:], *models[:first])))
    problems = "; ".join(sweep.problem for sweep in sweeps if sweep.problem)
    return Swept(found=sum(sweep.found for sweep in sweeps), problem=problems[:1_000])


async def watch_model(client: df.DurableOrchestrationClient, services: Services, model: str) -> Swept:
    """Handle the open and the new orders of one model, compare its champion, and move its mark."""
    sweep = _ModelSweep(client, services, await asyncio.to_thread(services.sweeps.mark, model))
    await sweep.run()
    return Swept(found=sweep.found, problem="; ".join(sweep.problems)[:1_000])


def _models(services: Services) -> list[str]:
    """Every model that may have orders, each with a mark, so that it is swept also when its spec is gone.

    The whole ledger is asked for names until all that it has are marked: the platform's mark is written last.
    """
    marked = set(services.sweeps.marked())
    names = {*services.specs.names(), *marked} - {PLATFORM}
    if PLATFORM not in marked:
        names.update(name for name in services.ledger.models() if name != PLATFORM)
    for name in sorted(names - marked):
        services.sweeps.begin_mark(name)
    if PLATFORM not in marked:
        services.sweeps.begin_mark(PLATFORM)
    return sorted({*names, PLATFORM})


class _ModelSweep:
    """One sweep of a model.

    Attributes:
        found: orders that were carried out or could not be, and differences between alias history, alias and endpoint.
        problems: what could not be carried out.
    """

    def __init__(self, client: df.DurableOrchestrationClient, services: Services, mark: OrderMark) -> None:
        self.client = client
        self.services = services
        self.mark = mark
        self.found = 0
        self.problems: list[str] = []

    async def run(self) -> None:
        """Sweep the model."""
        known, new = await asyncio.to_thread(self.read)
        left = [entry for entry in (*known, *new) if not await self.closes(entry)]
        sequence = new[-1].sequence if new else self.mark.sequence
        open_ = tuple(entry.sequence for entry in left)
        tried = tuple(number for number in self.mark.tried if number in open_)
        mark = self.mark.model_copy(update={"sequence": sequence, "open": open_, "tried": tried})
        if self.mark.model != PLATFORM:
            keys = frozenset(entry.key for entry in left)
            try:
                mark, differences = await asyncio.to_thread(watch_champion, self.services, mark, ordered=keys)
                self.found += differences
            except NightshiftError as error:
                # What is known of the orders is kept; the champion is compared at the next sweep.
                logger.warning("champion_not_compared model=%s message=%s", mark.model, error.message)
                self.problems.append(f"{mark.model}: champion not compared: {error.message}")
        await asyncio.to_thread(self.services.sweeps.move_mark, self.mark, mark)

    def read(self) -> tuple[list[LedgerEntry], tuple[LedgerEntry, ...]]:
        """The orders that were open at the last sweep, and the entries that are new since."""
        found = (self.services.ledger.entry(self.mark.model, sequence) for sequence in self.mark.open)
        known = [entry for entry in found if entry is not None]
        if len(known) >= MOST:
            self.problems.append(f"{self.mark.model}: {len(known)} orders are open; no further entries are read")
            return known, ()
        return known, self.services.ledger.since(self.mark.model, self.mark.sequence, MOST)

    async def closes(self, entry: LedgerEntry) -> bool:
        """Handle one entry; return whether nothing is owed because of it any more."""
        correlate(entry.run)
        try:
            kind = kind_of(entry)
            if kind is None:
                if not is_known(entry):
                    # Of a newer release, before a rollback: there is no telling what it orders, if anything.
                    logger.warning("entry_not_known model=%s key=%s kind=%s", entry.model, entry.key, entry.kind)
                return True
            result = await self.carry(kind, entry)
        except NightshiftError as error:
            logger.warning("order_not_carried_out model=%s key=%s message=%s", entry.model, entry.key, error.message)
            result = OrderResult(closed=False, done=False, said=f"{error.code}: {error.message}")
        except Exception as error:
            logger.exception("order_not_carried_out model=%s key=%s", entry.model, entry.key)
            result = OrderResult(closed=False, done=False, said=f"{type(error).__name__}: {error}")
        if result.said:
            self.found += 1
            if not result.done:
                self.problems.append(f"{entry.key}: {result.said}")
            await asyncio.to_thread(_notify, self.services, entry, result)
        return result.closed

    async def carry(self, kind: OrderKind, entry: LedgerEntry) -> OrderResult:
        """Carry an order out if it is owed and nobody is at work on it."""
        if not await asyncio.to_thread(kind.owes, self.services, entry):
            if entry.sequence not in self.mark.tried:
                return CLOSED
            return await asyncio.to_thread(kind.since, self.services, entry)
        if await self.is_at_work(kind, entry):
            return WAITS
        if kind.ages and self.services.clock() - entry.recorded_at > AGE:
            said = "it is older than a day and was not carried out; what it was about has changed since, so it is yours"
            return OrderResult(closed=True, done=False, said=said)
        if kind.notifies:
            await self.try_once(entry)
        return await asyncio.to_thread(kind.carry_out, self.services, entry)

    async def try_once(self, entry: LedgerEntry) -> None:
        """Write down that an order is about to be carried out, before it is."""
        if entry.sequence in self.mark.tried:
            return
        mark = self.mark.model_copy(update={"tried": (*self.mark.tried, entry.sequence)})
        await asyncio.to_thread(self.services.sweeps.move_mark, self.mark, mark)
        self.mark = mark

    async def is_at_work(self, kind: OrderKind, entry: LedgerEntry) -> bool:
        """Whether the orchestration that has written an order may still carry it out."""
        age = self.services.clock() - kind.due(entry)
        instance = kind.instance(entry)
        status = await self.client.get_status(instance) if instance else None
        if status is None or status.runtime_status is None:
            return age < _GRACE
        return status.runtime_status not in ENDED and (kind.longest is None or age < kind.longest)


def _notify(services: Services, entry: LedgerEntry, result: OrderResult) -> None:
    """Notify on-call once that an order was carried out late, and once that it cannot be."""
    became = "was carried out late" if result.done else "is not carried out"
    kind: NotificationKind = result.kind
    tries = "" if result.closed or result.done else "It is tried again every minute. "
    notify(
        services,
        Notification(
            key=f"order:{entry.key}:{'done' if result.done else 'owed'}",
            kind=kind,
            model=entry.model,
            incident_id=incident_of(entry),
            severity="critical" if kind == "page" else "warning",
            title=f"An order about {entry.model} {became}: {entry.subject}"[:200],
            body=f"{result.said}\n{tries}Ledger entry {entry.sequence} of {entry.model}: {entry.key}",
        ),
    )
