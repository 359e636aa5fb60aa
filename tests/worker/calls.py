"""One call and more of each kind of trigger, with the payloads that the real extensions give."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.lifecycle.run import AlertRequest, ClaimRequest, PollRequest
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE
from nightshift.domain.response.alert import QUEUES, AlertMessage
from tests.worker.extension_history import text_of
from tests.worker.moment import START

MODEL = "revenue_forecast"
# What the test uploads, and what Event Grid says of it.
UPLOAD = "revenue_forecast/worker-check.csv"
UPLOADED = b"not,what,the,contract,asks,for\n"


@dataclass(frozen=True)
class Call:
    """A call, and whether it succeeds.

    Attributes:
        function: its name; that of a request is found by the host's order of routes, as a caller's would be.
        expected: the HTTP status; ``done``; or how the function's error begins.
        ignore: fields of the answer in which the package differs from the checkout.
    """

    kind: Literal["HTTP", "Service Bus", "dead letter", "Event Grid", "timer", "activity"]
    function: str
    data: list[Any]
    expected: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    label: str = ""


def _http(method: str, path: str, expected: int, **given: Any) -> Call:
    body = given.pop("body", None)
    claims = [{"typ": "preferred_username", "val": "worker-check"}]
    claims += [{"typ": "roles", "val": role} for role in ("Reader", "Reviewer", "Operator", "AlertWriter")]
    principal = base64.b64encode(json.dumps({"claims": claims}).encode()).decode()
    request = {
        "method": method,
        "url": f"https://nightshift.example/{path}",
        # The host gives the names of headers in small letters.
        "headers": {
            "host": "nightshift.example",
            "content-type": "application/json",
            "x-ms-client-principal": principal,
        },
        "query": given.pop("query", {}),
        "params": given.pop("params", {}),
        "body": None if body is None else ["bytes", base64.b64encode(json.dumps(body).encode()).decode()],
    }
    return Call("HTTP", "", ["http", request], str(expected), label=f"{method} /{path}", **given)


def _alert(name: str, **given: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "alert_id": f"worker-check/{name}",
        "category": "budget",
        "source": "worker-check",
        "rule": "monthly",
        "metric": "spend",
        "value": 1111.0,
        "baseline": 1000.0,
        "title": f"The check's alert {name}",
        "fired_at": START,
    }
    return AlertMessage(**fields | given).to_json()


def service_bus_metadata(message_id: str, *, dead: bool = False, count: int = 1) -> dict[str, Any]:
    """What the Service Bus extension tells beside a message's body: texts as strings, everything else as JSON."""
    properties = json.dumps({"source": "worker-check"})
    told = {
        "ApplicationProperties": ["json", properties],
        "UserProperties": ["json", properties],
        "MessageId": ["string", message_id],
        "ContentType": ["string", "application/json"],
        "DeliveryCount": ["json", str(count)],
        "LockToken": ["string", "0b3f7e0e-3c2b-4a9f-9a3c-2f6f0d7c9a11"],
        "EnqueuedTimeUtc": ["json", json.dumps(text_of(START))],
        "ExpiresAtUtc": ["json", json.dumps("9999-12-31T23:59:59.9999999Z")],
        "SequenceNumber": ["json", "42"],
        "EnqueuedSequenceNumber": ["json", "42"],
        "PartitionKey": ["string", ""],
        "sys": ["json", json.dumps({"MethodName": "on_message", "UtcNow": text_of(START), "RandGuid": "1"})],
    }
    if dead:
        told |= {
            "DeadLetterReason": ["string", "MaxDeliveryCountExceeded"],
            "DeadLetterErrorDescription": ["string", "Message could not be consumed after 10 delivery attempts."],
        }
    return told


def _bytes(content: bytes) -> list[Any]:
    return ["bytes", base64.b64encode(content).decode()]


def _json_bytes(document: Any) -> list[Any]:
    return _bytes(json.dumps(document).encode())


def blob_created(storage_url: str, event_id: str) -> dict[str, Any]:
    """A BlobCreated event as Event Grid sends it, with its seven digits."""
    return {
        "id": event_id,
        "topic": "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stdata",
        "subject": f"/blobServices/default/containers/bronze/blobs/{UPLOAD}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": text_of(START),
        "data": {
            "api": "PutBlob",
            "clientRequestId": "c",
            "requestId": "r",
            "eTag": "0x8DEADBEEF",
            "contentType": "text/csv",
            "contentLength": len(UPLOADED),
            "blobType": "BlockBlob",
            "url": f"{storage_url}/bronze/{UPLOAD}",
            "sequencer": "00000000000004420000000000028963",
            "storageDiagnostics": {"batchId": "b"},
        },
        "dataVersion": "",
        "metadataVersion": "1",
    }


