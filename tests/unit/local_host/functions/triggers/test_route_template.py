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
        ("{*path}", "", {}),
        ("{*path}", "a/b", {"path": "a/b"}),
        ("report-{id}.json", "report-7.json", {"id": "7"}),
        ("report-{id}.json", "report-7xjson", None),
        ("a.b", "axb", None),
        ("", "", {}),
    ],
)
def test_match(template: str, path: str, expected: dict[str, str] | None) -> None:
    """A path matches with its parameters, or not at all."""
    assert RouteTemplate.parse(template).match(path) == expected


def test_the_more_specific_comes_first() -> None:
    """Literals rank before constrained parameters, these before plain ones, and a catch-all comes last."""
    texts = [
        "{*rest}",
        "orders/{*rest}",
        "orders/{id}",
        "orders/{id}/items",
        "orders/{id:int}",
        "orders/latest",
        "orders",
    ]
    ordered = sorted(texts, key=lambda text: RouteTemplate.parse(text).precedence)
    assert ordered == [
        "orders/latest",
        "orders",
        "orders/{id:int}",
        "orders/{id}/items",
        "orders/{id}",
        "orders/{*rest}",
        "{*rest}",
    ]


def test_shape_forgets_names() -> None:
    """Two templates that differ only in parameter names or case have one shape."""
    assert RouteTemplate.parse("Orders/{id:int}").shape == RouteTemplate.parse("orders/{number:int}").shape
    assert RouteTemplate.parse("orders/{id}").shape != RouteTemplate.parse("orders/{id?}").shape


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        ("{*path}/x", "a catch-all parameter must be the last segment"),
        ("{id?}/x", "an optional parameter must be the last segment"),
        ("{id:range(1,2)}", "a parameter is {name}, {name?}, {*name} or {name:constraint}"),
        ("{id:weekday}", "one constraint of int, long, decimal, double, float, bool, guid, alpha is supported"),
        ("{id=7}", "a parameter is {name}"),
        ("a{id?}", "only a whole segment can be optional"),
        ("{id", "a parameter is {name}"),
        ("{id}/{id}", "parameter names must be different Python names"),
        ("{1id}", "parameter names must be different Python names"),
    ],
)
def test_refuses_what_it_cannot_match(template: str, rule: str) -> None:
    """A template that is not understood is an error with the segment and the rule."""
    with pytest.raises(ValueError, match=r"^'") as caught:
        RouteTemplate.parse(template)
    assert rule in str(caught.value)
