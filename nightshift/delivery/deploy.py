"""Deploy a package to an environment: ``python -m nightshift.delivery.deploy ENV``.

1. Hold package and wheel against their digests, and in the pipeline against the attestation of the build.
2. Refuse a commit that does not come after the one that the environment has.
3. Say what is in flight and what becomes of it under this release; what would break holds the deployment back.
4. Keep the release in the environment's own container of releases, under its version: that is what a rollback takes.
5. Put the wheel where the training jobs install it from.
6. Hand the package to the app: one deploy on Flex Consumption, the package's blob and a restart on a Premium plan.
7. Write down which version the environment has now.

A rollback (delivery/rollback.py) takes steps 1 and 5 to 7 with what step 4 has kept. Nothing is built on the way.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nightshift.delivery.commit import Commit
from nightshift.delivery.direction import refuse_backwards
from nightshift.delivery.environment import EnvironmentFolder
from nightshift.delivery.in_flight import Replayed, RunsInFlight, refuse_breaking
from nightshift.delivery.package import DEFAULT_FOLDER, ROOT
from nightshift.delivery.releases import Release, Releases
from nightshift.domain.platform.errors import BadInputError, NightshiftError

# A review may wait for 30 days.
_LONGEST_DRAIN = 30 * 24 * 60


@dataclass(frozen=True)
class Delivery:
    """Deploys to one environment.

    Attributes:
        in_flight: says what is in flight there.
    """

    releases: Releases
    in_flight: RunsInFlight

    def deploy(self, release: Release, *, drain: float | None = None, break_in_flight: bool = False) -> None:
        """Keep a release and hand it to the app.

        Args:
            drain: how many minutes to wait until nothing is in flight that would break.
            break_in_flight: go on although something would.

        Raises:
            BadInputError: it is not what was built, or does not come after what the environment has; or what that has
                changed while it was waited for.
            InFlightBrokenError: the release cannot go on with what is in flight.
            InFlightUnknownError: it is to be drained, and the app does not say what is in flight.
            CommandError: it was not built by the pipeline, or Azure refuses a step.
        """
        releases = self.releases
        releases.check(release)
        before = releases.deployed()
        refuse_backwards(releases.root, before, release.version, releases.environment.name)
        replayed = Replayed.of_package(release.package)
        found = self.in_flight.report_in_flight(replayed)
        if drain is not None:
            self.in_flight.drain(replayed, drain)
        elif found is not None and not break_in_flight:
            refuse_breaking(found, replayed)
        if (now := releases.deployed()) != before:
            rule = (
                f"{releases.environment.name} had {before or 'nothing'} before the wait and has {now or 'nothing'} now"
            )
            raise BadInputError(field="release", value=release.version, rule=rule)
        releases.keep(release)
        releases.hand_over(release)


def main() -> None:
    """Deploy, and say what is there now."""
    parser = argparse.ArgumentParser(description="Deploy a release to an environment.")
    parser.add_argument("environment", help="dev, qa or prod")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the release lies")
    parser.add_argument("--commit", default="HEAD", help="whose release it is")
    parser.add_argument(
        "--drain",
        type=float,
        metavar="MINUTES",
        help="wait so long for what is in flight and would break; if some is left then, nothing is deployed",
    )
    parser.add_argument(
        "--break-in-flight",
        action="store_true",
        help="deploy although something in flight would fail under it",
    )
    arguments = parser.parse_args()
    if arguments.drain is not None and not 0 <= arguments.drain <= _LONGEST_DRAIN:
        parser.error(f"--drain: {arguments.drain:g} must be from 0 to {_LONGEST_DRAIN} minutes")
    try:
        environment = EnvironmentFolder.default().get(arguments.environment)
        version = Commit.find(ROOT, arguments.commit).version
        # GitHub names the repository in every run: there a release without an attestation is refused.
        releases = Releases(environment, os.environ.get("GITHUB_REPOSITORY"))
        release = Release(arguments.folder, version)
        delivery = Delivery(releases, RunsInFlight(environment))
        delivery.deploy(release, drain=arguments.drain, break_in_flight=arguments.break_in_flight)
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(
        f"{arguments.environment} has {version}; prove it: nightshift --env {arguments.environment} smoke\n"
    )


if __name__ == "__main__":
    main()
