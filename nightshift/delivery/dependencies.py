"""What uv makes of a project: the app's locked dependencies, as the Functions host wants them, and the wheel."""

import sys
from datetime import datetime
from pathlib import Path

from nightshift.delivery.command import run

FOLDER = ".python_packages/lib/site-packages"
# The image of the Functions host for Python 3.13 is Debian 12 with glibc 2.36; most wheels ask for 2.28 or less.
PLATFORM = "x86_64-manylinux_2_28"
_UV = str(Path(sys.executable).with_name("uv"))
_EXPORT = ("export", "--quiet", "--frozen", "--only-group", "app", "--no-emit-project", "--no-header")


def install(project: Path, target: Path, python: str) -> None:
    """Install what the lock names into a folder, each wheel held against its digest; nothing is built or resolved.

    Args:
        project: holds ``pyproject.toml`` and ``uv.lock``.
        target: the folder, made here.
        python: version that the wheels are for, as ``3.13``.

    Raises:
        CommandError: a wheel is missing for the app's platform, or is not the one that was locked.
    """
    requirements = run(_UV, *_EXPORT, cwd=project)
    target.mkdir(parents=True)
    listed = project.parent / "requirements.txt"
    listed.write_bytes(requirements)
    install_listed(listed, target, python)


def install_listed(requirements: Path, target: Path, python: str) -> None:
    """Install a list of requirements with their digests for the app's platform.

    Raises:
        CommandError: as `install`.
    """
    run(
        _UV, "pip", "install", "--quiet", "--no-config", "--target", str(target), "--python", sys.executable,
        "--python-version", python, "--python-platform", PLATFORM, "--only-binary", ":all:", "--require-hashes",
        "--no-deps", "--link-mode", "copy", "-r", str(requirements),
        cwd=target.parent,
    )  # fmt: skip


def training_wheel(project: Path, target: Path, committed_at: datetime) -> Path:
    """Build the wheel of ``training`` into a folder; its files carry the time of the commit.

    Raises:
        CommandError: it cannot be built.
    """
    epoch = {"SOURCE_DATE_EPOCH": str(int(committed_at.timestamp()))}
    run(_UV, "build", "--quiet", "--wheel", "--out-dir", str(target), "training", cwd=project, extra=epoch)
    return next(target.glob("*.whl"))


def bill_of_materials(project: Path) -> bytes:
    """The lock's packages as CycloneDX JSON, for every platform that the lock knows."""
    return run(_UV, *_EXPORT[:-1], "--format", "cyclonedx1.5", "--preview-features", "sbom-export", cwd=project)


def installed_files(target: Path) -> dict[str, bytes | Path]:
    """Which files of an installation belong to the package, by their path there.

    Scripts carry the path of this machine's Python, and the record of a package names them: both are left out.
    """
    found: dict[str, bytes | Path] = {}
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target)
        if not path.is_file() or name.parts[0] in {"bin", "tests", ".lock"} or "__pycache__" in name.parts:
            continue
        found[f"{FOLDER}/{name.as_posix()}"] = _without_scripts(path) if name.name == "RECORD" else path
    return found


def _without_scripts(record: Path) -> bytes:
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("bin/", "../", "tests/"))).encode()
