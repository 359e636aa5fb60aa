"""A small shop: an order waits for its payment, and is packed; price lists come as blobs."""

import json
import logging
import sys
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="orders/{order}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def place_order(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start an order; the answer says where to look."""
    order = req.route_params["order"]
    await client.start_new("fulfil_order", order, {"order": order, "amount": req.get_json()["amount"]})
    answer: func.HttpResponse = client.create_check_status_response(req, order)
    return answer


@app.orchestration_trigger(context_name="context")
def fulfil_order(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Wait three days for the payment; then pack what was paid, or give the order up."""
    order = context.get_input()
    expiry = context.create_timer(context.current_utc_datetime + timedelta(days=3))
    paid = context.wait_for_external_event("paid")
    first = yield context.task_any([paid, expiry])
    if first is expiry:
        return {"order": order["order"], "state": "expired"}
    expiry.cancel()
    boxes = yield context.task_all([context.call_activity("pack", number) for number in range(order["amount"])])
    return {"order": order["order"], "state": "packed", "boxes": boxes}


@app.activity_trigger(input_name="number")
def pack(number: int) -> str:
    """Pack one box."""
    return f"box {number}"


@app.service_bus_queue_trigger(arg_name="message", queue_name="payments", connection="BUS")
@app.durable_client_input(client_name="client")
async def on_payment(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
    """Tell the order that it is paid."""
    await client.raise_event(json.loads(message.get_body())["order"], "paid", "by transfer")


@app.event_grid_trigger(arg_name="event")
def on_price_list(event: func.EventGridEvent) -> None:
    """Note which price list has come."""
    _note(f"price list {event.subject.rpartition('/')[2]}")


@app.timer_trigger(arg_name="timer", schedule="*/2 * * * * *")
def count_stock(timer: func.TimerRequest) -> None:
    """Note that the stock was counted."""
    _note("stock counted")


@app.route(route="notes", methods=["GET"])
def notes(req: func.HttpRequest) -> func.HttpResponse:
    """What was noted since the start."""
    return func.HttpResponse(json.dumps(NOTES), mimetype="application/json")


@app.route(route="modules", methods=["GET"])
def modules(req: func.HttpRequest) -> func.HttpResponse:
    """The files of the modules of this process."""
    files = sorted({str(module.__file__) for module in list(sys.modules.values()) if getattr(module, "__file__", None)})
    return func.HttpResponse(json.dumps(files), mimetype="application/json")


NOTES: list[str] = []
logger = logging.getLogger(__name__)


def _note(text: str) -> None:
    logger.info("noted text=%r", text)
    NOTES.append(text)
