"""Every log line says what it belongs to."""

import logging
from collections.abc import Callable
from typing import Any

from nightshift.domain.platform.correlation import current


class CorrelatedRecords:
    """Makes log records that end with ``correlation=ID`` while a call runs, whatever handler writes them.

    The text carries the id, because in Azure only the text of a worker's line reaches the host; ``correlation_id`` is
    an attribute of the record as well, for handlers that keep attributes.
    """

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """Make a record."""
        record = self._make(*args, **kwargs)
        correlation = current().correlation_id
        if correlation:
            record.correlation_id = correlation
            # No id holds a percent sign (nightshift.domain.platform.correlation), so it is no format either.
            record.msg = f"{record.msg} correlation={correlation}"
        return record


def correlate_logs() -> None:
    """Make all log records of this process correlated ones; a second call changes nothing."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, CorrelatedRecords):
        logging.setLogRecordFactory(CorrelatedRecords(make))
