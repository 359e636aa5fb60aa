"""Assemble the app: every blueprint with the services it gets."""

import logging
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

import activities.registration
import orchestrators.registration
from triggers import (
    alert_ingest,
    alerts,
    blob_events,
    dead_letter_api,
    dead_letters,
    incident_api,
    job_webhook,
    queue_sweep,
    read_api,
)
from wiring.services import ServicesProvider


def create_app() -> df.DFApp:
    """Build the function app. Nothing is read or opened before the first call."""
    # The SDKs tell every request with all its headers at level INFO: in Azure that is paid for by the gigabyte.
    logging.getLogger("azure").setLevel(logging.WARNING)
    services = ServicesProvider(Path(__file__).resolve().parent.parent)
    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    app.register_functions(orchestrators.registration.blueprint())
    for part in (
        activities.registration,
        alert_ingest,
        alerts,
        blob_events,
        dead_letter_api,
        dead_letters,
        incident_api,
        job_webhook,
        queue_sweep,
        read_api,
    ):
        app.register_functions(part.blueprint(services))
    return app
