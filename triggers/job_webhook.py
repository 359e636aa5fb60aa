"""The job-finished webhook: wakes the run that waits for the job, so that polling is only the fallback."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Annotated

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel, Field, ValidationError

from domain.correlation import correlate
from domain.errors import NightshiftError
from domain.names import job_finished
from domain.ports import Services
from triggers.problem import problem

logger = logging.getLogger(__name__)


class _Run(BaseModel):
    run_id: Annotated[int, Field(gt=0, lt=2**63)]


class JobNotification(BaseModel):
    """What we read of a Databricks job notification (``jobs.on_success``, ``jobs.on_failure``); the rest is ignored."""

    event_type: str
    run: _Run


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``POST /api/jobs/finished``.

    The notification is a hint, not evidence: the run then reads the job's state from Databricks itself, so that a
    forged call costs one look and changes nothing.
    """
    result = df.Blueprint()

    @result.route(route="api/jobs/finished", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
    @result.durable_client_input(client_name="client")
    async def on_job_finished(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        try:
            notification = JobNotification.model_validate_json(req.get_body())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "body"
            return problem(400, "Not a Databricks job notification", f"{field}: {first['msg']}")
        run_id = notification.run.run_id
        try:
            run = await asyncio.to_thread(services().jobs.lifecycle_run, run_id)
        except NightshiftError as error:
            logger.warning("job_notification_unread run_id=%s code=%s message=%s", run_id, error.code, error.message)
            return problem(503 if error.retryable else 404, "The job run cannot be read", error.message)
        if run is None:
            return problem(404, "Not a run of Nightshift", f"run_id = {run_id}: it has no parameter lifecycle_run")
        correlate(run)
        status = await client.get_status(run)
        if status is None or status.runtime_status != df.OrchestrationRuntimeStatus.Running:
            return func.HttpResponse(json.dumps({"run": run, "woken": False}), mimetype="application/json")
        await client.raise_event(run, job_finished(run_id), {"run_id": run_id, "event_type": notification.event_type})
        logger.info("job_notification run_id=%s run=%s event=%s", run_id, run, notification.event_type)
        return func.HttpResponse(json.dumps({"run": run, "woken": True}), mimetype="application/json")

    return result
