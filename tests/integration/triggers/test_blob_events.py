"""BlobCreated events through the handlers that the app registers, into the upload queue on real Table storage."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableServiceClient
from azure.durable_functions import OrchestrationRuntimeStatus as Status
from azure.storage.blob import BlobServiceClient

from clients.blob_storage import AzureBlobStore
from clients.upload_queue import TableUploadQueue
from domain.alert import AlertMessage
from domain.errors import BadInputError, ServiceUnavailableError
from domain.names import BRONZE, MODEL_QUEUE
from domain.ports import Services
from domain.upload import BlobRef, Upload
from triggers.blob_events import BLOB_CREATED, BLOB_RENAMED, DIRECTORY_RENAMED, blueprint

CASES = Path(__file__).parents[2] / "data" / "cases" / "events"
Handler = Callable[..., Awaitable[None]]
AT = datetime(2026, 1, 1, tzinfo=UTC)


class AlertsInMemory:
    """An AlertQueues that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[AlertMessage] = []

    def send(self, alert: AlertMessage) -> None:
        """Keep an alert."""
        self.sent.append(alert)


class Orchestrations:
    """A durable client that keeps what is started, once per instance, and can fail.

    Attributes:
        failing: how many starts fail before one is made.
    """

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.failing = 0

    async def get_status(self, instance: str) -> Any:
        """What was started runs."""
        return SimpleNamespace(runtime_status=Status.Running if instance in self.started else None)

    async def start_new(self, name: str, instance: str, given: Any) -> str:
        """Start an instance."""
        if self.failing:
            self.failing -= 1
            raise ServiceUnavailableError("Durable", "503")
        assert name == MODEL_QUEUE
        self.started.setdefault(instance, given)
        return instance


class App:
    """Both handlers, over the queue of a model of the test's own."""

    def __init__(self, tables: TableServiceClient, blobs: BlobServiceClient, model: str) -> None:
        self.model = model
        self.blobs = AzureBlobStore(blobs)
        with suppress(ResourceExistsError):
            blobs.create_container(BRONZE)
        self.uploads, self.alerts, self.client = TableUploadQueue(tables), AlertsInMemory(), Orchestrations()
        services = SimpleNamespace(
            uploads=self.uploads,
            blobs=self.blobs,
            alert_queues=self.alerts,
            specs=SimpleNamespace(names=lambda: (model,)),
            clock=lambda: AT,
        )
        app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
        app.register_functions(blueprint(lambda: cast("Services", services)))
        # Around each the decorator of the durable client makes a client of the host's JSON.
        self._handlers = {
            function.get_function_name(): cast("Handler", inspect.unwrap(function.get_user_function()))
            for function in app.get_functions()
        }

    def event(self, name: str = "a.csv", etag: str = "0x1", **changes: Any) -> dict[str, Any]:
        """An event in the Event Grid schema."""
        blob = f"{self.model}/{name}"
        return {
            "id": "e1",
            "topic": "/subscriptions/s",
            "subject": f"/blobServices/default/containers/bronze/blobs/{blob}",
            "eventType": BLOB_CREATED,
            "eventTime": AT.isoformat(),
            "data": {"url": f"http://host/bronze/{blob}", "eTag": etag, "contentLength": 5},
            "dataVersion": "",
        } | changes

    def renamed(self, after: str, before: str = "elsewhere/x.csv", **changes: Any) -> dict[str, Any]:
        """A BlobRenamed event, which has neither etag nor size."""
        host = "https://acc.dfs.core.windows.net/bronze"
        data = {"api": "RenameFile", "destinationUrl": f"{host}/{after}", "sourceUrl": f"{host}/{before}"}
        subject = f"/blobServices/default/containers/bronze/blobs/{after}"
        return self.event() | {"eventType": BLOB_RENAMED, "subject": subject, "data": data} | changes

    def put(self, name: str, data: bytes = b"a,b") -> str:
        """Write a blob of the model's folder, as it is after a rename, and return its etag."""
        blob = self.blobs.write(BlobRef(container=BRONZE, name=name), data, content_type="text/csv")
        return str(self.blobs.listed(BRONZE, blob.name, most=1)[0].blob.etag)

    async def push(self, event: dict[str, Any]) -> None:
        """Event Grid pushes it."""
        moment = event["eventTime"]
        pushed = func.EventGridEvent(
            id=event["id"],
            topic=event["topic"],
            subject=event["subject"],
            event_type=event["eventType"],
            event_time=None if moment is None else datetime.fromisoformat(moment),
            data_version=event["dataVersion"],
            data=event["data"],
        )
        await self._handlers["on_blob_created"](event=pushed, client=self.client)

    async def queue(self, body: bytes) -> None:
        """Service Bus delivers it."""
        message = SimpleNamespace(get_body=lambda: body, message_id="m1")
        await self._handlers["on_blob_message"](message=message, client=self.client)

    def waiting(self) -> tuple[Upload, ...]:
        """The uploads that the model's first run would take."""
        return self.uploads.claim(self.model, 1, 0).uploads

    @property
    def started(self) -> list[str]:
        """The instances that were started."""
        return list(self.client.started)


@pytest.fixture
def app(tables: TableServiceClient, blobs: BlobServiceClient, model: str) -> App:
    """The handlers."""
    return App(tables, blobs, model)


async def test_an_event_becomes_an_upload_and_its_queue_runs(app: App) -> None:
    """The content that the event announces, in the queue of the folder's model."""
    await app.push(app.event())
    [upload] = app.waiting()
    assert (upload.name, upload.etag, upload.size, upload.event_id) == (f"{app.model}/a.csv", '"0x1"', 5, "e1")
    assert app.started == [f"queue-{app.model}-1"]
    assert app.client.started[app.started[0]]["model"] == app.model
    assert app.alerts.sent == []


