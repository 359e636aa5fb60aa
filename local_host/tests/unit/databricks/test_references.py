"""Dynamic value references."""

from hypothesis import given
from hypothesis import strategies as st

from local_host.databricks.references import substitute, unsupported_references


def test_references_are_replaced() -> None:
    """Spaces inside the braces and backticks around a name do not matter."""
    values = {"job.id": "7", "job.parameters.model": "revenue"}
    template = "{{job.id}}/{{ job.id }}/--m={{job.parameters.`model`}}"
    assert substitute(template, values) == "7/7/--m=revenue"


def test_what_is_no_reference_stays() -> None:
    """Other namespaces and broken braces are plain text, as on Databricks."""
    template = "{{other.thing}} {{job.id} {job.id}}"
    assert substitute(template, {"job.id": "7"}) == template
    assert list(unsupported_references(template, [])) == []


@given(st.text())
def test_values_are_never_expanded(value: str) -> None:
    """A value that looks like a reference is data."""
    values = {"job.parameters.a": value, "job.parameters.b": "secret"}
    assert substitute("<{{job.parameters.a}}>", values) == f"<{value}>"


def test_unsupported_references_of_known_namespaces() -> None:
    """A misspelt reference is found before a run is made."""
    template = "{{job.naem}} {{job.parameters.x}} {{tasks.a.values.b}} {{task.name}}"
    assert list(unsupported_references(template, ["y"])) == ["job.naem", "job.parameters.x", "tasks.a.values.b"]
