"""Inline constraints of routes."""

import pytest

from local_host.functions.triggers.route_constraints import parse_constraint


@pytest.mark.parametrize(
    ("name", "arguments", "taken", "refused"),
    [
        ("int", None, ["7", "-7", "+7", "2147483647"], ["", "x", "7.0", "2147483648"]),
        ("LONG", None, ["9223372036854775807"], ["9223372036854775808"]),
        ("decimal", None, ["1.5", "1,000.5", ".5"], ["1e5", "x"]),
        ("double", None, ["1e5", "-.5", "NaN"], ["x", "e5"]),
        ("bool", None, ["true", "False"], ["1", "yes"]),
        (
            "guid",
            None,
            ["0f8fad5b-d9cb-469f-a165-70867728950e", "{0f8fad5b-d9cb-469f-a165-70867728950e}", "0" * 32],
            ["0f8fad5b-d9cb469f-a165-70867728950e", "x"],
        ),
        ("alpha", None, ["Abc"], ["a1", "ä"]),
        ("required", None, ["a"], [""]),
        ("length", "3", ["abc"], ["ab", "abcd"]),
        ("length", "2, 3", ["ab", "abc"], ["a", "abcd"]),
        ("minlength", "2", ["ab"], ["a"]),
        ("maxlength", "2", ["", "ab"], ["abc"]),
        ("min", "-5", ["-5", "7"], ["-6", "x"]),
        ("max", "5", ["5"], ["6"]),
        ("range", "18,120", ["18", "120"], ["17", "121", ""]),
        ("regex", r"^\d{3}$", ["123"], ["12", "1234"]),
        ("regex", "b", ["aBc"], ["ac"]),
    ],
)
def test_what_a_constraint_takes(name: str, arguments: str | None, taken: list[str], refused: list[str]) -> None:
    """Each as in .NET: numbers have its sizes, an expression searches without regard to case."""
    constraint = parse_constraint(name, arguments)
    assert [value for value in taken if not constraint(value)] == []
    assert [value for value in refused if constraint(value)] == []


@pytest.mark.parametrize(
    ("name", "arguments", "rule"),
    [
        ("int", "5", "constraint 'int' takes no arguments"),
        ("min", None, "constraint 'min' takes 1 whole number(s), not None"),
        ("length", "1,2,3", "constraint 'length' takes 1 or 2 whole number(s), not '1,2,3'"),
        ("range", "a,b", "constraint 'range' takes 2 whole number(s), not 'a,b'"),
        ("regex", "(", "constraint 'regex': '(' is not understood"),
        ("datetime", None, "constraint 'datetime' is not supported"),
    ],
)
def test_refuses_what_it_does_not_understand(name: str, arguments: str | None, rule: str) -> None:
    """The error names the constraint, its arguments and the rule."""
    with pytest.raises(ValueError, match="constraint") as caught:
        parse_constraint(name, arguments)
    assert rule in str(caught.value)
