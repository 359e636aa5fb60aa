"""Which Python the package is built for: the one that the app's environment runs, or it is not deployed."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.domain.platform.errors import BadInputError

if TYPE_CHECKING:
    from nightshift.delivery.environment import Environment

# The default of Terraform's variable python_version; tests/unit/delivery/test_python_version.py holds the two together.
# docs/adr/0029-deployed-python.md says why this one.
DEPLOYED_PYTHON = "3.13"
FILE = "PYTHON_VERSION"
"""Names the version inside the package."""


def require_same_python(package: Path, environment: "Environment") -> None:
    """Refuse a package whose wheels and bytecode are for another Python than the environment runs.

    Raises:
        BadInputError: names both versions.
    """
    with zipfile.ZipFile(package) as archive:
        built = archive.read(FILE).decode().strip() if FILE in archive.namelist() else "none that it names"
    if built != environment.python_version:
        rule = (
            f"is built for Python {built}, {environment.name} runs {environment.python_version}: deploy a package of "
            f"that version, or set Terraform's python_version, apply, and `nightshift env add {environment.name}`"
        )
        raise BadInputError(field="package", value=package.name, rule=rule)
