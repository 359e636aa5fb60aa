"""Every request reaches the function that it is meant for, tried in the order in which Azure tries them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_host.functions.triggers.route_template import RouteTemplate
from nightshift.functions.route import Route
from nightshift.pages.static_files import static_files
from nightshift.triggers.api.endpoints import api_endpoints
from nightshift.wiring.route_order import NamedRoute, ShadowedRouteError, check_route_order, refuse_shadowed_routes

ROOT = Path(__file__).resolve().parents[3]
_PROBE = """
import json, function_app
print(json.dumps([
    {**json.loads(raw), "name": function.get_function_name()}
    for function in function_app.app.get_functions()
    for raw in function.get_raw_bindings()
    if json.loads(raw)["type"] == "httpTrigger"
]))
"""
# Of a function that names no methods: it answers to any.
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
_SAMPLES = {"round": "2", "at": "2026-11-01T00:00:00Z", "page": "nowhere", "rest": "nowhere/at/all", "file": "page.css"}


@pytest.fixture(scope="module")
def triggers() -> list[dict[str, Any]]:
    """The HTTP triggers of the deployed app, as the host gets them from the worker."""
    done = subprocess.run([sys.executable, "-c", _PROBE], cwd=ROOT, check=True, capture_output=True, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _answering(triggers: list[dict[str, Any]], method: str, path: str) -> str | None:
    """The name of the function that Azure invokes: names in upper case, the first that matches."""
    for trigger in sorted(triggers, key=lambda item: item["name"].upper()):
        if method in trigger.get("methods", [method]) and RouteTemplate.parse(trigger["route"]).match(path) is not None:
            return str(trigger["name"])
    return None


def _path(route: str) -> str:
    return re.sub(r"\{\*?(\w+)\}", lambda found: _SAMPLES.get(found[1], f"some-{found[1]}"), route)


def test_every_method_and_route_reaches_its_own_function(triggers: list[dict[str, Any]]) -> None:
    """No catch-all and no parameter takes what another function is for."""
    pairs = [
        (trigger["name"], method, trigger["route"])
        for trigger in triggers
        for method in trigger.get("methods", _METHODS)
    ]
    wrong = {
        f"{method} {route}": answering
        for name, method, route in pairs
        if (answering := _answering(triggers, method, _path(route))) != name
    }
    assert wrong == {}
    assert len(pairs) > 45


def test_no_function_asks_for_a_key(triggers: list[dict[str, Any]]) -> None:
    """App Service authentication stands before all of them; the local host has no keys, and would ask for none."""
    assert {trigger["authLevel"] for trigger in triggers} == {"ANONYMOUS"}


def test_every_operation_reaches_its_own_function(triggers: list[dict[str, Any]]) -> None:
    """What docs/api.md and the OpenAPI document promise is what answers."""
    found = {item.name: _answering(triggers, item.method, _path(item.route.path)) for item in api_endpoints()}
    assert found == {item.name: item.name for item in api_endpoints()}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "z_show_front_page"),
        ("live", "show_live"),
        ("runs", "show_run_list"),
        ("Runs/", "show_run_list"),
        ("favicon.ico", "show_icon"),
        ("nowhere", "z_show_front_page"),
        ("api", "z_no_such_operation"),
        ("api/nowhere", "z_no_such_operation"),
        *((f"static/{name}", "show_static") for name in static_files()),
    ],
)
def test_every_page_and_file_has_its_function(triggers: list[dict[str, Any]], path: str, expected: str) -> None:
    """The pages' links and files do not end on the front page."""
    assert _answering(triggers, "GET", path) == expected


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "api/health/ready"), ("DELETE", "api/runs/x"), ("HEAD", "api/health")]
)
def test_a_wrong_method_of_the_api_is_explained(triggers: list[dict[str, Any]], method: str, path: str) -> None:
    """The host itself would say 404 and nothing else; the API's catch-all says which methods there are."""
    assert _answering(triggers, method, path) == "z_no_such_operation"


def test_a_wrong_method_of_a_page_is_the_hosts_404(triggers: list[dict[str, Any]]) -> None:
    """Pages are for browsers: nothing of ours answers another method."""
    assert _answering(triggers, "DELETE", "runs") is None


def test_an_app_whose_new_catch_all_sorts_early_is_refused() -> None:
    """The error names both functions."""
    show_run = Route("show_run", "api/runs/{run}", ("GET",), roles=())
    refuse_shadowed_routes([show_run])
    with pytest.raises(ShadowedRouteError, match="'show_run'.*comes after 'anything'") as caught:
        refuse_shadowed_routes([show_run, Route("anything", "api/{*rest}", (), roles=())])
    assert (caught.value.first.name, caught.value.second.name) == ("anything", "show_run")


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ("runs/latest", "runs/{run}", False),
        ("runs/{run}", "runs/latest", True),
        ("runs/{run}", "Runs/{number}", True),
        ("runs/{run}", "runs/{run}/more", False),
        ("{a}/x", "y/{b}", True),
        ("runs", "runs/{*rest}", False),
        ("runs/{*rest}", "runs", True),
        ("{*page}", "{*rest}", True),
        ("api/{*rest}", "{*page}", False),
        ("runs/{run}", "reviews/{review}", False),
    ],
)
def test_which_of_two_may_come_first(first: str, second: str, refused: bool) -> None:
    """Only the one whose paths all belong to the other as well, or that shares none with it."""
    routes = [NamedRoute("a", first), NamedRoute("b", second)]
    if refused:
        with pytest.raises(ShadowedRouteError):
            check_route_order(routes)
    else:
        check_route_order(routes)


def test_names_are_compared_in_upper_case() -> None:
    """.NET does so: an underscore comes after the letters, so `z_` is behind `zz`."""
    check_route_order([NamedRoute("z_all", "{*page}"), NamedRoute("zz", "runs")])
    with pytest.raises(ShadowedRouteError):
        check_route_order([NamedRoute("ZZ", "{*page}"), NamedRoute("z_runs", "runs")])


def test_routes_of_different_methods_do_not_meet() -> None:
    """A route that only POST reaches takes no GET."""
    check_route_order([NamedRoute("a", "{*page}", frozenset({"POST"})), NamedRoute("b", "runs", frozenset({"GET"}))])


@pytest.mark.parametrize("route", ["runs/{id:int}", "runs/{id?}", "{*rest}/x", "a{b}"])
def test_a_route_that_cannot_be_ordered_is_refused(route: str) -> None:
    """Rather than guess what a constraint takes."""
    with pytest.raises(ValueError, match="can be ordered"):
        check_route_order([NamedRoute("a", route), NamedRoute("b", "b")])
