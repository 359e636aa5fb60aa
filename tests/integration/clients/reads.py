"""What Table storage was asked for, and how many entities it sent."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure.core.pipeline.transport import RequestsTransport


class Reads(RequestsTransport):  # type: ignore[misc]  # azure-core exports its transports lazily
    """Counts the entities that Table storage has sent, and keeps the filters that make it look at others as well.

    A transport, because the client for tables leaves out policies that are given to it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.entities = 0
        self.scans: list[str] = []

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Keep a filter that is about more than one partition and a range of its keys; count the entities that come."""
        for asked in parse_qs(urlsplit(request.url).query).get("$filter", []):
            names = set(re.findall(r"(\w+) (?:eq|ne|gt|ge|lt|le) ", asked))
            first_behind = asked.startswith("PartitionKey gt ")
            if not (first_behind or "PartitionKey eq " in asked) or names - {"PartitionKey", "RowKey"}:
                self.scans.append(asked)
        response = super().send(request, **kwargs)
        if request.method == "GET" and response.status_code == 200:
            self.entities += response.body().count(b'"RowKey"')
        return response
