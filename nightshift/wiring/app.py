"""Assemble the app: every blueprint with the services it gets."""

import logging
import os
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

import activities.registration
import nightshift.pages.blueprint
import orchestrators.registration
from nightshift.triggers import (
    alert_ingest,
    alerts,
    blob_events,
    dead_letter_api,
    dead_letters,
    health_api,
    housekeeping_sweep,
    improve_api,
    incident_api,
    ledger_api,
    model_api,
    openapi_api,
    orchestration_api,
    order_sweep,
    owed_sweep,
    queue_sweep,
    response_sweep,
    review_api,
    review_sweep,
    run_api,
    self_sweep,
)
from nightshift.triggers.api.guard import guarded
from nightshift.wiring.correlated_logs import correlate_logs
from nightshift.wiring.misconfigured import refuse_work_if_misconfigured
from nightshift.wiring.observed import observed
from nightshift.wiring.process_end import end_when_broken
from nightshift.wiring.provider import ServicesProvider
from nightshift.wiring.route_order import refuse_shadowed_routes
from nightshift.wiring.telemetry import configure_telemetry


def create_app() -> df.DFApp:
    """Build the function app. Nothing but the settings is read, and nothing opened, before the first call."""
    # The SDKs tell every request with all its headers at level INFO: in Azure that is paid for by the gigabyte.
    logging.getLogger("azure").setLevel(logging.WARNING)
    # The publisher takes a call's time limits for fields of the event as well, and warns of them at each event.
    logging.getLogger("azure.eventgrid._legacy._generated._serialization").setLevel(logging.ERROR)
    correlate_logs()
    configure_telemetry(os.environ)
    services = ServicesProvider(Path(__file__).resolve().parents[2])
    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    app.register_functions(orchestrators.registration.blueprint())
    for part in (
        activities.registration,
        alert_ingest,
        alerts,
        blob_events,
        dead_letter_api,
        dead_letters,
        health_api,
        housekeeping_sweep,
        improve_api,
        incident_api,
        ledger_api,
        model_api,
        openapi_api,
        orchestration_api,
        owed_sweep,
        order_sweep,
        queue_sweep,
        response_sweep,
        review_api,
        review_sweep,
        run_api,
        self_sweep,
        nightshift.pages.blueprint,
    ):
        app.register_functions(observed(guarded(part.blueprint(services))))
    refuse_shadowed_routes(app)
    refuse_work_if_misconfigured(app, services, os.environ)
    end_when_broken(app)
    return app
