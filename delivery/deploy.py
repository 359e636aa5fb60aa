"""Deploy a package to an environment, or put an earlier one back: ``python -m delivery.deploy ENV``.

1. Hold package and wheel against their digests.
2. Say what is in flight and what becomes of it under this release; what would break holds the deployment back.
3. Keep the release in the environment's own container of releases, under its version: that is what a rollback takes.
4. Put the wheel where the training jobs install it from.
5. Hand the package to the app: one deploy on Flex Consumption, the package's blob and a restart on a Premium plan.

A rollback (``--version``) takes what step 3 has kept. It says what is in flight as well, but waits for nothing and is
held back by nothing. Nothing is built on the way.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from delivery.archive import file_digest
from delivery.command import run
from delivery.commit import Commit
from delivery.environment import Environment, EnvironmentFolder
from delivery.in_flight import Replayed, RunsInFlight, refuse_breaking
from delivery.package import DEFAULT_FOLDER, ROOT
from delivery.wheel import upload_wheel
from domain.errors import BadInputError, NightshiftError

_FLEX = "FC1"
# A review may wait for 30 days.
_LONGEST_DRAIN = 30 * 24 * 60
# What WEBSITE_RUN_FROM_PACKAGE of a Premium plan names (terraform/modules/function_app/main.premium.tf).
_PREMIUM_BLOB = "nightshift.zip"


@dataclass(frozen=True)
class Release:
    """What was built from one commit: package, training wheel, and the digests of both.

    Attributes:
        folder: holds the three files under the name of their version.
    """

    folder: Path
    version: str

    @property
    def package(self) -> Path:
        """The app's zip."""
        return self._file("zip")

    @property
    def wheel(self) -> Path:
        """The training jobs' wheel."""
        return self._file("whl")

    @property
    def files(self) -> tuple[Path, ...]:
        """All that must be kept together."""
        return (self.package, self.wheel, self._file("sha256"))

    def verify(self) -> None:
        """Hold the files against the digests that were taken when they were built.

        Raises:
            BadInputError: a file is missing, or is not what was built.
        """
        for file in self.files:
            if not file.is_file():
                raise BadInputError(field="release", value=str(file), rule="is missing: `make package` makes it")
        lines = [line.split() for line in self._file("sha256").read_text(encoding="utf-8").splitlines()]
        wanted = {name: digest for digest, name in lines}
        for file in (self.package, self.wheel):
            found = file_digest(file)
            if found != wanted.get(file.name):
                rule = f"its SHA-256 is {found}, built was {wanted.get(file.name)}"
                raise BadInputError(field="release", value=str(file), rule=rule)

    def _file(self, ending: str) -> Path:
        return self.folder / f"nightshift-{self.version}.{ending}"


@dataclass(frozen=True)
class Delivery:
    """Deploys to one environment with the Azure CLI's sign-in.

    Attributes:
        in_flight: says what is in flight there.
    """

    environment: Environment
    in_flight: RunsInFlight

    def deploy(self, release: Release, *, drain: float | None = None, break_in_flight: bool = False) -> None:
        """Keep a release and hand it to the app.

        Args:
            drain: wait for so many minutes until nothing is in flight that would break.
            break_in_flight: go on although something would.

        Raises:
            BadInputError: it is not what was built.
            InFlightBrokenError: the release cannot go on with what is in flight.
            InFlightUnknownError: it is to be drained, and the app does not say what is in flight.
            CommandError: Azure refuses a step.
        """
        release.verify()
        replayed = Replayed.of_package(release.package)
        found = self.in_flight.tell(replayed)
        if drain is not None:
            self.in_flight.drain(replayed, drain)
        elif found is not None and not break_in_flight:
            refuse_breaking(found, replayed)
        for file in release.files:
            self._upload(file, f"packages/{file.name}")
        self._hand_over(release)

    def roll_back(self, version: str) -> None:
        """Hand over a release that this environment has had before.

        Raises:
            BadInputError: what was kept is not what was built.
            CommandError: no such version was kept here, or Azure refuses a step.
        """
        with tempfile.TemporaryDirectory() as folder:
            release = Release(Path(folder), version)
            for file in release.files:
                self._blob("download", "--name", f"packages/{file.name}", "--file", str(file), "--no-progress")
            release.verify()
            self.in_flight.tell(Replayed.of_package(release.package))
            self._hand_over(release)

    def versions(self) -> list[str]:
        """The packages that were kept here, newest first."""
        query = "reverse(sort_by([?ends_with(name, '.zip')], &properties.creationTime))[].name"
        listed = json.loads(self._blob("list", "--prefix", "packages/nightshift-", "--query", query))
        return [Path(name).stem.removeprefix("nightshift-") for name in listed]

    def _hand_over(self, release: Release) -> None:
        upload_wheel(self.environment, release.wheel)
        if self.environment.plan == _FLEX:
            # Everything that the app needs is in the package: nothing is to be built or resolved in Azure.
            self._app("deployment", "source", "config-zip", "--src", str(release.package), "--build-remote", "false")
        else:
            self._upload(release.package, _PREMIUM_BLOB)
            self._app("restart")

    def _upload(self, file: Path, name: str) -> None:
        self._blob("upload", "--name", name, "--file", str(file), "--overwrite", "true", "--no-progress")

    def _blob(self, verb: str, *arguments: str) -> bytes:
        account, container = self.environment.host_account, self.environment.releases_endpoint.rsplit("/", 1)[-1]
        place = ("--account-name", account, "--container-name", container, "--auth-mode", "login")
        return run("az", "storage", "blob", verb, *place, *arguments)

    def _app(self, *arguments: str) -> None:
        environment = self.environment
        app = ("--resource-group", environment.resource_group, "--name", environment.function_app)
        run("az", "functionapp", *arguments, *app, "--subscription", environment.subscription_id)


def main() -> None:
    """Deploy or roll back, and say what is there now."""
    parser = argparse.ArgumentParser(description="Deploy a release to an environment, or put an earlier one back.")
    parser.add_argument("environment", help="dev, qa or prod")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the release lies")
    parser.add_argument("--commit", default="HEAD", help="whose release it is")
    parser.add_argument("--version", help="put back this version, which the environment has had before")
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
    parser.add_argument("--list", action="store_true", help="only list the versions that can be put back")
    arguments = parser.parse_args()
    if arguments.version and (arguments.drain is not None or arguments.break_in_flight):
        parser.error("--version: a rollback waits for nothing and is held back by nothing; leave the other option out")
    if arguments.drain is not None and not 0 <= arguments.drain <= _LONGEST_DRAIN:
        parser.error(f"--drain: {arguments.drain:g} must be from 0 to {_LONGEST_DRAIN} minutes")
    try:
        environment = EnvironmentFolder.default().get(arguments.environment)
        delivery = Delivery(environment, RunsInFlight(environment))
        if arguments.list:
            sys.stdout.write("".join(f"{version}\n" for version in delivery.versions()))
            return
        version = arguments.version or Commit.find(ROOT, arguments.commit).version
        if arguments.version:
            delivery.roll_back(version)
        else:
            release = Release(arguments.folder, version)
            delivery.deploy(release, drain=arguments.drain, break_in_flight=arguments.break_in_flight)
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(
        f"{arguments.environment} has {version}; prove it: nightshift --env {arguments.environment} smoke\n"
    )


if __name__ == "__main__":
    main()
