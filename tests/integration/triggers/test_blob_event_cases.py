"""Renames, markers, hidden files and events as clients of all kinds send them, through the handlers of the app."""

import json
from pathlib import Path

import pytest

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.triggers.blob_events import DIRECTORY_RENAMED
from tests.integration.triggers.blob_events_app import AT, App

CASES = Path(__file__).parents[2] / "data" / "cases" / "events"


# The queue's message of each file, and what becomes of it: the upload's name below the model's folder; "" for what is
# no upload; or the field that is reported to on-call. "dead": put aside as a dead letter, with the reason.
VERDICTS: dict[str, tuple[str, str]] = {
    "v01_create_file_empty": ("passed over", ""),
    "v02_flush_with_close": ("upload", "v02.csv"),
    "v03_sftp_commit": ("upload", "v03.csv"),
    "v04_renamed": ("upload", "v04.csv"),
    "v05_cloudevent": ("dead", "eventTime"),
    "v06_array": ("dead", "list"),
    "v07_content_length_string": ("told", "data.contentLength"),
    "v08_no_etag": ("told", "data.eTag"),
    "v09_subject_percent_encoded": ("upload", "my%20filev09.csv"),
    "v10_emoji_lost_in_subject": ("upload", "tasklog_14\U0001f48e.csv"),
    "v11_null_dataVersion": ("upload", "v11.csv"),
    "v12_no_dataVersion": ("dead", "dataVersion"),
    "v13_deleted": ("passed over", ""),
    "v14_append_blob": ("upload", "v14.csv"),
    "v15_directory": ("passed over", ""),
    "v16_event_time_far_past": ("upload", "v16.csv"),
    "v17_event_time_ends_in_offset": ("upload", "v17.csv"),
    "v18_content_length_float": ("told", "data.contentLength"),
    "v19_boolean_length": ("told", "data.contentLength"),
    "v20_name_1024": ("upload", "x" * 993 + ".csv"),
}


def test_each_file_of_the_cases_has_a_verdict() -> None:
    """A new file needs a line above."""
    assert sorted(VERDICTS) == sorted(path.stem for path in CASES.glob("*.json"))


@pytest.mark.parametrize("name", sorted(VERDICTS))
async def test_a_case_becomes_what_its_line_says(app: App, name: str) -> None:
    """Documented events, events of clients of all kinds, and damaged ones."""
    kind, what = VERDICTS[name]
    app.put(f"{app.model}/v04.csv")
    body = (CASES / f"{name}.json").read_text(encoding="utf-8").replace("/canary/", f"/{app.model}/").encode()
    await app.queue(body)
    assert [what in dead_letter.reason for dead_letter in app.letters] == ([True] if kind == "dead" else [])
    names = [upload.name for upload in app.waiting()]
    if kind == "upload" and name == "v20_name_1024":
        assert [len(item.partition("/")[2]) for item in names] == [
            len(json.loads(body)["subject"].split(app.model)[1]) - 1
        ]
    else:
        assert names == ([f"{app.model}/{what}"] if kind == "upload" else [])
    assert [what in alert.detail for alert in app.alerts.sent] == ([True] if kind == "told" else [])


async def test_a_renamed_file_is_an_upload_of_what_is_there_now(app: App) -> None:
    """Its etag and size are those of the blob; three deliveries are one upload."""
    etag = app.put(f"{app.model}/in/a b.csv", b"a,b,c")
    for _ in range(3):
        await app.push(app.renamed(f"{app.model}/in/a b.csv", f"{app.model}/_tmp/a b.csv"))
    [upload] = app.waiting()
    assert (upload.name, upload.etag, upload.size) == (f"{app.model}/in/a b.csv", etag, 5)
    assert upload.event_time == AT
    assert app.blobs.read(upload.blob) == b"a,b,c"
    assert len(app.started) == 1


async def test_a_renamed_folder_is_an_upload_of_each_of_its_files(app: App) -> None:
    """What a committer of Hadoop leaves: its markers and hidden files are passed over, its neighbours untouched."""
    names = ["out/part-0.csv", "out/sub/part-1.csv", "out/_SUCCESS", "out/.part-0.csv.crc", "out2/part-2.csv"]
    for name in names:
        app.put(f"{app.model}/{name}")
    event = app.renamed(f"{app.model}/out", f"{app.model}/_temporary/0", eventType=DIRECTORY_RENAMED)
    await app.queue(json.dumps(event).encode())
    assert [upload.name for upload in app.waiting()] == [f"{app.model}/{name}" for name in names[:2]]
    assert len(app.started) == 1


async def test_a_renamed_folder_is_whole_before_its_queue_runs(app: App) -> None:
    """So that its parts are trained on together; a delivery that broke off before goes on with the rest."""
    for number in range(3):
        app.put(f"{app.model}/out/{number}.csv")
    event = app.renamed(f"{app.model}/out", eventType=DIRECTORY_RENAMED)
    app.client.failing = 1
    with pytest.raises(ServiceUnavailableError):
        await app.push(event)
    app.put(f"{app.model}/out/3.csv")
    await app.push(event)
    assert [upload.name[-5:] for upload in app.waiting()] == ["0.csv", "1.csv", "2.csv", "3.csv"]
    assert app.started == [f"queue-{app.model}-1"]


