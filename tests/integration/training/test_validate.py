"""The validate task against real blob storage."""

from datetime import UTC, datetime

import pytest

from nightshift.domain.platform.errors import BadInputError, BlobChangedError
from nightshift.domain.uploads.dataset import PartReport, ValidationOrder
from nightshift.domain.uploads.upload import Upload
from nightshift.training.jobs.validate import validate
from tests.integration.training.workbench import Workbench, sales_spec, sales_table
from tests.support.refusals import refusal


def order(bench: Workbench, data: bytes, name: str = "sales/big.csv") -> str:
    """Upload a file and an order to validate it; return the order's address."""
    blob = bench.put(name, data)
    upload = Upload(
        url=bench.url(name),
        container=bench.container,
        name=name,
        etag=blob.etag or "",
        size=len(data),
        event_time=datetime(2024, 2, 1, tzinfo=UTC),
        event_id="e",
    )
    bench.put("order.json", ValidationOrder(spec=sales_spec(), upload=upload).model_dump_json().encode())
    return bench.url("order.json")


def test_a_good_file_gets_a_report_without_violations(bench: Workbench) -> None:
    """The report is where it was asked for, and says that a job made it."""
    validate(order(bench, sales_table().to_csv(index=False).encode()), bench.url("report.json"), bench.environ)
    report = PartReport.from_json(bench.get("report.json").decode()).report
    assert (report.rows, report.violations, report.engine) == (400, (), "job")


def test_a_bad_file_is_a_report_and_no_failure(bench: Workbench) -> None:
    """Violations are the task's result, not its error."""
    bad = sales_table().rename(columns={"temp": "temperature"})
    validate(order(bench, bad.to_csv(index=False).encode()), bench.url("report.json"), bench.environ)
    report = PartReport.from_json(bench.get("report.json").decode()).report
    assert {violation.rule for violation in report.violations} >= {"columns", "extra_columns"}


def test_a_file_overwritten_since_is_an_error(bench: Workbench) -> None:
    """Only the announced content is validated."""
    address = order(bench, sales_table().to_csv(index=False).encode())
    bench.put("sales/big.csv", b"other")
    with pytest.raises(BlobChangedError):
        validate(address, bench.url("report.json"), bench.environ)


def test_a_file_of_another_format_is_an_error(bench: Workbench) -> None:
    """The format is one of the spec's."""
    with refusal(BadInputError, "csv, parquet", field="upload", value="sales/big.xlsx"):
        validate(order(bench, b"x", "sales/big.xlsx"), bench.url("report.json"), bench.environ)


def test_what_is_no_order_is_an_error(bench: Workbench) -> None:
    """The address is named."""
    bench.put("order.json", b"{}")
    with pytest.raises(BadInputError, match="not a validation order"):
        validate(bench.url("order.json"), bench.url("report.json"), bench.environ)
