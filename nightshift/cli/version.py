"""Which release this is, and of which commit where that is known."""

import importlib.metadata
import importlib.resources

from nightshift.delivery.checkout import ROOT, in_checkout
from nightshift.delivery.command import CommandError
from nightshift.delivery.commit import Commit
from nightshift.delivery.wheel_commit import COMMIT_FILE


def version_line() -> str:
    """Name, version and commit, as ``nightshift --version`` prints them."""
    commit = commit_of()
    return f"nightshift {importlib.metadata.version('nightshift')}" + (f" (commit {commit})" if commit else "")


def commit_of() -> str:
    """The first digits of the commit: of the checkout, or the one that the wheel was built from; empty if unknown."""
    if in_checkout():
        try:
            return Commit.find(ROOT).version
        except CommandError:
            return ""
    kept = importlib.resources.files("nightshift") / COMMIT_FILE
    return kept.read_text(encoding="utf-8").strip() if kept.is_file() else ""
