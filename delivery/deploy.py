"""Deploy a package to an environment: ``python -m delivery.deploy ENV``.

1. Hold package and wheel against their digests, and in the pipeline against the attestation of the build.
2. Refuse a commit that does not come after the one that the environment has.
3. Keep them in the environment's own container of releases, under their version: that is what a rollback takes.
4. Put the wheel where the training jobs install it from.
5. Hand the package to the app: one deploy on Flex Consumption, the package's blob and a restart on a Premium plan.
6. Write down which version the environment has now.

A rollback (delivery/rollback.py) takes steps 1, 4, 5 and 6 with what step 3 has kept. Nothing is built on the way.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from delivery.commit import Commit
from delivery.direction import refuse_backwards
from delivery.environment import EnvironmentFolder
from delivery.package import DEFAULT_FOLDER, ROOT
from delivery.releases import Release, Releases
from domain.errors import NightshiftError


@dataclass(frozen=True)
class Delivery:
    """Deploys to one environment."""

    releases: Releases

    def deploy(self, release: Release) -> None:
        """Keep a release and hand it to the app.

        Raises:
            BadInputError: it is not what was built, or does not come after what the environment has.
            CommandError: it was not built by the pipeline, or Azure refuses a step.
        """
        releases = self.releases
        releases.check(release)
        refuse_backwards(releases.root, releases.deployed(), release.version, releases.environment.name)
        releases.keep(release)
        releases.hand_over(release)


def main() -> None:
    """Deploy, and say what is there now."""
    parser = argparse.ArgumentParser(description="Deploy a release to an environment.")
    parser.add_argument("environment", help="dev, qa or prod")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the release lies")
    parser.add_argument("--commit", default="HEAD", help="whose release it is")
    arguments = parser.parse_args()
    try:
        environment = EnvironmentFolder.default().get(arguments.environment)
        version = Commit.find(ROOT, arguments.commit).version
        # GitHub names the repository in every run: there a release without an attestation is refused.
        releases = Releases(environment, os.environ.get("GITHUB_REPOSITORY"))
        Delivery(releases).deploy(Release(arguments.folder, version))
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(
        f"{arguments.environment} has {version}; prove it: nightshift --env {arguments.environment} smoke\n"
    )


if __name__ == "__main__":
    main()
