"""Why a run ended without a decision about its challenger, in the ledger."""

from nightshift.domain.ledger.ledger import ACTOR, LedgerEntry, LedgerRecord
from nightshift.domain.lifecycle.run import HaltRecord
from nightshift.domain.platform.ports import Services


def append_halt(services: Services, record: HaltRecord) -> LedgerEntry:
    """Append the reason to the ledger, once per run."""
    return services.ledger.append(
        LedgerRecord(
            key=f"{record.run}:halt",
            model=record.model,
            run=record.run,
            kind="halt",
            subject=record.failure.step,
            actor=ACTOR,
            body={"outcome": record.outcome, "failure": record.failure.to_json()},
        )
    )
