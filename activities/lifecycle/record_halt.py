"""Write down why a run ended without a decision about its challenger."""

from nightshift.domain.lifecycle.run import HaltRecord, Recorded
from nightshift.domain.platform.ports import Services
from nightshift.services.lifecycle.halts import append_halt
from nightshift.services.platform.activity import activity


@activity("record_halt", retries_all=True)
def record_halt(services: Services, record: HaltRecord) -> Recorded:
    """Append the reason to the ledger, once per run."""
    return Recorded(ledger=append_halt(services, record).sequence)
