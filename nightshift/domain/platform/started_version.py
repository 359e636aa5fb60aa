"""Which version of orchestrations a release starts, and how new one may be that it still runs (ADR 18)."""

import json


def started_version(host_json: str | bytes) -> int:
    """The first number of ``defaultVersion`` in a host.json; 0 if it names none: what it starts has no version.

    Raises:
        ValueError: it is no JSON, or names no version.
    """
    document = json.loads(host_json)
    default = document.get("extensions", {}).get("durableTask", {}).get("defaultVersion") or "0"
    return int(default.partition(".")[0])
