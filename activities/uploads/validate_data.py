"""Hold every upload of a run against the contract of its model, and write down what may be trained on."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from nightshift.domain.lifecycle.run import Oversize, Validated, ValidateRequest, ValidationOrderRef
from nightshift.domain.platform.errors import (
    BlobChangedError,
    BlobMissingError,
    UnknownModelError,
)
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.loading import importing
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.platform.step import JobSettings
from nightshift.domain.uploads.contract import ContractReport, ContractViolationError, Violation
from nightshift.domain.uploads.dataset import DatasetManifest, DatasetPart, PartReport, ValidationOrder
from nightshift.domain.uploads.upload import BlobRef, Upload
from nightshift.services.lifecycle.run_files import RunFiles
from nightshift.services.platform.activity import activity
from nightshift.services.uploads.archive import kept_content

# What travels through history is a summary; the reports in blob storage are complete.
_VIOLATIONS_IN_HISTORY = 20
_MEGABYTE = 1024 * 1024


@activity("validate_data")
def validate_data(services: Services, request: ValidateRequest) -> Validated | Oversize:
    """Validate the uploads of a run.

    An upload that breaks its contract is left out and reported; the run halts only if no upload is left.

    Returns:
        The reports and the manifest of the dataset; or the orders for files that a Databricks job must validate first.

    Raises:
        UnknownModelError: there is no such model.
        ContractViolationError: no upload is left.
    """
    if request.model not in services.specs.names():
        upload = request.uploads[0]
        raise UnknownModelError(upload.folder or request.model, services.specs.names(), where=upload.name)
    spec = services.specs.get(request.model)
    last_newest = services.datasets.last_newest(request.model, before_run=request.run)
    oversize = [
        upload
        for upload in request.uploads
        if upload.size > spec.source.max_inline_megabytes * _MEGABYTE
        and upload.suffix in spec.source.formats
        and upload.identity not in request.job_reports
    ]
    if oversize:
        orders = tuple(_order(services, request, spec, upload, last_newest) for upload in oversize)
        return Oversize(oversize=orders, job=_job(spec))

    parts: list[PartReport] = []
    for upload in request.uploads:
        parts.append(
            _without_duplicates(services, request.run, _report(services, request, spec, upload, last_newest), parts)
        )
    reports = RunFiles(services.blobs, request.run).write_reports(parts)
    passed = [part for part in parts if part.report.passed]
    if not passed:
        raise _broken(parts)
    return Validated(
        parts=tuple(_shortened(part) for part in parts),
        reports=reports,
        manifest=_manifest(services, request.run, spec, passed),
        job=_job(spec),
        refused=tuple(part.upload.name for part in parts if not part.report.passed),
    )


def _order(
    services: Services, request: ValidateRequest, spec: ModelSpec, upload: Upload, last_newest: str | None
) -> ValidationOrderRef:
    files = RunFiles(services.blobs, request.run)
    return ValidationOrderRef(
        identity=upload.identity,
        order=files.write_validation_order(ValidationOrder(spec=spec, upload=upload, last_newest=last_newest)),
        report=files.validation_report(upload.identity),
    )


def _report(
    services: Services, request: ValidateRequest, spec: ModelSpec, upload: Upload, last_newest: str | None
) -> PartReport:
    if upload.identity in request.job_reports:
        return PartReport.from_json(services.blobs.read(request.job_reports[upload.identity]))
    if upload.suffix not in spec.source.formats:
        expected = " or ".join(f".{item}" for item in spec.source.formats)
        message = f"the file is called {upload.name!r}: its ending must be {expected}"
        return _unread(upload, Violation(rule="format", message=message))

    with importing("duckdb"):
        from nightshift.validation.check import check_file

    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        path = Path(folder) / f"upload.{upload.suffix}"
        try:
            content = services.blobs.download(upload.blob, path)
        except (BlobMissingError, BlobChangedError) as error:
            return _unread(upload, Violation(rule="blob", message=error.message))
        report = check_file(
            path,
            "parquet" if upload.suffix == "parquet" else "csv",
            spec.contract,
            uploaded_at=upload.event_time,
            # A file that is trained on again is as old as it was.
            last_newest=None if upload.again else last_newest,
            spill_directory=Path(folder),
        )
        if report.passed and not upload.again:
            # By its digest: whatever happens to the upload while the run goes on, this is what is trained on.
            metadata = services.blobs.metadata(upload.blob)
            services.blobs.upload(kept_content(request.model, content, upload.suffix), path, metadata=metadata)
    return PartReport(upload=upload, digest=content, report=report)


def _unread(upload: Upload, violation: Violation) -> PartReport:
    return PartReport(upload=upload, digest=None, report=ContractReport(rows=0, violations=(violation,), engine="none"))


def _without_duplicates(services: Services, run: str, part: PartReport, before: Iterable[PartReport]) -> PartReport:
    """Add a violation if this content has been decided on already, or came earlier in the same batch."""
    if part.digest is None:
        return part
    message = ""
    earlier = None if part.upload.again else services.datasets.find(part.upload.model, part.digest)
    if earlier is not None and earlier.run != run:
        when = earlier.accepted_at.isoformat(timespec="seconds")
        message = f"the same content was uploaded as {earlier.upload.name!r} and decided on by {earlier.run} at {when}"
    elif any(other.digest == part.digest for other in before):
        message = "the same content is already in this run"
    if not message:
        return part
    violation = Violation(rule="duplicate_upload", message=message, examples=(f"sha256 {part.digest}",))
    violations = (*part.report.violations, violation)
    return part.model_copy(update={"report": part.report.model_copy(update={"violations": violations})})


def _shortened(part: PartReport) -> PartReport:
    violations = part.report.violations[:_VIOLATIONS_IN_HISTORY]
    return part.model_copy(update={"report": part.report.model_copy(update={"violations": violations, "columns": ()})})


def _broken(parts: Sequence[PartReport]) -> ContractViolationError:
    with importing("nightshift.validation.summary"):
        from nightshift.validation.summary import summary

    rules = sorted({violation.rule for part in parts for violation in part.report.violations})
    text = "\n".join(f"{part.upload.name}: {summary(part.report)}" for part in parts)
    return ContractViolationError(text[:4_000], rules)


def _manifest(services: Services, run: str, spec: ModelSpec, passed: Sequence[PartReport]) -> BlobRef:
    parts = tuple(
        DatasetPart(
            # A file that a job validated stays where it was uploaded; its ETag holds it to that content.
            blob=part.upload.blob
            if part.report.engine == "job"
            else kept_content(spec.name, part.digest or "", part.upload.suffix),
            format="parquet" if part.upload.suffix == "parquet" else "csv",
            digest=part.digest or "",
            rows=part.report.rows,
        )
        for part in passed
    )
    manifest = DatasetManifest(
        lifecycle_run=run,
        spec=spec,
        parts=parts,
        digest=digest([part.digest for part in parts]),
        source=services.blobs.metadata(passed[-1].upload.blob).get("data_source", "unstated"),
    )
    return RunFiles(services.blobs, run).write_manifest(manifest)


def _job(spec: ModelSpec) -> JobSettings:
    return JobSettings(
        job=spec.job.name,
        max_attempts=spec.job.max_attempts,
        retry_seconds=spec.job.retry_seconds,
        polling=spec.job.polling,
    )
