"""The files that a run leaves in blob storage: where each is, and how it is written and read."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter

from nightshift.domain.improvement.plan import PlanOrder
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import EVIDENCE, SILVER
from nightshift.domain.platform.ports import BlobStore
from nightshift.domain.uploads.dataset import DatasetManifest, PartReport, ValidationOrder
from nightshift.domain.uploads.upload import BlobRef

_PARTS = TypeAdapter(tuple[PartReport, ...])


@dataclass(frozen=True)
class RunFiles:
    """The files of one run; what a release has written, every later one reads.

    Attributes:
        run: of an improvement loop for its evidence and plans; its data is that of the lifecycle that validated.
    """

    blobs: BlobStore
    run: str

    def write_reports(self, parts: Iterable[PartReport]) -> BlobRef:
        """Keep the validation of every file, whole."""
        return self._write(self._at("validation.json"), json.dumps([part.to_json() for part in parts]))

    def reports(self) -> tuple[PartReport, ...]:
        """The validation of every file."""
        return _PARTS.validate_json(self.blobs.read(self._at("validation.json")), extra="ignore")

    def accepted(self) -> tuple[PartReport, ...]:
        """The files that kept their contract, and so are trained on."""
        return tuple(part for part in self.reports() if part.digest is not None and part.report.passed)

    def write_validation_order(self, order: ValidationOrder) -> BlobRef:
        """Keep the order to a job to validate one file."""
        return self._write(self._at(f"validation-{order.upload.identity}/order.json"), order)

    def validation_report(self, identity: str) -> BlobRef:
        """Where that job leaves its report."""
        return self._at(f"validation-{identity}/report.json")

    def write_manifest(self, manifest: DatasetManifest) -> BlobRef:
        """Keep what is trained on."""
        return self._write(self._manifest, manifest)

    def manifest(self) -> DatasetManifest:
        """What is trained on.

        Raises:
            BlobMissingError: the run has none, as an improvement loop, which takes its lifecycle's.
        """
        return manifest_at(self.blobs, self._manifest)

    def write_evidence(self, round_number: int, evidence: Evidence) -> BlobRef:
        """Keep the evidence of a round; 0 is the lifecycle's own."""
        return self._write(self._at(f"evidence-{round_number}.json"), evidence)

    def write_plan(self, round_number: int, order: PlanOrder) -> BlobRef:
        """Keep an order that is too long for a job's parameter."""
        return self._write(self._at(f"plan-{round_number}.json"), order)

    @property
    def _manifest(self) -> BlobRef:
        return BlobRef(container=SILVER, name=f"manifests/{self.run}.json")

    def _at(self, name: str) -> BlobRef:
        return BlobRef(container=EVIDENCE, name=f"runs/{self.run}/{name}")

    def _write(self, blob: BlobRef, content: Message | str) -> BlobRef:
        text = content if isinstance(content, str) else content.model_dump_json()
        return self.blobs.write(blob, text.encode(), content_type="application/json")


def manifest_at(blobs: BlobStore, blob: BlobRef) -> DatasetManifest:
    """The manifest that a message refers to."""
    return DatasetManifest.from_json(blobs.read(blob))


def evidence_at(blobs: BlobStore, blob: BlobRef) -> Evidence:
    """The evidence that a message refers to."""
    return Evidence.from_json(blobs.read(blob))