async def test_three_deliveries_are_one_upload(app: App) -> None:
    """One after the other, by both ways, and under other event ids: the content is the same."""
    await app.push(app.event())
    await app.queue(json.dumps(app.event()).encode())
    await app.push(app.event(id="e2"))
    assert (len(app.waiting()), len(app.started)) == (1, 1)


async def test_three_deliveries_at_once_are_one_upload(app: App) -> None:
    """Three instances of the app get the same event."""
    await asyncio.gather(*(app.push(app.event()) for _ in range(3)))
    assert (len(app.waiting()), len(app.started)) == (1, 1)


async def test_an_overwritten_blob_is_another_upload(app: App) -> None:
    """The name is the same, the content is not; both go into one batch, and one queue runs."""
    for etag in ("0x1", "0x2"):
        await app.push(app.event(etag=etag))
    assert [upload.etag for upload in app.waiting()] == ['"0x1"', '"0x2"']
    assert len(app.started) == 1


async def test_a_delivery_after_the_queue_could_not_be_started(app: App) -> None:
    """The upload is kept, the start failed: the delivery fails and comes again, and the queue runs on one upload."""
    app.client.failing = 1
    with pytest.raises(ServiceUnavailableError):
        await app.push(app.event())
    assert app.started == []
    await app.push(app.event())
    assert (len(app.waiting()), app.started) == (1, [f"queue-{app.model}-1"])


@pytest.mark.parametrize("container", ["silver", "evidence", "bronze2", "BRONZE"])
async def test_another_container_is_none_of_ours(app: App, container: str) -> None:
    """What the app itself writes starts nothing, and tells nobody."""
    subject = f"/blobServices/default/containers/{container}/blobs/{app.model}/a.csv"
    await app.push(app.event(subject=subject))
    assert (app.started, app.alerts.sent) == ([], [])


async def test_another_kind_of_event_is_none_of_ours(app: App) -> None:
    """A deletion starts nothing, however it looks."""
    await app.push(app.event(eventType="Microsoft.Storage.BlobDeleted", subject="/somewhere"))
    assert (app.started, app.alerts.sent) == ([], [])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": ""}, "subject = ''"),
        ({"subject": "/blobServices/default/containers/bronze"}, "subject = "),
        ({"subject": "/blobServices/default/containers/bronze/blobs/"}, "subject = "),
        ({"subject": "/blobServices/default/containers//blobs/a.csv"}, "subject = "),
        ({"subject": "/blobServices/default/containers/" + "x" * 20_000}, "subject = "),
        ({"data": {}}, "data.url = None"),
        ({"data": {"url": "u", "eTag": 7, "contentLength": 5}}, "data.eTag = 7"),
        ({"data": {"url": "u", "eTag": "0x1", "contentLength": "five"}}, "data.contentLength = 'five'"),
        ({"data": {"url": "u", "eTag": "0x1", "contentLength": True}}, "data.contentLength = True"),
        ({"data": []}, "data = '[]'"),
        ({"eventType": BLOB_RENAMED, "data": {"sourceUrl": "u"}}, "data.destinationUrl = None"),
        ({"eventTime": None}, "eventTime = None"),
    ],
)
async def test_an_event_that_cannot_be_read_is_told(app: App, changes: dict[str, Any], field: str) -> None:
    """It would be as wrong next time: taken from Event Grid, and told to on-call with the field and the rule."""
    for _ in range(3):
        await app.push(app.event(**changes))
    assert app.started == []
    assert len(app.alerts.sent) == 3
    assert len({alert.message_id for alert in app.alerts.sent}) == 1
    alert = app.alerts.sent[0]
    assert (alert.rule, alert.severity, alert.model) == ("blob_event_malformed", "warning", None)
    assert field in alert.detail


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[1]"])
async def test_a_message_that_is_no_event_goes_to_the_dead_letters(app: App, body: bytes) -> None:
    """The handler raises, so that Service Bus keeps the message with its reason; nothing is started."""
    with pytest.raises(BadInputError, match="must be one event in the Event Grid schema"):
        await app.queue(body)
    assert (app.started, app.alerts.sent) == ([], [])


async def test_a_blob_in_no_folder_has_a_run_of_its_own(app: App) -> None:
    """Nobody knows its model: it is not dropped, its run says what is wrong."""
    subject = f"/blobServices/default/containers/bronze/blobs/{app.model}.csv"
    await app.push(
        app.event(subject=subject, data={"url": f"http://host/{app.model}", "eTag": "1", "contentLength": 1})
    )
    assert (app.waiting(), [name.rpartition("-")[0] for name in app.started]) == ((), ["queue-unrouted"])


# The queue's message of each file, and what becomes of it: the upload's name below the model's folder; "" for what is
# no upload; or the field that is told to on-call. "dead": refused, so that Service Bus keeps it with the reason.
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
    if kind == "dead":
        with pytest.raises(BadInputError, match=what):
            await app.queue(body)
    else:
        await app.queue(body)
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


async def test_a_folder_of_too_many_files_is_told(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is more likely a mistake than as many uploads."""
    monkeypatch.setattr("triggers.blob_events.MOST_FILES", 2)
    for number in range(3):
        app.put(f"{app.model}/out/{number}.csv")
    await app.push(app.renamed(f"{app.model}/out", eventType=DIRECTORY_RENAMED))
    assert app.waiting() == ()
    assert "data.destinationUrl" in app.alerts.sent[0].detail


@pytest.mark.parametrize(
    ("after", "before", "said"),
    [
        ("archive/a.csv", "{}/a.csv", "it was taken out of the folder of {}"),
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
