"""Write down why a run ended without a decision about its challenger."""

from nightshift.domain.ledger.ledger import ACTOR, LedgerRecord
from nightshift.domain.lifecycle.run import HaltRecord, Recorded
from nightshift.domain.platform.ports import Services


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
