"""Whether the app is alive, and whether it is ready."""

import asyncio
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.health import DependencyHealth, Liveness, Readiness
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import READERS, Principal
from nightshift.domain.platform.sign_in import NOT_ENFORCED, is_enforced
from nightshift.services.platform.readiness import ReadinessProbe
from nightshift.sweeps.report_sweep import read_sweeps
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import Endpoint, endpoint
from nightshift.triggers.api.unwell import Unwell

logger = logging.getLogger(__name__)

# Written by delivery.package.
_VERSION = Path(__file__).resolve().parents[2] / "VERSION"
_NO_SIGN_IN = DependencyHealth(name="sign-in", ok=False, milliseconds=0, reason=NOT_ENFORCED)


def endpoints() -> tuple[Endpoint, ...]:
    """``/api/health``, which only says that the process answers, and ``/api/health/ready``.

    A platform that ends ill instances (Premium does, Flex Consumption has no health check) must probe the first: to
    restart an instance does not help while storage is down. Only the second says whether an environment works.
    """
    probe = ReadinessProbe()
    started = datetime.now(UTC)
    version = _VERSION.read_text(encoding="utf-8").strip() if _VERSION.exists() else "unreleased"

    @endpoint("GET", "health", "Says that the process answers.", roles=(), answer=Liveness, function="health")
    async def show_liveness(call: Call[None]) -> Liveness:
        return Liveness(version=version, sign_in="enforced" if is_enforced(os.environ) else "not enforced")

    @endpoint(
        "GET", "health/ready", "Says whether storage, Service Bus, MLflow and Databricks answer.",
        roles=(), answer=Readiness, unwell=503, function="ready",
    )  # fmt: skip
    async def show_readiness(call: Call[None]) -> Readiness | Unwell:
        bound = call.services
        readiness = await probe.read(await asyncio.to_thread(lambda: bound.health_checks), bound.clock)
        readiness = await _with_sweeps(bound, readiness, started)
        if not is_enforced(os.environ):
            # Nobody has a role now: that this is so must be seen without one.
            return Unwell(readiness.model_copy(update={"ok": False, "dependencies": (_NO_SIGN_IN,), "sweeps": ()}))
        shown = readiness if may_see(call.caller) else _summary(readiness)
        return shown if readiness.ok else Unwell(shown)

    return (show_liveness, show_readiness)


async def _with_sweeps(services: Services, readiness: Readiness, started: datetime) -> Readiness:
    """The readiness with the last run of each sweep; without them while their table does not answer."""
    try:
        sweeps = await asyncio.to_thread(read_sweeps, services, started)
    except NightshiftError:
        # The health of Table storage says so, under its own name.
        logger.exception("sweeps_not_read")
        return readiness
    return readiness.model_copy(update={"ok": readiness.ok and all(item.ok for item in sweeps), "sweeps": sweeps})


def may_see(caller: Principal) -> bool:
    """Whether a caller may see names and reasons, which show what the platform is made of."""
    return caller.has(*READERS)


def _summary(readiness: Readiness) -> Readiness:
    return readiness.model_copy(update={"dependencies": (), "sweeps": ()})
