"""Why a run ended without a decision about its challenger, in the ledger."""

from nightshift.domain.ledger.bodies import HaltBody, record
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.lifecycle.run import HaltRecord
from nightshift.domain.platform.ports import Services


def append_halt(services: Services, halt: HaltRecord) -> LedgerEntry:
    """Append the reason to the ledger, once per run."""
    return services.ledger.append(
        record(
            HaltBody(outcome=halt.outcome, failure=halt.failure),
            key=f"{halt.run}:halt",
            model=halt.model,
            run=halt.run,
            subject=halt.failure.step,
        )
    )
