"""A challenger to decide about, and what a test decides, on real storage and a real registry."""

from typing import Any

from activities.lifecycle.decide_action import decide_and_act
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison, Verdict
from nightshift.domain.lifecycle.run import DecideRequest, DecideResult
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.names import CHAMPION
from nightshift.services.lifecycle.run_files import RunFiles
from tests.support.improving import Improving

Verdicts = tuple[Verdict, Verdict]
PROMOTE: Verdicts = ("better", "better")
REJECT: Verdicts = ("worse", "worse")
FLAG: Verdicts = ("better", "worse")


class Deciding(Improving):
    """A model with champion 1 and challenger 2, and what a test decides about it."""

    def request(self, verdicts: Verdicts, number: int = 1, **changes: Any) -> DecideRequest:
        """The order to decide on evidence with these verdicts on both tracked metrics."""
        metrics = [
            MetricComparison(name=name, tracked=True, champion=10, challenger=9, difference=None, verdict=verdict)
            for name, verdict in zip(("rmse", "mae"), verdicts, strict=True)
        ]
        evidence = Evidence.model_validate(
            {
                "model": self.model,
                "challenger_version": "2",
                "champion_version": "1",
                "rows": 200,
                "metrics": metrics,
                "score_run": "s1",
                "train_run": "t1",
                "evaluation_set_digest": "5" * 64,
                "predictions_digest": "6" * 64,
                "dataset_digest": "7" * 64,
                "data_source": "station 7",
                "policy_digest": self.spec.policy_digest,
                "spec_digest": self.spec.digest,
            }
            | changes
        )
        kept = RunFiles(self.services.blobs, self.lifecycle).write_evidence(number, evidence)
        return DecideRequest(model=self.model, run=self.lifecycle, manifest=self.manifest, evidence=kept, round=number)

    def act(self, request: DecideRequest, services: Any = None) -> DecideResult:
        """Decide, and act."""
        return decide_and_act(services or self.services, request)

    def entries(self, kind: str) -> list[LedgerEntry]:
        """The ledger's entries of a kind."""
        return [entry for entry in self.services.ledger.entries(self.model) if entry.kind == kind]

    @property
    def champion(self) -> str | None:
        """Who holds the alias."""
        return self.services.registry.version_of(self.model, CHAMPION)

    @property
    def reigns(self) -> list[tuple[str, str | None]]:
        """The moves of the alias history that were done, with the champion before."""
        return [(move.version, move.previous) for move in self.services.champions.moves(self.model)]

    def accepted(self, name: str) -> bool:
        """Whether the content of a file is remembered as decided on."""
        return self.services.datasets.find(self.model, digest([self.model, name])) is not None
