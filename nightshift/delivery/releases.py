"""The releases that an environment keeps, and how one of them becomes what its app and its jobs run.

It needs nothing but Python's own library, git and the Azure CLI: a rollback at night goes this way.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.delivery.archive import file_digest
from nightshift.delivery.command import run
from nightshift.delivery.commit import Commit
from nightshift.delivery.provenance import verify_provenance
from nightshift.delivery.python_version import require_same_python
from nightshift.delivery.wheel import upload_wheel
from nightshift.domain.platform.errors import BadInputError

if TYPE_CHECKING:
    from nightshift.delivery.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
_FLEX = "FC1"
# What WEBSITE_RUN_FROM_PACKAGE of a Premium plan names (terraform/modules/function_app/main.premium.tf).
_PREMIUM_BLOB = "nightshift.zip"
# Holds the version that was handed over last.
_DEPLOYED = "deployed"


@dataclass(frozen=True)
class Release:
    """What was built from one commit: package, training wheel, the digests of both, and who built them.

    Attributes:
        folder: holds the files under the name of their version.
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

    @property
    def attestation(self) -> Path:
        """By whom and from which commit the package and the wheel were built; only the pipeline writes it."""
        return self._file("attestation.json")

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
class Releases:
    """The releases of one environment, with the Azure CLI's sign-in.

    Attributes:
        built_by: the repository, ``OWNER/NAME``, whose pipeline must have built a release; None does not ask.
        root: the checkout, with its history.
    """

    environment: "Environment"
    built_by: str | None = None
    root: Path = ROOT

    def check(self, release: Release) -> None:
        """Hold a release against its digests, the environment's Python, and the attestation where one is asked for.

        Raises:
            BadInputError: it is not what was built, or for another Python than the environment runs.
            CommandError: it was not built by the pipeline.
        """
        release.verify()
        if self.built_by is not None:
            verify_provenance(
                (release.package, release.wheel),
                release.attestation,
                repository=self.built_by,
                commit=Commit.find(self.root, release.version).digest,
                root=self.root,
            )
        require_same_python(release.package, self.environment)

    def keep(self, release: Release) -> None:
        """Put a release into the environment's container, under its version.

        Raises:
            CommandError: Azure refuses it.
        """
        kept = (*release.files, release.attestation) if release.attestation.is_file() else release.files
        for file in kept:
            self._upload(file, f"packages/{file.name}")

    def hand_over(self, release: Release) -> None:
        """Make a release what the jobs and the app run, and write down that it is.

        Raises:
            CommandError, ServiceRefusedError, ServiceUnavailableError: Azure or Databricks does not take it.
        """
        upload_wheel(self.environment, release.wheel)
        if self.environment.plan == _FLEX:
            # Everything that the app needs is in the package: nothing is to be built or resolved in Azure.
            self._app("deployment", "source", "config-zip", "--src", str(release.package), "--build-remote", "false")
        else:
            self._upload(release.package, _PREMIUM_BLOB)
            self._app("restart")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / _DEPLOYED
            file.write_text(f"{release.version}\n", encoding="utf-8")
            self._upload(file, _DEPLOYED)

    def roll_back(self, version: str) -> None:
        """Hand over a release that this environment has had before.

        Raises:
            BadInputError: what was kept is not what was built.
            CommandError: no such version was kept here, it was not built by the pipeline, or Azure refuses a step.
        """
        with tempfile.TemporaryDirectory() as folder:
            release = Release(Path(folder), version)
            for file in release.files:
                self._download(f"packages/{file.name}", file)
            if self._exists(f"packages/{release.attestation.name}"):
                self._download(f"packages/{release.attestation.name}", release.attestation)
            self.check(release)
            self.hand_over(release)

    def deployed(self) -> str:
        """The version that was handed over last; empty if none was written down."""
        if not self._exists(_DEPLOYED):
            return ""
        with tempfile.TemporaryDirectory() as folder:
            self._download(_DEPLOYED, Path(folder) / _DEPLOYED)
            return (Path(folder) / _DEPLOYED).read_text(encoding="utf-8").strip()

    def versions(self) -> list[str]:
        """The packages that were kept here, newest first."""
        query = "reverse(sort_by([?ends_with(name, '.zip')], &properties.creationTime))[].name"
        listed = json.loads(
            self._blob("list", "--prefix", "packages/nightshift-", "--query", query, "--output", "json")
        )
        return [Path(name).stem.removeprefix("nightshift-") for name in listed]

    def _exists(self, name: str) -> bool:
        return bool(json.loads(self._blob("exists", "--name", name, "--output", "json"))["exists"])

    def _download(self, name: str, file: Path) -> None:
        self._blob("download", "--name", name, "--file", str(file), "--no-progress")

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
