"""Model specs as the app reads them, for the command line to check."""

from pathlib import Path

from nightshift.clients.platform.spec_files import check_spec
from nightshift.domain.platform.broken_rules import BrokenRule


def check_specs(paths: list[Path]) -> dict[Path, tuple[BrokenRule, ...]]:
    """Return every problem of each file; none if it may be used. Errors: ``FileNotFoundError``."""
    return {path: check_spec(path) for path in paths}
