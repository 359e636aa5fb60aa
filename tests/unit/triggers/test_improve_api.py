"""An improvement that is asked for over HTTP: whose turn it is after a failure."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from nightshift.domain.platform.errors import (
    BadInputError,
    LedgerBrokenError,
    NightshiftError,
    ServiceRefusedError,
    ServiceUnavailableError,
    UnknownModelError,
)
from nightshift.triggers.improve_api import ENDPOINTS
from tests.support.registered import CLIENT, registered_endpoints
from tests.unit.triggers.api.requests import principal, request


def _services(failure: NightshiftError) -> object:
    """Services of which the specs fail."""

    def get(model: str) -> Any:
        raise failure

    return SimpleNamespace(specs=SimpleNamespace(get=get, names=lambda: ("m",)))


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (ServiceRefusedError("MLflow", "403", "the app lacks a right"), 502),
        (ServiceUnavailableError("MLflow", "refused"), 503),
        (LedgerBrokenError("m", "entry-1"), 500),
        (UnknownModelError("m", ("n",)), 404),
        (BadInputError(field="run", value="r", rule="is no run"), 400),
    ],
    ids=lambda value: getattr(value, "code", None),
)
async def test_a_failure_has_the_status_that_it_has_everywhere(failure: NightshiftError, status: int) -> None:
    """What an outside system refuses is not the caller's fault."""
    function = registered_endpoints(ENDPOINTS, _services(failure))["improve_model"]
    req = request(headers=principal("Operator"), route={"model": "m"}, body=b'{"comment": "why"}')
    answer = await function(req=req, client=json.dumps(CLIENT))
    assert (answer.status_code, json.loads(answer.get_body())["title"]) == (status, failure.code)