async def test_a_folder_of_too_many_files_is_reported(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is more likely a mistake than as many uploads."""
    monkeypatch.setattr("nightshift.triggers.blob_events.MOST_FILES", 2)
    for number in range(3):
        app.put(f"{app.model}/out/{number}.csv")
    await app.push(app.renamed(f"{app.model}/out", eventType=DIRECTORY_RENAMED))
    assert app.waiting() == ()
    assert "data.destinationUrl" in app.alerts.sent[0].detail


@pytest.mark.parametrize(
    ("after", "before", "said"),
    [
        ("archive/a.csv", "{}/a.csv", "out of the folder of {}"),
        ("{}/.done/a.csv", "{}/a.csv", "a part of its path begins with _ or ."),
        ("{}/a.csv.tmp", "{}/a.csv", "before it is whole"),
        ("{}/gone.csv", "elsewhere/a.csv", "nothing is there any more"),
        ("{}/gon", "elsewhere/a.csv", "nothing is there any more"),
    ],
)
async def test_a_rename_out_of_the_uploads_starts_nothing(
    app: App, caplog: pytest.LogCaptureFixture, after: str, before: str, said: str
) -> None:
    """One line in the log says why."""
    caplog.set_level("INFO")
    app.put(f"{app.model}/gone2.csv")
    await app.push(app.renamed(after.format(app.model), before.format(app.model)))
    assert (app.started, app.alerts.sent) == ([], [])
    assert [said.format(app.model) in line for line in caplog.messages if "upload_passed_over" in line] == [True]


async def test_a_rename_into_a_folder_of_no_model_has_a_run_that_says_so(app: App) -> None:
    """A typo is not passed over: its run halts with the reason."""
    app.put(f"{app.model}x/a.csv")
    await app.push(app.renamed(f"{app.model}x/a.csv", "incoming/a.csv"))
    assert [name.rpartition("-")[0] for name in app.started] == [f"queue-{app.model}x"]


async def test_a_spark_folder_starts_a_run_for_its_data_alone(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """One line in the log for each marker, no notice, and one upload for each part."""
    caplog.set_level("INFO")
    markers = ["_started_1", "_committed_1", "_SUCCESS", ".part-0.csv.crc", "_temporary/0/part-0.csv", "~$lock.csv"]
    for name in [
        *markers,
        ".DS_Store",
        "part-0.csv",
        "Thumbs.db",
        "a.csv.tmp",
        "a.csv._COPYING_",
        "year=2024/p.parquet",
    ]:
        await app.push(app.event(f"out/{name}"))
    assert [upload.name.partition("/out/")[2] for upload in app.waiting()] == ["part-0.csv", "year=2024/p.parquet"]
    assert app.alerts.sent == []
    assert len([line for line in caplog.messages if line.startswith("upload_passed_over")]) == 10


@pytest.mark.parametrize(("name", "size", "uploads"), [("out", 0, 0), ("out/", 0, 0), ("a.csv", 0, 1), ("out", 9, 1)])
async def test_an_empty_blob_without_an_extension_marks_a_folder(app: App, name: str, size: int, uploads: int) -> None:
    """An empty file with one is an upload, whose run says that it is empty."""
    data = {"url": "u", "eTag": "0x1", "contentLength": size}
    await app.push(app.event(name, data=data))
    assert len(app.waiting()) == uploads


@pytest.mark.parametrize(
    ("subject", "address", "taken"),
    [
        ("a b.csv", "a%20b.csv", "a b.csv"),
        ("a%20b.csv", "a%20b.csv", "a%20b.csv"),
        ("a%20b.csv", "a%2520b.csv", "a%20b.csv"),
        ("a?b#c.csv", "a?b#c.csv", "a?b#c.csv"),
        ("x\ufffd\ufffd.csv", "x%F0%9F%92%8E.csv", "x\U0001f48e.csv"),
        ("x??.csv", "x%F0%9F%92%8E.csv", "x\U0001f48e.csv"),
        ("x\U0001f48e.csv", "x%EF%BF%BD.csv", "x\U0001f48e.csv"),
    ],
)
async def test_where_subject_and_address_differ_the_address_is_taken(
    app: App, caplog: pytest.LogCaptureFixture, subject: str, address: str, taken: str
) -> None:
    """And the log says both; unless it is the address that was damaged."""
    data = {"url": f"https://acc.blob.core.windows.net/bronze/{app.model}/{address}", "eTag": "1", "contentLength": 1}
    await app.push(app.event(subject, data=data))
    assert [upload.name for upload in app.waiting()] == [f"{app.model}/{taken}"]
    assert ("event_subject_differs" in caplog.text) is (taken != subject)
