"""The ``validate`` task: hold one large file against its contract, as the function app does with small ones.

1. Read the order (spec, upload) and download exactly the announced content.
2. Check it with the same engine and contract as the app.
3. Write the report, marked as made by a job, where the order's run will look for it.
"""

import argparse
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.dataset import PartReport, ValidationOrder
from nightshift.training.jobs.blobs import JobBlobs
from nightshift.training.jobs.process import outages_named, prepare_process

logger = logging.getLogger(__name__)

# The job's cluster has room that the function app has not.
MEMORY_LIMIT_MEGABYTES = 4096


def validate(order_url: str, report_url: str, environ: Mapping[str, str] = os.environ) -> PartReport:
    """Run the task and return the report that was written; a repeat overwrites it with the same.

    Raises:
        BadInputError: the order is malformed, or the upload's format is not one of the spec's.
        BlobMissingError, BlobChangedError: the upload is gone.
    """
    from nightshift.validation.check import check_file

    blobs = JobBlobs.for_url(order_url, environ)
    try:
        order = _read_order(order_url, blobs)
        file_format = order.upload.suffix
        if file_format not in order.spec.source.formats:
            raise BadInputError(
                field="upload", value=order.upload.name, rule=f"must end in {', '.join(order.spec.source.formats)}"
            )
        with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
            path = Path(folder) / f"upload.{file_format}"
            content = blobs.download(order.upload.blob, path)
            report = check_file(
                path,
                file_format,
                order.spec.contract,
                uploaded_at=order.upload.event_time,
                last_newest=order.last_newest,
                memory_limit_megabytes=MEMORY_LIMIT_MEGABYTES,
                threads=os.cpu_count() or 2,
                spill_directory=Path(folder),
            ).model_copy(update={"engine": "job"})
        part = PartReport(upload=order.upload, digest=content, report=report)
        blobs.write(blobs.locate(report_url), part.model_dump_json().encode(), content_type="application/json")
    finally:
        blobs.close()
    logger.info(
        "validate_finished model=%s upload=%s rows=%d violations=%d",
        order.spec.name,
        order.upload.identity,
        report.rows,
        len(report.violations),
    )
    return part


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the task; a file that breaks the contract is a report, an exception is the task's failure."""
    parser = argparse.ArgumentParser(prog="validate", description="Validate one uploaded file.")
    parser.add_argument("--order", required=True, help="address of the validation order blob")
    parser.add_argument("--report", required=True, help="address to write the report to")
    values = parser.parse_args(arguments)
    prepare_process()
    with outages_named():
        validate(values.order, values.report)


def _read_order(url: str, blobs: JobBlobs) -> ValidationOrder:
    data = blobs.read(blobs.locate(url))
    try:
        return ValidationOrder.from_json(data.decode())
    except ValueError as error:
        raise BadInputError(field="order", value=url, rule=f"not a validation order: {error}") from error


if __name__ == "__main__":
    main()
