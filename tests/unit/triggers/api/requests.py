"""Requests and principals for tests of triggers."""

import base64
import json
from collections.abc import Mapping

import azure.functions as func


def principal(*roles: str) -> dict[str, str]:
    """The header of a principal with these roles."""
    claims = [{"typ": "preferred_username", "val": "ann"}, *({"typ": "roles", "val": role} for role in roles)]
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps({"claims": claims}).encode()).decode()}


def request(
    *,
    params: Mapping[str, str] | None = None,
    route: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> func.HttpRequest:
    """A request as the worker hands it to a function."""
    return func.HttpRequest(
        "GET", "http://app/api/x", headers=headers or {}, params=params or {}, route_params=route or {}, body=body
    )
