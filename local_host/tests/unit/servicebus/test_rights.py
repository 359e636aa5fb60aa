"""Who may do what on which queue, from a table of role assignments."""

from pathlib import Path

import pytest

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.definitions import DefinitionError, QueueDefinition
from local_host.servicebus.management import Management
from local_host.servicebus.requests import Request
from local_host.servicebus.rights import OWNER, Claims, Right, read_grants

from .conftest import Workbench

QUEUES = tuple(QueueDefinition(name=name) for name in ("model-alerts", "drift-alerts", "blob-events"))
TOKEN = "SharedAccessSignature sr=sb%3A%2F%2Flocalhost&sig=abc&se=1&skn={}"


def _file(folder: Path, *rows: str) -> Path:
    file = folder / "roles.yml"
    file.write_text("azure:\n" + "".join(f"  - {row}\n" for row in rows), encoding="utf-8")
    return file


def _claims(file: Path, identity: str) -> Claims:
    claims = Claims(read_grants(file, QUEUES))
    claims.sign_in(TOKEN.format(identity))
    return claims


def test_a_role_gives_its_right_on_its_scope_and_no_other(tmp_path: Path) -> None:
    """Sender sends, Receiver listens; what is refused names right, queue and identity."""
    file = _file(
        tmp_path,
        "{who: app, role: Azure Service Bus Data Receiver, scope: queues}",
        "{who: app, role: Azure Service Bus Data Sender, scope: alert_queues}",
        "{who: [events, other], role: Azure Service Bus Data Sender, scope: [blob_events_queue]}",
        "{who: app, role: Storage Blob Data Owner, scope: bronze}",
    )
    app = _claims(file, "app")
    for queue in ("model-alerts", "Drift-Alerts", "blob-events"):
        app.require(queue, "Listen")
    app.require("model-alerts", "Send")
    with pytest.raises(AmqpError, match=r"'Send' claim\(s\) are required .*'blob-events', identity: 'app'") as refused:
        app.require("blob-events", "Send")
    assert refused.value.condition == "amqp:unauthorized-access"
    _claims(file, "events").require("blob-events", "Send")
    with pytest.raises(AmqpError):
        _claims(file, "other").require("blob-events", "Listen")


def test_who_is_in_no_row_may_do_nothing(tmp_path: Path) -> None:
    """So may who has put no token; the owner of the machine may do everything."""
    file = _file(tmp_path, "{who: app, role: Azure Service Bus Data Owner, scope: queues}")
    _claims(file, "app").require("model-alerts", "Send")
    for claims in (_claims(file, "stranger"), Claims(read_grants(file, QUEUES))):
        with pytest.raises(AmqpError):
            claims.require("model-alerts", "Listen")
    _claims(file, OWNER).require("blob-events", "Send")
    Claims().require("blob-events", "Send")


@pytest.mark.parametrize(
    ("operation", "right"),
    [("peek-message", "Listen"), ("renew-lock", "Listen"), ("update-disposition", "Listen")],
)
def test_management_needs_the_right_of_its_operation(bench: Workbench, operation: str, right: Right) -> None:
    """A link to a queue's management may be had by anybody; what it asks for may not."""
    request = Request({"operation": f"com.microsoft:{operation}"}, {})
    refused = Management(bench.queue, Claims({})).answer(request).properties
    assert (int(refused["statusCode"]), str(refused["errorCondition"])) == (401, "amqp:unauthorized-access")
    assert f"'{right}' claim" in refused["statusDescription"]
    entitled = Claims({"": frozenset({("q", right)})})
    assert int(Management(bench.queue, entitled).answer(request).properties["statusCode"]) == 400


@pytest.mark.parametrize("scope", ["namespace", "order_queue", "cost_queues"])
def test_a_scope_that_names_no_queue_is_refused(tmp_path: Path, scope: str) -> None:
    """A row that is not understood would be a right less than in Azure, or one more."""
    file = _file(tmp_path, f"{{who: app, role: Azure Service Bus Data Sender, scope: {scope}}}")
    with pytest.raises(DefinitionError, match=f"scope '{scope}': names no queue; these are model-alerts"):
        read_grants(file, QUEUES)


@pytest.mark.parametrize("text", ["azure: 1", "[", "- 1"])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    """And one that is not there."""
    file = tmp_path / "roles.yml"
    file.write_text(text, encoding="utf-8")
    for path in (file, tmp_path / "none.yml"):
        with pytest.raises(DefinitionError, match="cannot be read|must hold a list"):
            read_grants(path, QUEUES)
