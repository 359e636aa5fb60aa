"""What is in flight in an environment, and what becomes of it under another release."""

import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from nightshift.delivery.environment import Environment
from nightshift.delivery.sign_in import SignIn
from nightshift.domain.platform.errors import BadInputError, NightshiftError
from nightshift.domain.platform.started_version import started_version
from nightshift.domain.platform.view import InFlight

_HOST = "host.json"
_REPLAYED = "orchestrators/replayed_versions.json"


class InFlightUnknownError(NightshiftError):
    """The app does not say what is in flight."""

    code = "in_flight_unknown"


class InFlightBrokenError(NightshiftError):
    """The release cannot go on with what is in flight."""

    code = "in_flight_broken"


@dataclass(frozen=True)
class Replayed:
    """The versions of orchestrations that a release goes on with, from the oldest to the one that it starts."""

    oldest: int
    newest: int

    @classmethod
    def of_package(cls, package: Path) -> "Replayed":
        """Read them from a package; one without goes on with what knows no versions.

        Raises:
            BadInputError: its host.json cannot be read.
        """
        try:
            with zipfile.ZipFile(package) as archive:
                names = set(archive.namelist())
                newest = started_version(archive.read(_HOST)) if _HOST in names else 0
                replayed = json.loads(archive.read(_REPLAYED)) if _REPLAYED in names else {"oldest": 0}
            return cls(oldest=int(replayed["oldest"]), newest=newest)
        except (zipfile.BadZipFile, ValueError, KeyError, AttributeError) as error:
            rule = f"must say the versions of orchestrations in {_HOST} and {_REPLAYED}: {error}"
            raise BadInputError(field="package", value=str(package), rule=rule) from error

    def breaks(self, found: InFlight) -> bool:
        """Whether they would fail: the release has not kept the order of their version."""
        return found.version is not None and found.version < self.oldest

    def waits(self, found: InFlight) -> bool:
        """Whether they would wait for a newer release: Durable does not hand them to this one."""
        return found.version is not None and found.version > self.newest

    def verdict(self, found: InFlight) -> str:
        """What becomes of them under the release."""
        if self.breaks(found):
            return f"would break: the release goes on with version {self.oldest} and later"
        if self.waits(found):
            return f"wait until a release of version {found.version} is back; nothing of them is lost"
        return "go on"


@dataclass(frozen=True)
class RunsInFlight:
    """Asks the app of an environment what is in flight, and waits for it.

    Attributes:
        transport: how HTTP is sent; None for the network.
        pause: waits for a number of seconds.
    """

    environment: Environment
    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr)  # noqa: T201 - progress of a command

    def read(self) -> tuple[InFlight, ...]:
        """What has not ended, by orchestrator and version.

        Raises:
            InFlightUnknownError: the app does not answer, or refuses.
        """
        environment = self.environment
        sign_in = SignIn(environment.audience, environment.tenant_id)
        try:
            with httpx.Client(base_url=environment.app_url, timeout=60, auth=sign_in, transport=self.transport) as http:
                answer = http.get("/api/orchestrations")
            if answer.status_code != 200:
                raise InFlightUnknownError(f"{environment.app_url}/api/orchestrations: HTTP {answer.status_code}")
            return tuple(InFlight.from_json(item) for item in answer.json()["items"])
        except (httpx.TransportError, ValueError, KeyError, TypeError) as error:
            raise InFlightUnknownError(f"{environment.app_url} does not say it: {error}") from error

    def report_in_flight(self, replayed: Replayed) -> tuple[InFlight, ...] | None:
        """Say what is in flight and what becomes of it; None if the app does not say.

        An app that does not answer must be deployable, and so must a first one.
        """
        try:
            found = self.read()
        except NightshiftError as error:
            self.say(f"what is in flight is not known: {error}")
            return None
        for line in report(found, replayed, self.clock()):
            self.say(line)
        return found

    def drain(self, replayed: Replayed, minutes: float) -> None:
        """Wait until nothing is in flight that would break.

        New ones begin meanwhile, and need not be held up: they have the version of the release that runs.

        Raises:
            InFlightUnknownError: the app does not say what is in flight.
            InFlightBrokenError: some are left when the time is over.
        """
        end = self.clock() + timedelta(minutes=minutes)
        while True:
            left = [item for item in self.read() if replayed.breaks(item)]
            if not left:
                self.say("nothing is in flight that would break")
                return
            if self.clock() >= end:
                raise InFlightBrokenError(
                    f"after {minutes:g} minutes {_names(left)} would still break; nothing was done"
                )
            self.say(f"waiting for {_names(left)}")
            self.pause(30)


def refuse_breaking(found: Iterable[InFlight], replayed: Replayed) -> None:
    """Hold a deployment back that would break what is in flight.

    Raises:
        InFlightBrokenError: it would.
    """
    broken = [item for item in found if replayed.breaks(item)]
    if broken:
        raise InFlightBrokenError(
            f"{_names(broken)} would break: wait for them with --drain MINUTES, or end them with --break-in-flight; "
            "nothing was done"
        )


def report(found: tuple[InFlight, ...], replayed: Replayed, now: datetime) -> list[str]:
    """What is in flight, a line each."""
    if not found:
        return ["nothing is in flight"]
    lines = [f"{'orchestration':<16}{'version':>8}{'count':>7}  {'oldest':<12}under this release"]
    for item in found:
        version = "-" if item.version is None else str(item.version)
        age = _age(now - item.oldest)
        lines.append(f"{item.orchestrator:<16}{version:>8}{item.count:>7}  {age:<12}{replayed.verdict(item)}")
    return lines


def _names(items: Iterable[InFlight]) -> str:
    return ", ".join(f"{item.count} {item.orchestrator} of version {item.version}" for item in items)


def _age(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
