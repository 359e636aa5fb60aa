"""Ask everything that the app depends on whether it answers: all at once, each for a limited time."""

import asyncio
import importlib
import logging
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from nightshift.domain.platform.errors import NightshiftError, NotLoadedError
from nightshift.domain.platform.health import DependencyHealth, Readiness
from nightshift.domain.platform.loading import import_broke, importing
from nightshift.domain.platform.ports import Clock, HealthCheck

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

LIMIT_SECONDS = 20.0
# A fresh worker first imports the SDKs, which is its own time and not the dependencies': seconds of work where nothing
# is compiled yet, and more where the processor is shared. Whoever asks waits for both.
LOAD_SECONDS = 25.0
# A page that many people open must not become a load on unhealthy systems.
FRESH_SECONDS = 5.0
_LONGEST = 300
_SECRET = re.compile(
    r"(?i)\b(SharedAccessKey|SharedAccessSignature|AccountKey|sig|code|token|password|Bearer)([=: ]+)[^\s;&,'\"]+"
)


class ReadinessProbe:
    """Checks the dependencies, and remembers the answer for a few seconds.

    A thread cannot be ended. One that hangs is left behind, and its dependency is not asked again until it has ended:
    one that never answers costs one thread and not one per call.
    """

    def __init__(
        self,
        limit_seconds: float = LIMIT_SECONDS,
        fresh_seconds: float = FRESH_SECONDS,
        load_seconds: float = LOAD_SECONDS,
    ) -> None:
        self._limit = limit_seconds
        self._fresh = fresh_seconds
        self._load_limit = load_seconds
        self._loading: Future[None] | None = None
        self._running: dict[str, tuple[float, Future[DependencyHealth]]] = {}
        self._known: tuple[float, Readiness] | None = None
        self._lock = asyncio.Lock()

    async def read(self, checks: tuple[HealthCheck, ...], clock: Clock) -> Readiness:
        """What the checks say; a few seconds old if somebody has just asked."""
        async with self._lock:
            now = time.monotonic()
            if self._known is None or now - self._known[0] > self._fresh:
                if await self._loaded(checks):
                    found = await asyncio.gather(*(self._ask(check) for check in checks))
                else:
                    found = [self._unknown(check) for check in checks]
                readiness = Readiness(ok=all(item.ok for item in found), checked_at=clock(), dependencies=tuple(found))
                self._known = (time.monotonic(), readiness)
            return self._known[1]

    async def _loaded(self, checks: tuple[HealthCheck, ...]) -> bool:
        """Whether all that the checks import is there; begins to import it once, and waits for a limited time."""
        if self._loading is None:
            modules = [module for check in checks for module in check.imports]
            self._loading = _in_thread("health-imports", lambda: _import(modules))
        done, _ = await asyncio.wait({asyncio.wrap_future(self._loading)}, timeout=self._load_limit)
        return bool(done)

    def _unknown(self, check: HealthCheck) -> DependencyHealth:
        reason = f"not asked yet: after {self._load_limit:.0f} s this worker is still loading its SDKs; ask again"
        return DependencyHealth(name=check.name, ok=False, milliseconds=0, reason=reason)

    async def _ask(self, check: HealthCheck) -> DependencyHealth:
        begun, future = self._running.get(check.name, (0.0, None))
        if future is None:
            begun, future = time.monotonic(), _begin(check)
            self._running[check.name] = (begun, future)
        done, _ = await asyncio.wait({asyncio.wrap_future(future)}, timeout=self._limit)
        if done:
            del self._running[check.name]
            return future.result()
        waited = time.monotonic() - begun
        reason = f"no answer within {waited:.0f} s"
        logger.warning("dependency_ill name=%r reason=%r", check.name, reason)
        return DependencyHealth(name=check.name, ok=False, milliseconds=round(waited * 1000), reason=reason)


def _begin(check: HealthCheck) -> Future[DependencyHealth]:
    return _in_thread(f"health-{check.name}", lambda: _checked(check))


def _in_thread(name: str, work: Callable[[], Result]) -> Future[Result]:
    future: Future[Result] = Future()
    threading.Thread(target=lambda: future.set_result(work()), name=name, daemon=True).start()
    return future


def _import(modules: list[str]) -> None:
    for module in modules:
        try:
            with importing(module):
                importlib.import_module(module)
        except NotLoadedError:
            # The check imports it again, and reports what is wrong under the name of the dependency.
            continue


def _checked(check: HealthCheck) -> DependencyHealth:
    begun = time.monotonic()
    reason = ""
    try:
        check.check()
    except NightshiftError as error:
        reason = error.message
    except Exception as error:
        # Whatever it is, the dependency is of no use; what an unknown error says may be no answer for strangers.
        logger.exception("dependency_check_failed name=%r", check.name)
        import_broke(error)
        reason = f"the check failed: {type(error).__name__}; the log has the rest"
    milliseconds = round((time.monotonic() - begun) * 1000)
    if reason:
        logger.warning("dependency_ill name=%r reason=%r", check.name, without_secrets(reason))
    return DependencyHealth(name=check.name, ok=not reason, milliseconds=milliseconds, reason=without_secrets(reason))


def without_secrets(text: str) -> str:
    """The beginning of a text, with what looks like a credential left out."""
    return _SECRET.sub(r"\1\2***", " ".join(text.split()))[:_LONGEST]
