"""The whole ledger verified, in calls that each verify a part."""

from collections.abc import Callable

from nightshift.cli.app_client import AppClient
from nightshift.cli.paging import every
from nightshift.domain.platform.view import ChainCheck


def verify_ledger(app: AppClient, model: str | None, report: Callable[[str], None]) -> list[ChainCheck]:
    """Verify the chains of all models, or of one, to their ends.

    Args:
        report: is called with a line of progress after each part.
    """
    checks: dict[str, ChainCheck] = {}
    for check in every(app, "ledger/verification", ChainCheck, limit=None, model=model):
        checks[check.model] = check
        report(f"{check.model}: {check.entries:,} of {check.length or check.entries:,} entries verified")
    return list(checks.values())
