"""The package as it is deployed: the unpacked zip, and an environment of Microsoft's worker with nothing of ours."""

import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from nightshift.delivery.command import run
from nightshift.delivery.commit import Commit
from nightshift.delivery.interpreter import find_interpreter
from nightshift.delivery.package import build
from nightshift.delivery.python_version import DEPLOYED_PYTHON

_UV = str(Path(sys.executable).with_name("uv"))
_WORKER = ("export", "--quiet", "--frozen", "--only-group", "worker", "--no-emit-project", "--no-header")


@dataclass(frozen=True)
class Deployed:
    """Where the package lies unpacked, and the Python of the worker's environment."""

    folder: Path
    python: Path
    version: str


def deploy(root: Path, folder: Path) -> Deployed:
    """Build the package of the checkout's commit, unpack it, and make the worker's environment.

    Raises:
        NightshiftError: there is no Python of the deployed version, or the package cannot be built.
    """
    package = build(Commit.find(root), folder / "package")
    unpacked = folder / "wwwroot"
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(unpacked)
    return Deployed(unpacked, worker_environment(root, folder), package.version)


def worker_environment(root: Path, folder: Path) -> Path:
    """Make an environment with the locked worker library; its Python."""
    environment = folder / "worker"
    run(_UV, "venv", "--quiet", "--python", str(find_interpreter(DEPLOYED_PYTHON)), str(environment))
    python = environment / "bin" / "python"
    listed = folder / "worker.txt"
    listed.write_bytes(run(_UV, *_WORKER, cwd=root))
    run(_UV, "pip", "install", "--quiet", "--no-config", "--python", str(python), "--require-hashes", "-r", str(listed))
    return python
