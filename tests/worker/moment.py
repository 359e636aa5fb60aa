"""When everything in the check happens: lately, because an alert from long ago is refused or resolved."""

from datetime import UTC, datetime, timedelta

START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
"""Two minutes before the check began."""
