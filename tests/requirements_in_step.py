"""Check that the exported requirements are those of the lock: ``python -m tests.requirements_in_step``."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_EXPORT = ["export", "--quiet", "--frozen", "--no-emit-project", "--no-hashes", "--no-header"]
EXPORTS = {
    "requirements.txt": [*_EXPORT, "--only-group", "app"],
    "training/requirements.txt": [*_EXPORT, "--only-group", "training"],
}


def out_of_step(root: Path) -> list[str]:
    """Names of the requirement files whose packages differ from what the lock exports."""
    return [name for name, command in EXPORTS.items() if _packages(_export(root, command)) != _kept(root / name)]


def _export(root: Path, command: list[str]) -> str:
    uv = Path(sys.executable).with_name("uv")
    return subprocess.run([uv, *command], cwd=root, check=True, capture_output=True, text=True).stdout


def _kept(path: Path) -> list[str]:
    return _packages(path.read_text(encoding="utf-8")) if path.exists() else []


def _packages(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


if __name__ == "__main__":
    stale = out_of_step(ROOT)
    if stale:
        sys.exit(f"out of step with uv.lock: {', '.join(stale)}; run `make requirements`")
    print("requirements are in step with uv.lock")  # noqa: T201
