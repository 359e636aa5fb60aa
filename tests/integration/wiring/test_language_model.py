"""From the app's settings to what a service is asked, over the real SDK."""

from pathlib import Path

import pytest

from evals.scripted_server import Reply, in_turn, scripted_server
from nightshift.domain.improvement.language_model import Prompt, Turn
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings

AZURE = {
    "NIGHTSHIFT_BLOB_ENDPOINT": "https://a.blob.example",
    "NIGHTSHIFT_TABLE_ENDPOINT": "https://a.table.example",
    "NIGHTSHIFT_EVENTGRID_ENDPOINT": "https://t.example/api/events",
    "NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace": "n.servicebus.example",
    "DATABRICKS_HOST": "https://w.example",
    "MLFLOW_TRACKING_URI": "databricks",
}
PROMPT = Prompt(
    turns=(Turn(role="instruction", text="Plan."), Turn(role="user", text="Evidence.")),
    schema_name="plan",
    answer_schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    answer_tokens=100,
)


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (
            {"MODEL": "gpt-5-mini", "REASONING_EFFORT": "high", "VERBOSITY": "medium", "DEVELOPER_ROLE": "true"},
            {"model": "gpt-5-mini", "reasoning_effort": "high", "verbosity": "medium", "role": "developer"},
        ),
        ({"MODEL": "gpt-4.1", "TEMPERATURE": "0.7"}, {"model": "gpt-4.1", "temperature": 0.7, "role": "system"}),
        (
            {"MODEL": "night", "FAMILY": "gpt4"},
            {"model": "night", "temperature": 0.0, "role": "system"},
        ),
    ],
)
def test_what_is_set_is_what_is_asked(given: dict[str, str], asked: dict[str, object]) -> None:
    """Each family gets those settings that it takes."""
    with scripted_server(in_turn([Reply(text="{}")])) as server:
        settings = {"URL": server.base_url, "KEY": "local", **given}
        environ = AZURE | {f"NIGHTSHIFT_LLM_{name}": value for name, value in settings.items()}
        model = LazyServices(read_settings(environ, Path("/app"))).language_model
        assert model is not None
        assert model.complete(PROMPT).text == "{}"
    (request,) = server.requests
    names = ("model", "temperature", "reasoning_effort", "verbosity")
    found = {name: request[name] for name in names if name in request}
    assert found | {"role": request["messages"][0]["role"]} == asked


def test_without_settings_there_is_no_language_model() -> None:
    """And the rules plan."""
    assert LazyServices(read_settings(AZURE, Path("/app"))).language_model is None
