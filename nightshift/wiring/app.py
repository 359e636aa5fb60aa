"""Assemble the app: every trigger, activity and orchestrator with the services it gets."""

import logging
import os
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

import activities.registration
import nightshift.pages.routes
import orchestrators.registration
from nightshift.functions.registrar import Functions, Trigger
from nightshift.triggers import (
    alert_queues,
    blob_events,
    dead_letter_queues,
    housekeeping_sweep,
    order_sweep,
    owed_sweep,
    queue_sweep,
    response_sweep,
    review_sweep,
    self_sweep,
)
from nightshift.triggers.api import endpoints
from nightshift.wiring.correlated_logs import correlate_logs
from nightshift.wiring.misconfigured import refusing, wrong_settings
from nightshift.wiring.process_end import CallsOfFunctions, end_when_broken
from nightshift.wiring.provider import ServicesProvider
from nightshift.wiring.route_order import refuse_shadowed_routes
from nightshift.wiring.telemetry import configure_telemetry
from nightshift.wiring.with_tracing import with_tracing


def create_app() -> df.DFApp:
    """Build the function app. Nothing but the settings is read, and nothing opened, before the first call."""
    # The SDKs log every request with all its headers at level INFO: in Azure that is paid for by the gigabyte.
    logging.getLogger("azure").setLevel(logging.WARNING)
    # The publisher takes a call's time limits for fields of the event as well, and warns of them at each event.
    logging.getLogger("azure.eventgrid._legacy._generated._serialization").setLevel(logging.ERROR)
    correlate_logs()
    configure_telemetry(os.environ)
    services = ServicesProvider(Path(__file__).resolve().parents[2])
    app, under_way = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS), CallsOfFunctions()
    wrong = wrong_settings(services, os.environ)

    def wrap(name: str, trigger: Trigger) -> Trigger:
        seen = with_tracing(name, trigger)
        return under_way.counted(seen if wrong is None else refusing(name, seen, wrong))

    if wrong is None:
        app.register_functions(orchestrators.registration.blueprint(under_way.counted))
        app.register_functions(activities.registration.blueprint(services, under_way.counted))
    functions = Functions(app, wrap, works=wrong is None)
    for part in (
        alert_queues,
        blob_events,
        dead_letter_queues,
        endpoints,
        housekeeping_sweep,
        nightshift.pages.routes,
        order_sweep,
        owed_sweep,
        queue_sweep,
        response_sweep,
        review_sweep,
        self_sweep,
    ):
        part.register(functions, services)
    refuse_shadowed_routes(functions.routes)
    end_when_broken(under_way)
    return app
