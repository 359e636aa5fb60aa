"""Route templates."""

import pytest

from local_host.functions.triggers.route_template import RouteTemplate


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("orders", "orders", {}),
        ("orders", "Orders/", {}),
        ("orders", "orders/1", None),
        ("orders/{id}", "orders/17", {"id": "17"}),
        ("orders/{id}", "orders", None),
        ("orders/{id}", "orders/a/b", None),
        ("orders/{id?}", "orders", {}),
        ("orders/{id?}", "orders/17", {"id": "17"}),
        ("orders/{id:int}", "orders/17", {"id": "17"}),
        ("orders/{id:int}", "orders/x", None),
        ("orders/{id:int?}", "orders", {}),
        (
            "orders/{id:guid}",
            "orders/0f8fad5b-d9cb-469f-a165-70867728950e",
            {"id": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        ),
        ("files/{*path}", "files/a/b.txt", {"path": "a/b.txt"}),
        ("files/{*path}", "files", {}),
        ("files/{*path}", "files/", {}),
        ("files/{*path}", "files/a/", {"path": "a/"}),
        ("files/{*path}", "files//a", None),
        ("files/{*path}", "files/a//b", {"path": "a//b"}),
        ("files/{*path:minlength(1)}", "files", None),
        ("{*path}", "", {}),
        ("{*path}", "a/b", {"path": "a/b"}),
        ("{*path}", "/a", None),
        ("orders", "orders//", None),
        ("orders/{id}", "orders/a\nb", {"id": "a\nb"}),
        ("orders/{id:int:min(5)}", "orders/7", {"id": "7"}),
        ("orders/{id:int:min(5)}", "orders/3", None),
        ("orders/{id:regex(^a/?b{{1,2}}$)}", "orders/abb", {"id": "abb"}),
        ("orders/{id:regex(^a/?b{{1,2}}$)}", "orders/abbb", None),
        ("a{{b}}", "a{b}", {}),
        ("report-{id}.json", "report-7.json", {"id": "7"}),
        ("report-{id}.json", "report-7xjson", None),
        ("a.b", "axb", None),
        ("", "", {}),
    ],
)
def test_match(template: str, path: str, expected: dict[str, str] | None) -> None:
    """A path matches with its parameters, or not at all."""
    assert RouteTemplate.parse(template).match(path) == expected


def test_shape_forgets_names() -> None:
    """Two templates that differ only in parameter names or case have one shape."""
    assert RouteTemplate.parse("Orders/{id:int}").shape == RouteTemplate.parse("orders/{number:int}").shape
    assert RouteTemplate.parse("orders/{id}").shape != RouteTemplate.parse("orders/{id?}").shape


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        ("{*path}/x", "a catch-all parameter "),
        ("{id?}/x", "an optional parameter "),
        ("{id:range(1)}", "constraint 'range' takes 2 whole number(s), not '1'"),
        ("{id:weekday}", "supported are alpha, bool"),
        ("{id:int:}", "is no list of constraints"),
        ("{a}{b}", "text between two parameters"),
        ("{*path?}", "is optional by itself"),
        ("{id=7}", "a parameter is {name}"),
        ("a{id?}", "only a whole segment "),
        ("{id", "a parameter is {name}"),
        ("{id}/{id}", "parameter names must be different"),
        ("{1id}", "its name a Python name"),
    ],
)
def test_refuses_what_it_cannot_match(template: str, rule: str) -> None:
    """A template that is not understood is an error with the segment and the rule."""
    with pytest.raises(ValueError, match=r"^'") as caught:
        RouteTemplate.parse(template)
    assert rule in str(caught.value)
