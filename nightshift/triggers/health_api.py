"""Whether the app is alive, and whether it is ready."""

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import NightshiftError, NotSignedInError
from nightshift.domain.platform.health import DependencyHealth, Liveness, Readiness
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import READERS, read_principal
from nightshift.domain.platform.sign_in import NOT_ENFORCED, SignInNotEnforcedError, is_enforced
from nightshift.services.platform.readiness import ReadinessProbe
from nightshift.services.watch.report_sweep import read_sweeps
from nightshift.triggers.problem import Answer, answer, explained

logger = logging.getLogger(__name__)

# Written by delivery.package.
_VERSION = Path(__file__).resolve().parents[2] / "VERSION"
_NO_SIGN_IN = DependencyHealth(name="sign-in", ok=False, milliseconds=0, reason=NOT_ENFORCED)


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/health``, which only says that the process answers, and ``/api/health/ready``.

    A platform that ends ill instances (Premium does, Flex Consumption has no health check) must look at the first: an
    instance is not made well by ending it while storage is down. Whether an environment works, only the second tells.
    """
    result = df.Blueprint()
    probe = ReadinessProbe()
    started = datetime.now(UTC)
    version = _VERSION.read_text(encoding="utf-8").strip() if _VERSION.exists() else "unreleased"

    def get(route: str) -> Callable[[Answer], Answer]:
        return result.route(route=f"api/{route}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @get("health")
    async def health(req: func.HttpRequest) -> func.HttpResponse:
        return answer(Liveness(version=version, sign_in="enforced" if is_enforced(os.environ) else "not enforced"))

    @get("health/ready")
    @explained
    async def ready(req: func.HttpRequest) -> func.HttpResponse:
        bound = services()
        readiness = await probe.read(await asyncio.to_thread(lambda: bound.health_checks), bound.clock)
        readiness = await _with_sweeps(bound, readiness, started)
        if not is_enforced(os.environ):
            # Nobody has a role now: that this is so must be seen without one.
            return answer(readiness.model_copy(update={"ok": False, "dependencies": (_NO_SIGN_IN,), "sweeps": ()}), 503)
        return answer(readiness if may_see(req) else _summary(readiness), 200 if readiness.ok else 503)

    return result


async def _with_sweeps(services: Services, readiness: Readiness, started: datetime) -> Readiness:
    """The readiness with the last look of each sweep; without them while their table does not answer."""
    try:
        sweeps = await asyncio.to_thread(read_sweeps, services, started)
    except NightshiftError:
        # The health of Table storage says so, under its own name.
        logger.exception("sweeps_not_read")
        return readiness
    return readiness.model_copy(update={"ok": readiness.ok and all(item.ok for item in sweeps), "sweeps": sweeps})


def may_see(req: func.HttpRequest) -> bool:
    """Whether a caller may see names and reasons: they tell what the platform is made of."""
    try:
        return read_principal(req.headers).has(*READERS)
    except (NotSignedInError, SignInNotEnforcedError):
        return False


def _summary(readiness: Readiness) -> Readiness:
    return readiness.model_copy(update={"dependencies": (), "sweeps": ()})
