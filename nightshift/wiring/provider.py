"""One set of services per process."""

import os
import threading
from pathlib import Path

from nightshift.wiring.process_start import record_start
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import Settings, read_settings


class ServicesProvider:
    """Hands out one set of services per process, built at the first call: an idle app reads no setting."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._services: LazyServices | None = None
        self._lock = threading.Lock()

    def __call__(self) -> LazyServices:
        """The services of this process; MisconfiguredError as ``settings``."""
        with self._lock:
            if self._services is None:
                self._services = LazyServices(self.settings())
                record_start(self._services)
            return self._services

    def settings(self) -> Settings:
        """The settings of this process.

        Raises:
            MisconfiguredError: some are missing or break a rule.
        """
        return read_settings(os.environ, self._root)
