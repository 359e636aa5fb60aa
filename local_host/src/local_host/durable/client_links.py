"""Where the durable client's HTTP API is: its two addresses, the SDK client's binding, and an instance's links."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from local_host.durable.settings import DurableSettings

RPC_PATH = "/durabletask"
"""What only the SDK is told. In Azure it is on a port of its own that answers the machine itself alone."""

WEBHOOK_PATH = "/runtime/webhooks/durabletask"
"""What everybody else uses, with the extension's system key."""

DEVELOPMENT_KEY = "local-durabletask-extension-key"
"""The system key of this host. It is no secret: the host answers this machine only."""

_CONNECTION = "Storage"


def client_binding(base_url: str, settings: DurableSettings) -> str:
    """The JSON text of a durable client binding, for a host at `base_url` (as `http://127.0.0.1:7071`)."""
    origin = base_url.rstrip("/")
    start = f"{origin}{WEBHOOK_PATH}/orchestrators/{{functionName}}[/{{instanceId}}]"
    key = f"code={DEVELOPMENT_KEY}"
    return json.dumps(
        {
            "taskHubName": settings.hub_name,
            "creationUrls": {
                "createNewInstancePostUri": f"{start}?{key}",
                "createAndWaitOnNewInstancePostUri": f"{start}?timeout={{timeoutInSeconds}}"
                f"&pollingInterval={{intervalInSeconds}}&{key}",
            },
            "managementUrls": {
                "id": "INSTANCEID",
                **instance_links(origin, "INSTANCEID", settings),
                "rewindPostUri": _link(origin, "INSTANCEID", settings, "/rewind", "reason={text}&"),
            },
            "rpcBaseUrl": f"{origin}{RPC_PATH}/",
            "baseUrl": f"{origin}{WEBHOOK_PATH}",
            "requiredQueryStringParameters": key,
        }
    )


def instance_links(origin: str, instance_id: str, settings: DurableSettings) -> dict[str, str]:
    """An instance's links for the world outside, as the extension answers a start with."""

    def link(operation: str = "", query: str = "") -> str:
        return _link(origin, instance_id, settings, operation, query)

    return {
        "statusQueryGetUri": link(),
        "sendEventPostUri": link("/raiseEvent/{eventName}"),
        "terminatePostUri": link("/terminate", "reason={text}&"),
        "purgeHistoryDeleteUri": link(),
        "restartPostUri": link("/restart"),
        "suspendPostUri": link("/suspend", "reason={text}&"),
        "resumePostUri": link("/resume", "reason={text}&"),
    }


def _link(origin: str, instance_id: str, settings: DurableSettings, operation: str, query: str) -> str:
    suffix = f"{query}taskHub={settings.hub_name}&connection={_CONNECTION}&code={DEVELOPMENT_KEY}"
    return f"{origin}{WEBHOOK_PATH}/instances/{quote_plus(instance_id)}{operation}?{suffix}"