def _timer(status: Mapping[str, str] | None, *, late: bool) -> list[Any]:
    return ["json", json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": late})]


def _activity(function: str, message: Message, kind: str, expected: str = "done") -> Call:
    # The Durable extension gives an activity's input as a string of JSON, newer ones as JSON.
    return Call("activity", function, [kind, json.dumps(message.to_json())], expected, label=f"input as {kind}")


def calls() -> Iterator[Call]:
    """The calls in their order: later ones read what earlier ones have done."""
    yield _http("GET", "api/health", 200, ignore=("version",))
    yield _http("GET", "api/health/ready", 200)
    yield _http("GET", "api/models", 200)
    yield _http("GET", f"api/models/{MODEL}", 200, params={"model": MODEL})
    yield _http("GET", "api/runs", 200, query={"limit": "5"})
    yield _http("GET", "api/openapi.json", 200, ignore=("version",))
    yield _http("GET", "static/page.css", 200, params={"file": "page.css"})
    yield _http("POST", "api/alerts", 202, body=_alert("over http"))
    yield _http("POST", "api/alerts", 400, body={"alert_id": "worker-check", "nonsense": True})
    harder = {"comment": "try harder"}
    for model, status in ((MODEL, 400), ("unheard_of", 404)):
        path = f"api/models/{model}/improvement"
        yield _http("POST", path, status, params={"model": model}, body=harder)

    budget, degradation = QUEUES["budget"].replace("-", "_"), QUEUES["degradation"].replace("-", "_")
    as_text = ["string", json.dumps(_alert("as text", rule="weekly"))]
    yield Call("Service Bus", f"on_{budget}", _json_bytes(_alert("as bytes")), "done", service_bus_metadata("m1"))
    yield Call("Service Bus", f"on_{budget}", as_text, "done", service_bus_metadata("m2"), label="body as string")
    blamed = _alert("rmse", category="degradation", model=MODEL, rule="rmse", metric="rmse", value=9.0, baseline=4.0)
    yield Call("Service Bus", f"on_{degradation}", _json_bytes(blamed), "done", service_bus_metadata("m3"))
    yield Call(
        "Service Bus", f"on_{budget}", _bytes(b"nobody understands this"), "done", service_bus_metadata("m4"),
        label="garbage",
    )  # fmt: skip
    for queue in (*QUEUES.values(), BLOB_EVENTS_QUEUE):
        dead = service_bus_metadata(f"dead-{queue}", dead=True, count=10)
        yield Call(
            "dead letter", f"on_dead_{queue.replace('-', '_')}", _bytes(b"nobody understands this"), "done", dead
        )

    event = blob_created("https://stdata.blob.core.windows.net", "event-1")
    yield Call("Event Grid", "on_blob_created", ["json", json.dumps(event)], "done")
    yield Call("Event Grid", "on_blob_created", ["json", json.dumps(event)], "done", label="again")
    queued = blob_created("https://stdata.blob.core.windows.net", "event-2")
    yield Call(
        "Service Bus", "on_blob_message", ["string", json.dumps(queued)], "done", service_bus_metadata("m5"),
        label="Event Grid over a queue",
    )  # fmt: skip

    ran = {"Last": text_of(START), "Next": text_of(START), "LastUpdated": text_of(START)}
    sweeps = ("orders", "owed_notifications", "queues", "responses", "reviews", "self")
    for sweep in (f"sweep_{name}" for name in sweeps):
        yield Call("timer", sweep, _timer(None, late=False), "done", label="ScheduleStatus null")
        yield Call("timer", sweep, _timer(ran, late=True), "done", label="past due")

    yield _activity("claim_uploads", ClaimRequest(model=MODEL, generation=1, claim=0), "string")
    yield _activity("claim_uploads", ClaimRequest(model=MODEL, generation=1, claim=0), "json")
    yield _activity("poll_job_status", PollRequest(model=MODEL, run="lifecycle-1", run_id=4242), "string")
    yield _activity("order_improvement", ImproveOrder(model=MODEL, by="worker-check", reason="why not"), "json")
    yield _activity("send_alert", _own_alert(), "string")
    broken = ["string", json.dumps({"model": MODEL})]
    yield Call("activity", "claim_uploads", broken, "ValidationError", label="a message without its fields")

    yield _http("GET", "api/incidents", 200)
    yield _http("GET", "api/dead-letters", 200)
    yield _http("GET", "", 200)
    yield _http("GET", "api/nothing/here", 404, params={"rest": "nothing/here"})


def _own_alert() -> AlertRequest:
    return AlertRequest(
        key="worker-check",
        model=MODEL,
        run="",
        rule="worker_check",
        severity="warning",
        title="The check's own alert",
        detail="it goes the way of every pipeline alert",
        at=START,
    )
