"""`$cbs`: where clients hand in their tokens."""

from __future__ import annotations

from local_host.servicebus.amqp.values import Int
from local_host.servicebus.requests import Answer, Request
from local_host.servicebus.rights import Claims


def answer_token(request: Request, claims: Claims) -> Answer:
    """Takes any token, since the broker serves this machine only; whose it is decides what the connection may do."""
    operation, audience = request.properties.get("operation"), request.properties.get("name")
    if operation != "put-token":
        return _status(400, f"operation {operation!r}: must be 'put-token'")
    if not isinstance(audience, str) or not audience:
        return _status(400, f"name {audience!r}: must be the address that the token is for")
    if not isinstance(request.body, (str, bytes)) or not request.body:
        return _status(401, f"the token for {audience} is empty")
    claims.sign_in(request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body)
    return _status(202, "Accepted")


def _status(code: int, description: str) -> Answer:
    return Answer({"status-code": Int(code), "status-description": description})
