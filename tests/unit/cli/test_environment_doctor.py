"""What a person is notified about a deployed environment."""

import httpx
import pytest

from nightshift.cli.app_client import AppAddress
from nightshift.cli.environment_doctor import examine_environment, examine_local_app

_ADDRESS = AppAddress("https://app")
_ALIVE = httpx.Response(200, json={"status": "alive", "version": "0123456789ab", "sign_in": "enforced"})


def _examined(**answers: httpx.Response) -> list[tuple[str, bool]]:
    def handle(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        if name not in answers:
            raise httpx.ConnectError("no route")
        return answers[name]

    findings = examine_environment(_ADDRESS, httpx.MockTransport(handle))
    assert [finding.component for finding in findings if not finding.ok and not finding.advice] == []
    return [(finding.component, finding.ok) for finding in findings]


def _readiness(*, ok: bool) -> httpx.Response:
    parts = [{"name": "storage", "ok": True, "milliseconds": 9}, {"name": "mlflow", "ok": ok, "milliseconds": 5}]
    document = {"ok": ok, "checked_at": "2026-01-01T00:00:00Z", "dependencies": parts}
    return httpx.Response(200 if ok else 503, json=document)


def test_all_is_well() -> None:
    """The app, the sign-in and each dependency."""
    found = _examined(health=_ALIVE, runs=httpx.Response(200, json={}), ready=_readiness(ok=True))
    assert found == [("app", True), ("sign-in", True), ("storage", True), ("mlflow", True)]


def test_an_ill_dependency_is_named() -> None:
    """Though the app answers 503."""
    found = _examined(health=_ALIVE, runs=httpx.Response(200, json={}), ready=_readiness(ok=False))
    assert found[-1] == ("mlflow", False)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_readiness(ok=True), [("app: storage", True), ("app: mlflow", True)]),
        (_readiness(ok=False), [("app: storage", True), ("app: mlflow", False)]),
        (httpx.Response(500, json={"title": "bad_input"}), [("app: readiness", False)]),
    ],
)
def test_the_local_app_is_asked_for_its_own_readiness(answer: httpx.Response, expected: list[tuple[str, bool]]) -> None:
    """All of its processes run, and yet it may refuse a setting, or miss what it depends on."""
    findings = examine_local_app(_ADDRESS, httpx.MockTransport(lambda _: answer))
    assert [(finding.component, finding.ok) for finding in findings] == expected


def test_without_a_way_nothing_more_is_asked() -> None:
    """The first failure is the one to mend."""
    assert _examined() == [("app", False)]


@pytest.mark.parametrize("status", [302, 401, 403])
def test_without_a_role_the_person_is_reported(status: int) -> None:
    """The app lives, but not for us."""
    assert _examined(health=_ALIVE, runs=httpx.Response(status))[-1] == ("sign-in", False)


def test_an_answer_without_a_report_is_ill() -> None:
    """Such as the page of a proxy."""
    found = _examined(health=_ALIVE, runs=httpx.Response(200), ready=httpx.Response(502, text="<html>"))
    assert found[-1] == ("readiness", False)


@pytest.mark.parametrize("asked", ["runs", "ready"])
def test_wrong_settings_of_the_app_are_shown(asked: str) -> None:
    """The person who mends them reads which, whichever call meets them first; it is no matter of the sign-in."""
    document = {"title": "misconfigured", "status": 503, "detail": "DATABRICKS_HOST = None: must be set"}
    wrong = httpx.Response(503, json=document, headers={"content-type": "application/problem+json"})
    answers = {"health": _ALIVE, "runs": httpx.Response(200, json={})} | {asked: wrong}
    findings = examine_environment(
        _ADDRESS, httpx.MockTransport(lambda call: answers[call.url.path.rsplit("/", 1)[-1]])
    )
    assert (findings[-1].component, findings[-1].ok) == ({"runs": "app", "ready": "readiness"}[asked], False)
    assert findings[-1].detail == "misconfigured: DATABRICKS_HOST = None: must be set"


def test_an_app_without_a_sign_in_is_ill() -> None:
    """It refuses everybody, so nothing else needs to be asked, and what to do is not to ask for a role."""
    open_app = httpx.Response(200, json={"status": "alive", "sign_in": "not enforced"})
    assert _examined(health=open_app) == [("sign-in", False)]


def test_an_app_of_an_earlier_release_is_alive() -> None:
    """It does not say how it is about its sign-in; our own call will show it."""
    early = httpx.Response(200, json={"status": "alive", "version": "0123456789ab"})
    assert _examined(health=early, runs=httpx.Response(403)) == [("app", True), ("sign-in", False)]


def test_somebody_elses_page_is_not_the_app() -> None:
    """Such as that of a proxy, which answers 200."""
    assert _examined(health=httpx.Response(200, text="<html>")) == [("app", False)]
