"""Build the app's package from a commit: ``python -m nightshift.delivery.package``.

1. Take the commit's files that belong to the app, and record their commit in the file VERSION.
2. Install the commit's locked dependencies for platform and Python of the Functions host.
3. Compile both, so that a cold start need not (docs/adr/0030-bytecode-in-the-package.md).
4. Write all of it into a zip that is the same whenever and wherever it is built.
5. Build the wheel that the training jobs install, which belongs to the same commit.
6. Beside them: the digests of both, and the bill of materials of the zip.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nightshift.delivery import dependencies, python_version
from nightshift.delivery.archive import file_digest, write_zip
from nightshift.delivery.bill import bill
from nightshift.delivery.bytecode import compile_modules
from nightshift.delivery.command import run
from nightshift.delivery.commit import Commit
from nightshift.delivery.interpreter import find_interpreter
from nightshift.domain.platform.errors import NightshiftError

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = ROOT / ".nightshift" / "package"


@dataclass(frozen=True)
class Package:
    """A package on disk.

    Attributes:
        version: of the commit.
        digest: SHA-256 of the zip.
        wheel: what the training jobs install.
        digests: SHA-256 of zip and wheel, in the form of sha256sum.
        bill: CycloneDX JSON.
    """

    version: str
    path: Path
    digest: str
    wheel: Path
    digests: Path
    bill: Path


def build(commit: Commit, folder: Path, python: str = python_version.DEPLOYED_PYTHON) -> Package:
    """Build the package of a commit into a folder.

    Args:
        python: version that the package is for; it must be installed here, because it compiles the modules.

    Raises:
        CommandError: git or uv cannot do its part; says which and why.
        NoInterpreterError: there is no such Python here.
    """
    interpreter = find_interpreter(python)
    entries: dict[str, bytes | Path] = {
        **commit.app_files(),
        "VERSION": f"{commit.version}\n".encode(),
        python_version.FILE: f"{python}\n".encode(),
    }
    path = folder / f"nightshift-{commit.version}.zip"
    wheel = folder / f"nightshift-{commit.version}.whl"
    with tempfile.TemporaryDirectory() as work:
        project = Path(work) / "project"
        for name, content in commit.files().items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_bytes(content)
        root = Path(work) / "package"
        target = root / dependencies.FOLDER
        dependencies.install(project, target, python)
        entries |= dependencies.installed_files(target)
        for name, entry in entries.items():
            if isinstance(entry, bytes):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(entry)
        entries |= compile_modules(root, entries, Path(work) / "compiled", interpreter)
        digest = write_zip(path, entries)
        shutil.copyfile(dependencies.training_wheel(project, Path(work) / "wheel", commit.committed_at), wheel)
        listed = bill(dependencies.bill_of_materials(project), target, commit, digest)
    digests = folder / f"nightshift-{commit.version}.sha256"
    digests.write_text(f"{digest}  {path.name}\n{file_digest(wheel)}  {wheel.name}\n", encoding="utf-8")
    bill_file = folder / f"nightshift-{commit.version}.cdx.json"
    bill_file.write_bytes(listed)
    return Package(commit.version, path, digest, wheel, digests, bill_file)


def main() -> None:
    """Build, and say what was built."""
    parser = argparse.ArgumentParser(description="Build the app's package from a commit.")
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    arguments = parser.parse_args()
    try:
        commit = Commit.find(ROOT, arguments.commit)
        if run("git", "status", "--porcelain", cwd=ROOT):
            sys.stderr.write(f"note: uncommitted changes are not in the package, which is of {commit.version}\n")
        package = build(commit, arguments.folder)
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    megabytes = package.path.stat().st_size / 1e6
    sys.stdout.write(
        f"{package.path}\nversion {package.version}\nsha256  {package.digest}\nsize    {megabytes:.1f} MB\n"
    )


if __name__ == "__main__":
    main()
