"""Write down that this process began, so that a host that is started again and again is noticed."""

import logging
import os
import socket
import threading
from typing import TYPE_CHECKING

from nightshift.domain.watch.fault import ProcessStart
from nightshift.services.platform.app_metrics import count_process_start

if TYPE_CHECKING:
    from nightshift.domain.platform.ports import Services

logger = logging.getLogger(__name__)
# What Azure calls the machine, on Flex Consumption and elsewhere.
_INSTANCE = ("CONTAINER_NAME", "WEBSITE_INSTANCE_ID")


def record_start(services: "Services") -> None:
    """Write it down beside the first call, which does not wait for it."""
    at = services.clock()
    instance = next((os.environ[name] for name in _INSTANCE if os.environ.get(name)), socket.gethostname())

    count_process_start()

    def record() -> None:
        try:
            services.faults.began(ProcessStart(instance=instance[:80], at=at))
        except Exception:
            # Storage is away, which readiness says; the process must go on.
            logger.exception("process_start_not_recorded instance=%s", instance)

    threading.Thread(target=record, name="process-start", daemon=True).start()
