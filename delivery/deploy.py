"""Deploy a package to an environment, or put an earlier one back: ``python -m delivery.deploy ENV``.

1. Hold package and wheel against their digests.
2. Keep them in the environment's own container of releases, under their version: that is what a rollback takes.
3. Put the wheel where the training jobs install it from.
4. Hand the package to the app: one deploy on Flex Consumption, the package's blob and a restart on a Premium plan.

A rollback (``--version``) takes steps 3 and 4 with what step 2 has kept. Nothing is built on the way.
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
from delivery.package import DEFAULT_FOLDER, ROOT
from delivery.python_version import require_same_python
from delivery.wheel import upload_wheel
from domain.errors import BadInputError, NightshiftError

_FLEX = "FC1"
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
    """Deploys to one environment with the Azure CLI's sign-in."""

    environment: Environment

    def deploy(self, release: Release) -> None:
        """Keep a release and hand it to the app.

        Raises:
            BadInputError: it is not what was built, or for another Python than the environment runs.
            CommandError: Azure refuses a step.
        """
        release.verify()
        require_same_python(release.package, self.environment)
        for file in release.files:
            self._upload(file, f"packages/{file.name}")
        self._hand_over(release)

    def roll_back(self, version: str) -> None:
        """Hand over a release that this environment has had before.

        Raises:
            BadInputError: what was kept is not what was built, or for another Python than the environment runs.
            CommandError: no such version was kept here, or Azure refuses a step.
        """
        with tempfile.TemporaryDirectory() as folder:
            release = Release(Path(folder), version)
            for file in release.files:
                self._blob("download", "--name", f"packages/{file.name}", "--file", str(file), "--no-progress")
            release.verify()
            require_same_python(release.package, self.environment)
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
    parser.add_argument("--list", action="store_true", help="only list the versions that can be put back")
    arguments = parser.parse_args()
    try:
        delivery = Delivery(EnvironmentFolder.default().get(arguments.environment))
        if arguments.list:
            sys.stdout.write("".join(f"{version}\n" for version in delivery.versions()))
            return
        version = arguments.version or Commit.find(ROOT, arguments.commit).version
        if arguments.version:
            delivery.roll_back(version)
        else:
            delivery.deploy(Release(arguments.folder, version))
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(
        f"{arguments.environment} has {version}; prove it: nightshift --env {arguments.environment} smoke\n"
    )


if __name__ == "__main__":
    main()
