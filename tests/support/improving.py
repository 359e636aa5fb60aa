"""A rejected challenger and rounds of an improvement loop, on real storage and a real registry."""

import json
import tempfile
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import yaml
from mlflow import MlflowClient

from activities.improvement.critique_round import critique_round
from activities.improvement.plan_improvement import plan_improvement
from activities.lifecycle.decide_action import decide_and_act
from activities.lifecycle.evaluate_metrics import evaluate_metrics
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, Critique, Round
from nightshift.domain.improvement.messages import (
    CritiqueRequest,
    CritiqueResult,
    PlanImprovementRequest,
    PlanImprovementResult,
)
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.ledger.bodies import ImprovementOrder, record
from nightshift.domain.lifecycle.run import DecideRequest, DecideResult, EvaluateRequest, EvaluateResult, score_token
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.names import (
    BRONZE,
    COLUMN_CHALLENGER,
    COLUMN_CHAMPION,
    COLUMN_TRUTH,
    PREDICTIONS_ARTIFACT,
    SILVER,
    TAG_CHALLENGER_VERSION,
    TAG_CHAMPION_VERSION,
    TAG_EVALUATION_SET_DIGEST,
    TAG_SCORE_TOKEN,
    experiment,
)
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.uploads.contract import ColumnProfile, ContractReport
from nightshift.domain.uploads.dataset import DatasetManifest, DatasetPart, PartReport
from nightshift.domain.uploads.upload import BlobRef, Upload
from nightshift.services.lifecycle.run_files import RunFiles
from tests.support.responder import Replaced

ROOT = Path(__file__).resolve().parents[2]
ROWS, HOLDOUT = 480, "holdout-1"
# Standard deviations of errors around a truth whose own is 35: R2 is about 0.9, below its limit of 0.5, and 0.99.
CHAMPION_ERROR, BAD, GOOD = 10.0, 40.0, 3.0
DRIFT = {
    "drift.revenue": 0.6,
    "drift_p.revenue": 0.002,
    "drift.temp": 0.05,
    "drift_p.temp": 0.4,
    "drift_new.temp": 0.25,
    "training_seconds": 600 * 86_400.0,
}


