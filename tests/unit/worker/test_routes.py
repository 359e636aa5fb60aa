"""The check knows which function the real host gives a request."""

from typing import Any

import pytest

from tests.worker.routes import misrouted, routes_in_order
from tests.worker.side import Function


def _function(name: str, route: str | None, *methods: str) -> Function:
    trigger: dict[str, Any] = {"type": "httpTrigger", "name": "req", "route": route}
    if methods:
        trigger["methods"] = list(methods)
    return Function(name, (trigger, {"type": "http", "name": "$return"}))


def _wrong(*functions: Function, prefix: str = "") -> list[str]:
    return misrouted(routes_in_order(functions, prefix))


def test_a_catch_all_takes_what_is_named_after_it() -> None:
    """The name decides, and not how much of the path a template fixes."""
    (fault,) = _wrong(_function("show_front", "{*page}", "GET"), _function("show_runs", "runs", "GET"))
    asked, _, taken = fault.partition(" goes to ")
    assert (asked, taken.partition(",")[0]) == ("GET /runs of show_runs (runs)", "show_front ({*page})")
    assert _wrong(_function("zz_front", "{*page}", "GET"), _function("show_runs", "runs", "GET")) == []


def test_the_case_of_a_name_does_not_matter() -> None:
    """`Z` comes after `a`, as .NET compares without regard to case."""
    assert _wrong(_function("Zz", "{*page}"), _function("a", "runs")) == []
    assert len(_wrong(_function("a", "{*page}", "GET"), _function("B", "runs", "GET"))) == 1


def test_a_parameter_takes_a_word() -> None:
    """`runs/{run}` takes `runs/newest`, if it comes first; a path of another length it does not take."""
    assert len(_wrong(_function("a", "runs/{run}", "GET"), _function("b", "runs/newest", "GET"))) == 1
    assert _wrong(_function("a", "runs/{run}", "GET"), _function("b", "runs/{run}/why", "GET")) == []


def test_another_method_goes_on_to_the_next_route() -> None:
    """A template whose method does not fit is passed over."""
    assert _wrong(_function("a", "api/{*rest}", "GET"), _function("b", "api/alerts", "POST")) == []


def test_a_route_without_methods_takes_all() -> None:
    """As the host has it."""
    assert len(_wrong(_function("a", "api/{*rest}"), _function("b", "api/alerts", "POST"))) == 1


def test_the_prefix_and_the_name_stand_for_a_route() -> None:
    """A trigger without a route is reached under its function's name."""
    (route,) = routes_in_order([_function("health", None, "GET")], "api")
    assert route.takes("GET", "api/HEALTH")


def test_what_the_check_does_not_know_is_no_silent_success() -> None:
    """A constraint whose meaning it does not know."""
    with pytest.raises(ValueError, match=r"run:regex\(\^a\)}: .*does not know"):
        _wrong(_function("a", "runs/{run:regex(^a)}", "GET"))
