"""Bad input, end to end: a clear error in the run, an alert, nothing lost."""

import time
from pathlib import Path

import httpx
import pandas as pd
import pytest
from typer.testing import CliRunner

from nightshift.cli.app_client import AppRefusedError
from nightshift.cli.demo.data.source import REVENUE, SyntheticSource
from nightshift.cli.demo.data.uploads import table, upload
from nightshift.cli.main import app
from nightshift.domain.lifecycle.run import RunOutcome
from tests.e2e.conftest import RunningApp, good_file

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """Good rows for revenue_forecast."""
    return table(upload(REVENUE, "first"), SyntheticSource(1))


def _broken_rules(outcome: RunOutcome) -> set[str]:
    assert outcome.failure is not None
    return set(str(outcome.failure.fields["rules"]).split(", "))


def _refused(running: RunningApp, model: str, file: Path) -> RunOutcome:
    run = running.upload(model, file)
    outcome = running.outcome(run)
    assert len(running.incidents(run)) == 1
    return outcome


def test_an_unknown_model_halts_and_names_the_known_ones(running: RunningApp, tmp_path: Path) -> None:
    """A misspelt folder is a run that says so."""
    (tmp_path / "a.csv").write_text("a\n1\n", encoding="utf-8")
    outcome = _refused(running, "revenue_forcast", tmp_path / "a.csv")
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("halted", "unknown_model")
    assert "revenue_forecast" in outcome.reason


def test_the_command_refuses_an_unknown_model_before_it_uploads(running: RunningApp, tmp_path: Path) -> None:
    """A slip of the pen makes no run and no incident; the near miss is named."""
    (tmp_path / "a.csv").write_text("a\n1\n", encoding="utf-8")
    command = ["upload", "revenue_forecas", str(tmp_path / "a.csv"), "--state", str(running.state)]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, AppRefusedError)
    assert "did you mean 'revenue_forecast'?" in result.exception.message
    assert "uploaded" not in result.output


def test_the_command_says_at_once_what_cannot_be_improved(running: RunningApp) -> None:
    """Exit code 2, as for a wrong option: nothing was ordered."""
    command = ["improve", "canary", "--comment", "why not", "--state", str(running.state)]
    assert CliRunner().invoke(app, command).exit_code == 2


def test_an_empty_file(running: RunningApp, tmp_path: Path) -> None:
    """No byte at all."""
    (tmp_path / "a.csv").touch()
    assert "readable" in _broken_rules(_refused(running, REVENUE, tmp_path / "a.csv"))


def test_a_wrong_encoding(running: RunningApp, rows: pd.DataFrame, tmp_path: Path) -> None:
    """Latin-1 instead of UTF-8."""
    text = rows.rename(columns={"temp": "température"}).to_csv(index=False)
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    assert "encoding" in _broken_rules(_refused(running, REVENUE, tmp_path / "a.csv"))


def test_a_header_that_lies(running: RunningApp, rows: pd.DataFrame, tmp_path: Path) -> None:
    """The columns are there under other names."""
    rows.rename(columns={"temp": "hum", "hum": "temperature"}).to_csv(tmp_path / "a.csv", index=False)
    assert "columns" in _broken_rules(_refused(running, REVENUE, tmp_path / "a.csv"))


def test_a_parquet_without_rows(running: RunningApp, rows: pd.DataFrame, tmp_path: Path) -> None:
    """A schema alone is no data."""
    rows.head(0).to_parquet(tmp_path / "a.parquet", index=False)
    assert "row_count" in _broken_rules(_refused(running, REVENUE, tmp_path / "a.parquet"))


def test_a_truncated_parquet(running: RunningApp, rows: pd.DataFrame, tmp_path: Path) -> None:
    """An upload that broke off."""
    rows.to_parquet(tmp_path / "a.parquet", index=False)
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    assert "readable" in _broken_rules(_refused(running, REVENUE, tmp_path / "a.parquet"))


def test_an_unknown_ending(running: RunningApp, tmp_path: Path) -> None:
    """A spreadsheet is neither CSV nor Parquet."""
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    assert _broken_rules(_refused(running, REVENUE, tmp_path / "a.xlsx")) == {"format"}


def test_a_file_removed_between_event_and_read(running: RunningApp) -> None:
    """The event came, the blob is gone."""
    url = running.endpoints.storage_connection_string.partition("BlobEndpoint=")[2].partition(";")[0]
    event = {
        "id": "removed",
        "topic": "/local",
        "subject": "/blobServices/default/containers/bronze/blobs/revenue_forecast/gone.csv",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": "2026-01-01T00:00:00Z",
        "data": {"url": f"{url}/bronze/revenue_forecast/gone.csv", "eTag": "0x1", "contentLength": 5},
        "dataVersion": "",
        "metadataVersion": "1",
    }
    answer = httpx.post(
        f"{running.endpoints.app_url}/runtime/webhooks/eventgrid?functionName=on_blob_created",
        headers={"aeg-event-type": "Notification"},
        json=[event],
    )
    answer.raise_for_status()
    runs = [item for item in _eventually_runs(running) if "gone.csv" in item["reason"]]
    assert [(item["outcome"], "the blob is gone" in _reason(running, item["run"])) for item in runs] == [
        ("halted", True)
    ]


def _reason(running: RunningApp, run: str) -> str:
    return running.outcome(run).reason


def _eventually_runs(running: RunningApp) -> list[dict[str, str]]:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        runs: list[dict[str, str]] = running.app.get("runs", model=REVENUE, limit=200)["items"]
        if any("gone.csv" in item["reason"] for item in runs):
            return runs
        time.sleep(0.2)
    return []


def test_a_spec_with_a_misspelt_key(running: RunningApp, tmp_path: Path) -> None:
    """The run names file, field and rule; the other models go on."""
    (tmp_path / "a.csv").write_text("a\n1\n", encoding="utf-8")
    outcome = _refused(running, "misspelt", tmp_path / "a.csv")
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("halted", "bad_spec")
    assert outcome.reason.startswith("misspelt.yaml: evalution = ")


def test_a_job_that_does_not_exist(running: RunningApp, rows: pd.DataFrame, tmp_path: Path) -> None:
    """The data is good, but Databricks has no such job."""
    rows.to_csv(tmp_path / "a.csv", index=False)
    outcome = _refused(running, "jobless", tmp_path / "a.csv")
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("failed", "service_refused")
    assert "job = 'no-such-job': there is no job" in outcome.reason


def test_databricks_says_401(running: RunningApp, tmp_path: Path) -> None:
    """The app's identity is refused: no retry, a clear reason, what to do."""
    running.order_fault(kind="unauthorized", path="/api/2.2/jobs/run-now")
    outcome = _refused(running, REVENUE, good_file(tmp_path, 98))
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("failed", "service_refused")
    assert "Databricks refused: 401" in outcome.reason
    assert "add it as a service principal" in outcome.reason
