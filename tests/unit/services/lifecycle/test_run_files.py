"""The files of a run: where they are, and that a later release reads what an earlier or newer one wrote."""

import json
from typing import cast

import pytest

from nightshift.domain.platform.errors import BlobMissingError
from nightshift.domain.platform.ports import BlobStore
from nightshift.domain.uploads.contract import ContractReport, Violation
from nightshift.domain.uploads.dataset import PartReport
from nightshift.domain.uploads.upload import BlobRef
from nightshift.services.lifecycle.run_files import RunFiles
from tests.support.upload_examples import make_upload

RUN = "lifecycle-m-1"
PASSED = PartReport(upload=make_upload(), digest="1" * 64, report=ContractReport(rows=7))
REFUSED = PartReport(
    upload=make_upload(),
    digest="2" * 64,
    report=ContractReport(rows=0, violations=(Violation(rule="row_count", message="none"),)),
)


class _Blobs:
    """Blobs of one process."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    def read(self, blob: BlobRef) -> bytes:
        if (blob.container, blob.name) not in self.kept:
            raise BlobMissingError(f"{blob.container}/{blob.name}")
        return self.kept[blob.container, blob.name]

    def write(self, blob: BlobRef, data: bytes, *, content_type: str) -> BlobRef:
        assert content_type == "application/json"
        self.kept[blob.container, blob.name] = data
        return blob


@pytest.fixture
def blobs() -> _Blobs:
    """Empty."""
    return _Blobs()


@pytest.fixture
def files(blobs: _Blobs) -> RunFiles:
    """Of one run."""
    return RunFiles(cast("BlobStore", blobs), RUN)


def test_reports_are_read_as_they_were_written(files: RunFiles) -> None:
    """All of them; accepted is what kept its contract."""
    blob = files.write_reports((PASSED, REFUSED))
    assert (blob.container, blob.name) == ("evidence", f"runs/{RUN}/validation.json")
    assert (files.reports(), files.accepted()) == ((PASSED, REFUSED), (PASSED,))


def test_reports_of_a_newer_release_are_read(files: RunFiles, blobs: _Blobs) -> None:
    """After a rollback a field that this release does not know is left out, as in every stored record."""
    newer = PASSED.to_json() | {"new": 1, "report": PASSED.report.to_json() | {"also_new": 2}}
    blobs.kept["evidence", f"runs/{RUN}/validation.json"] = json.dumps([newer]).encode()
    assert files.reports() == (PASSED,)


def test_a_run_without_data_of_its_own_has_no_manifest(files: RunFiles) -> None:
    """As an improvement loop."""
    with pytest.raises(BlobMissingError, match=f"silver/manifests/{RUN}.json"):
        files.manifest()


def test_a_job_leaves_its_report_beside_its_order(files: RunFiles) -> None:
    """One folder for each file that is validated by a job."""
    report = files.validation_report("1234")
    assert (report.container, report.name) == ("evidence", f"runs/{RUN}/validation-1234/report.json")
