"""Pagers of a test's own: real HTTP receivers that are away and come back, and the app's services that page them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from nightshift.clients.notifications.notifications import TableNotificationStore
from nightshift.domain.platform.ports import Services
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.support.loopback_server import Answering, LoopbackServer
from tests.support.owed_of import OwedOf
from tests.support.responder import Replaced

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 1, 3, tzinfo=UTC)
_NOBODY = "http://127.0.0.1:9"


class Pager:
    """A webhook that keeps what it takes; while it is away it answers 503.

    Attributes:
        tried: how many requests came, taken or not.
    """

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.tried = 0
        self.away = False
        self.refuses = ""
        pager = self

        class Handler(Answering):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                pager.tried += 1
                if pager.away or (pager.refuses and pager.refuses in body["message"]):
                    self.answer(503, b"", {})
                    return
                pager.taken.append(body)
                self.answer(200, b"", {})

        self._server = LoopbackServer(Handler)
        self.url = self._server.url.replace("http://", "json://")

    @property
    def messages(self) -> list[str]:
        """The bodies that it took."""
        return [body["message"] for body in self.taken]

    def close(self) -> None:
        """End it."""
        self._server.close()


class Night:
    """The app's services on real storage at a time of the test's own, with the addresses that it is given."""

    def __init__(self, storage: str, model: str, now: datetime, urls: str, **settings: str) -> None:
        environment = {
            "NIGHTSHIFT_STORAGE_CONNECTION_STRING": storage,
            "NIGHTSHIFT_SERVICEBUS": "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=n;SharedAccessKey=k;"
            "UseDevelopmentEmulator=true;",
            "NIGHTSHIFT_EVENTGRID_ENDPOINT": _NOBODY,
            "NIGHTSHIFT_PUBLIC_URL": "https://app.example/",
            "MLFLOW_TRACKING_URI": _NOBODY,
            "DATABRICKS_HOST": _NOBODY,
            "NIGHTSHIFT_NOTIFY_URLS": urls,
        }
        self.model, self.now = model, now
        self._lazy = LazyServices(read_settings(environment | settings, ROOT))
        store = cast("TableNotificationStore", self._lazy.notifications)
        own = OwedOf(store, lambda record: record.notification.model == model)
        self.services = cast("Services", Replaced(self._lazy, clock=lambda: self.now, notifications=own))

    def later(self, **span: float) -> None:
        """Some time passes."""
        self.now += timedelta(**span)


Make = Callable[..., Night]
