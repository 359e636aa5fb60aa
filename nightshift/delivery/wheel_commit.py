"""Keeps in the wheel which commit it was built from. Hatch runs this file by itself: it imports nothing of ours."""

import subprocess
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # the command line, which reads the file, has no hatchling
    BuildHookInterface = object

COMMIT_FILE = "COMMIT"
_DIGITS = 12


class CommitHook(BuildHookInterface):  # type: ignore[misc]
    """Adds the file to a wheel; an editable installation asks git itself."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatch before it builds; `version` is ``standard`` or ``editable``."""
        commit = commit_of(Path(self.root))
        if version == "editable" or not commit:
            return
        written = Path(self.directory) / COMMIT_FILE
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(f"{commit}\n", encoding="utf-8")
        build_data["force_include"][str(written)] = f"nightshift/{COMMIT_FILE}"

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        """Called by hatch when the wheel is written."""
        (Path(self.directory) / COMMIT_FILE).unlink(missing_ok=True)


def commit_of(root: Path) -> str:
    """The first digits of a folder's commit; empty if it is no repository, or a tracked file has changed."""
    try:
        if _git(root, "status", "--porcelain", "--untracked-files=no"):
            return ""
        return _git(root, "rev-parse", "HEAD")[:_DIGITS]
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
