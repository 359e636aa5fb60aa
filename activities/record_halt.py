"""Write down why a run ended without a decision about its challenger."""

from domain.ledger import ACTOR, LedgerRecord
from domain.ports import Services
from domain.run import HaltRecord, Recorded


def run_record_halt(services: Services, record: HaltRecord) -> Recorded:
    """Append the reason to the ledger, once per run."""
    entry = services.ledger.append(
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
    return Recorded(ledger=entry.sequence)