class Improving:
    """One model whose challenger was rejected, and what a test does with it."""

    def __init__(self, services: Services, client: MlflowClient, model: str, **spec: Any) -> None:
        self.services = services
        self.model = model
        self.lifecycle = f"lifecycle-{model}-1"
        self.run = f"improvement-{model}-1"
        self.rounds: list[Round] = []
        self._client = client
        found = client.get_experiment_by_name(experiment(model))
        assert found is not None, "the fixture ``model`` has made it"
        self._experiment = found.experiment_id
        document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
        evaluation = document["evaluation"] | {"slices": [], "bootstrap": {"resamples": 300, "block_rows": 24}}
        spec["improvement"] = document["improvement"] | spec.get("improvement", {})
        self.spec = ModelSpec.model_validate(document | {"name": model, "evaluation": evaluation} | spec)
        self.manifest = self._data()
        self.score(0, BAD, run=self.lifecycle)
        self.start = self.evaluated(0, run=self.lifecycle)

    def replace(self, **ports: Any) -> None:
        """Put other implementations of ports in."""
        self.services = cast("Services", Replaced(self.services, **ports))

    def score(
        self,
        number: int,
        error: float,
        *,
        run: str = "",
        metrics: dict[str, float] | None = None,
        holdout: str = HOLDOUT,
        column: str = COLUMN_CHALLENGER,
        truth: float | None = None,
    ) -> None:
        """What the job of a round leaves in MLflow: predictions of both models, with normal errors."""
        generator = np.random.default_rng(7)
        known = 100 + 50 * np.sin(np.arange(ROWS) / 24 * 2 * np.pi) if truth is None else np.full(ROWS, truth)
        challenger = known + generator.normal(0, 1, ROWS) * error
        table = pd.DataFrame(
            {
                COLUMN_TRUTH: known,
                COLUMN_CHAMPION: known + generator.normal(0, CHAMPION_ERROR, ROWS),
                column: challenger,
            }
        )
        tags = {
            TAG_SCORE_TOKEN: score_token(run or self.run, number),
            TAG_CHALLENGER_VERSION: str(2 + number % 2),
            TAG_CHAMPION_VERSION: "1",
            TAG_EVALUATION_SET_DIGEST: holdout,
        }
        found = self._client.create_run(self._experiment, tags=tags).info.run_id
        for name, value in (DRIFT if metrics is None else metrics).items():
            self._client.log_metric(found, name, value)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(PREDICTIONS_ARTIFACT).name
            table.to_parquet(path, index=False)
            self._client.log_artifact(found, str(path), str(Path(PREDICTIONS_ARTIFACT).parent))
        self._client.set_terminated(found)

    def evaluate(self, number: int, *, run: str = "") -> EvaluateResult:
        """The evaluation of a round; a counted look unless it is the lifecycle's."""
        request = EvaluateRequest(
            model=self.model,
            run=run or self.run,
            manifest=self.manifest,
            round=number,
            counted=run != self.lifecycle,
        )
        return evaluate_metrics(self.services, request)

    def evaluated(self, number: int, *, run: str = "") -> BlobRef:
        """Where its evidence is."""
        return self.evaluate(number, run=run).evidence

    def plan(self, evidence: BlobRef | None = None, spent: Budget | None = None) -> PlanImprovementResult:
        """The next plan, from the evidence that started the loop unless given."""
        return plan_improvement(self.services, self.planning(evidence, spent))

    def planning(self, evidence: BlobRef | None = None, spent: Budget | None = None) -> PlanImprovementRequest:
        """The order for it."""
        return PlanImprovementRequest(
            model=self.model,
            run=self.run,
            manifest=self.manifest,
            evidence=evidence or self.start,
            rounds=tuple(self.rounds),
            spent=spent or Budget(job_runs=0, dbu=0, tokens=0),
        )

    def evaluate_round(self, result: EvaluateResult | None, *, error: str = "") -> CritiqueResult:
        """Add a round with this result, and judge it."""
        self.add(result, error=error)
        judged = self.judge(result)
        self.rounds[-1] = self.rounds[-1].model_copy(update={"criticism": judged.criticism})
        return judged

    def add(self, result: EvaluateResult | None, *, error: str = "") -> None:
        """Add a round with this result that nobody has judged."""
        number = len(self.rounds) + 1
        self.rounds.append(
            Round(
                number=number,
                plan=Plan(action=AdjustTrainingWindow(days=60 + number), rationale="r", expected_effect="e"),
                planned_by="rules",
                version=result.summary.challenger_version if result else None,
                metrics=result.summary.metrics if result else (),
                spent=Budget(job_runs=1, dbu=0.1, tokens=0),
                error=error,
            )
        )

    def judge(self, result: EvaluateResult | None) -> CritiqueResult:
        """Judge the last round."""
        return critique_round(self.services, self.critique(result))

    def critique(self, result: EvaluateResult | None) -> CritiqueRequest:
        """The order for it."""
        return CritiqueRequest(
            model=self.model,
            run=self.run,
            manifest=self.manifest,
            evidence=None if result is None else result.evidence,
            start=self.start,
            rounds=tuple(self.rounds),
            spent=Budget(job_runs=len(self.rounds), dbu=0.1 * len(self.rounds), tokens=0),
            look=0 if result is None else result.look,
        )

    def round(self, error: float, **scored: Any) -> tuple[EvaluateResult, Critique]:
        """A whole round whose challenger errs so much."""
        number = len(self.rounds) + 1
        self.score(number, error, **scored)
        result = self.evaluate(number)
        return result, self.evaluate_round(result).criticism

    def decide(self, evidence: BlobRef, number: int, *, run: str = "") -> DecideResult:
        """The gate; the loop names the run that has validated."""
        request = DecideRequest(
            model=self.model,
            run=run or self.run,
            manifest=self.manifest,
            evidence=evidence,
            round=number,
            validated_by="" if run else self.lifecycle,
        )
        return decide_and_act(self.services, request)

    def order(self, reason: str) -> None:
        """Let the run be one that a person has ordered, with these words, as ``order_improvement`` leaves it."""
        files = RunFiles(self.services.blobs, self.lifecycle)
        again = {"again": "improve-1", "improve": True}
        ordered = tuple(
            part.model_copy(update={"upload": part.upload.model_copy(update=again)}) for part in files.reports()
        )
        files.write_reports(ordered)
        uploads = tuple(part.upload for part in ordered)
        body = ImprovementOrder(
            reason=reason,
            improves=self.lifecycle,
            files=tuple(upload.name for upload in uploads),
            uploads=uploads,
        )
        self.services.ledger.append(
            record(
                body,
                key=f"improve:{self.lifecycle}",
                model=self.model,
                run=self.lifecycle,
                subject=f"model {self.model}",
                actor="user:a",
            )
        )

    def _data(self) -> BlobRef:
        """The manifest and the report of a validation that left one of two files out."""
        reports = (
            self._part("good.csv", ContractReport(rows=8_000, newest="2012-12-31T23:00:00", columns=_COLUMNS)),
            self._part("bad.csv", ContractReport.model_validate(_REFUSED)),
        )
        RunFiles(self.services.blobs, self.lifecycle).write_reports(reports)
        blob = BlobRef(container=BRONZE, name=f"{self.model}/good.csv")
        manifest = DatasetManifest(
            lifecycle_run=self.lifecycle,
            spec=self.spec,
            parts=(DatasetPart(blob=blob, format="csv", digest=str(reports[0].digest), rows=8_000),),
            digest=digest([self.model]),
            source="synthetic: a test",
        )
        return self.services.blobs.write(
            BlobRef(container=SILVER, name=f"{self.model}/manifest.json"),
            manifest.model_dump_json().encode(),
            content_type="application/json",
        )

    def _part(self, name: str, report: ContractReport) -> PartReport:
        upload = Upload(
            url=f"http://host/bronze/{self.model}/{name}",
            container=BRONZE,
            name=f"{self.model}/{name}",
            etag='"1"',
            size=1,
            event_time=self.services.clock(),
            event_id=name,
        )
        return PartReport(upload=upload, digest=digest([self.model, name]), report=report)


def seen(asked: dict[str, Any]) -> dict[str, Any]:
    """The evidence in the question that a language model was asked."""
    _, _, after = asked["messages"][1]["content"].partition("<evidence>\n")
    found: dict[str, Any] = json.loads(after.partition("\n</evidence>")[0])
    return found


_COLUMNS = (ColumnProfile(name="temp", null_count=12), ColumnProfile(name="hum", null_count=0))
_REFUSED = {"rows": 10, "violations": [{"rule": "row_count", "message": "10 rows: at least 5000 are needed"}]}
