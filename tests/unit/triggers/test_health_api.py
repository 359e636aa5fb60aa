"""GET /api/health and /api/health/ready: who sees what, and which status."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.sign_in import VARIABLE
from nightshift.domain.watch.sweep import SWEEPS, SweepRun
from nightshift.triggers.health_api import endpoints
from tests.support.registered import registered_endpoints
from tests.unit.triggers.api.requests import principal, request

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass(frozen=True)
class Check:
    """A dependency that answers or does not."""

    name: str
    failure: Exception | None = None
    imports: tuple[str, ...] = ()

    def check(self) -> None:
        """Answer."""
        if self.failure is not None:
            raise self.failure


class Sweeps:
    """The sweeps' last looks, or a table that does not answer."""

    def __init__(self, *looks: SweepRun, failure: Exception | None = None) -> None:
        self._looks = looks
        self._failure = failure

    def last(self) -> tuple[SweepRun, ...]:
        """What the table has."""
        if self._failure is not None:
            raise self._failure
        return self._looks


@dataclass(frozen=True)
class HealthServices:
    """What the routes use."""

    health_checks: tuple[Check, ...]
    sweeps: Sweeps = field(default_factory=Sweeps)

    def clock(self) -> datetime:
        """Always the same time."""
        return NOW


async def _answer(services: HealthServices, name: str, req: func.HttpRequest) -> tuple[int, Any]:
    handler = registered_endpoints(endpoints(), services)[name]
    response = await handler(req=req)
    return response.status_code, json.loads(response.get_body())


ILL = HealthServices((Check("mlflow"), Check("databricks", ServiceUnavailableError("Databricks", "refused"))))
WELL = HealthServices((Check("mlflow"),))


async def test_the_process_is_alive_whatever_it_depends_on() -> None:
    """No dependency is asked."""
    assert await _answer(ILL, "health", request()) == (
        200,
        {"status": "alive", "version": "unreleased", "sign_in": "enforced"},
    )


@pytest.mark.parametrize(("services", "status"), [(WELL, 200), (ILL, 503)])
async def test_one_ill_dependency_makes_the_app_not_ready(services: HealthServices, status: int) -> None:
    """The status is for machines that read nothing else."""
    found, document = await _answer(services, "ready", request())
    assert (found, document["ok"]) == (status, status == 200)


@pytest.mark.parametrize("headers", [{}, principal("AlertWriter"), principal()])
async def test_a_stranger_gets_the_summary(headers: dict[str, str]) -> None:
    """Names and reasons tell what the platform is made of."""
    _, document = await _answer(ILL, "ready", request(headers=headers))
    assert document["dependencies"] == []


async def test_a_reader_sees_the_reasons() -> None:
    """Each dependency with what it said."""
    _, document = await _answer(ILL, "ready", request(headers=principal("Reader")))
    assert [(item["name"], item["ok"], item["reason"]) for item in document["dependencies"]] == [
        ("mlflow", True, ""),
        ("databricks", False, "Databricks is not available: refused"),
    ]


async def test_without_a_sign_in_health_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """To everybody, since nobody has a role then; the process lives, but it is not ready."""
    monkeypatch.delenv(VARIABLE)
    alive, liveness = await _answer(WELL, "health", request(headers=principal("Reader")))
    assert (alive, liveness["sign_in"]) == (200, "not enforced")
    status, document = await _answer(WELL, "ready", request(headers=principal("Reader")))
    assert (status, document["ok"]) == (503, False)
    assert [(part["name"], part["ok"]) for part in document["dependencies"]] == [("sign-in", False)]
    assert "WEBSITE_AUTH_ENABLED" in document["dependencies"][0]["reason"]


async def test_a_reader_sees_the_last_run_of_every_sweep() -> None:
    """Its time, what it found and what it could not look at; a sweep that has not looked yet is there, too."""
    look = SweepRun(name="sweep_orders", at=NOW, found=2, problem="m: MLflow is not available", whole_at=NOW)
    _, document = await _answer(HealthServices((), Sweeps(look)), "ready", request(headers=principal("Reader")))
    sweeps = {item["name"]: item for item in document["sweeps"]}
    assert set(sweeps) == set(SWEEPS)
    assert (sweeps["sweep_orders"]["looked_at"], sweeps["sweep_orders"]["found"]) == ("2026-11-21T00:00:00Z", 2)
    assert sweeps["sweep_orders"]["problem"] == "m: MLflow is not available"
    assert sweeps["sweep_queues"]["looked_at"] is None


async def test_a_stranger_sees_no_sweep() -> None:
    """Their names and problems tell what the platform is made of."""
    _, document = await _answer(HealthServices(()), "ready", request())
    assert document["sweeps"] == []


async def test_sweeps_that_cannot_be_read_are_left_out() -> None:
    """The health of Table storage says what is wrong; the route answers."""
    away = Sweeps(failure=ServiceUnavailableError("Table storage", "refused"))
    status, document = await _answer(
        HealthServices((Check("mlflow"),), away), "ready", request(headers=principal("Reader"))
    )
    assert (status, document["sweeps"]) == (200, [])
