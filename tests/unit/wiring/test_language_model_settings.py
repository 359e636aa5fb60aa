"""The language model's settings: all of them are read, and each error names the setting."""

from typing import Any

import pytest

from clients.language_model import Deployment
from domain.errors import BadInputError
from wiring.language_model_settings import DEFAULT_SCOPE, LanguageModelSettings, read_language_model

URL = "https://models.openai.azure.com/openai/v1/"
LEAST = {"NIGHTSHIFT_LLM_URL": URL, "NIGHTSHIFT_LLM_MODEL": "gpt-5-mini"}


@pytest.mark.parametrize("environ", [{}, {"NIGHTSHIFT_LLM_URL": ""}, {"NIGHTSHIFT_LLM_MODEL": "gpt-5-mini"}])
def test_without_an_address_there_is_none(environ: dict[str, str]) -> None:
    """The rules plan; Terraform sets an empty address where nobody wants a language model."""
    assert read_language_model(environ) is None


def test_address_and_name_are_enough() -> None:
    """The identity asks for Azure's usual audience; there is no key."""
    assert read_language_model(LEAST) == LanguageModelSettings(URL, Deployment("gpt-5-mini"), DEFAULT_SCOPE, None)


def test_empty_settings_are_not_set() -> None:
    """Terraform sets every setting; an empty one means the default."""
    names = ("FAMILY", "DEVELOPER_ROLE", "TEMPERATURE", "REASONING_EFFORT", "VERBOSITY", "TIMEOUT_SECONDS", "SCOPE")
    assert read_language_model(LEAST | {f"NIGHTSHIFT_LLM_{name}": "" for name in names}) == read_language_model(LEAST)


def test_every_setting_is_read() -> None:
    """What a deployment can be told has a setting of its own."""
    found = read_language_model(
        {
            "NIGHTSHIFT_LLM_URL": "http://127.0.0.1:11434/v1/",
            "NIGHTSHIFT_LLM_MODEL": "night",
            "NIGHTSHIFT_LLM_FAMILY": "o_series",
            "NIGHTSHIFT_LLM_DEVELOPER_ROLE": "true",
            "NIGHTSHIFT_LLM_TEMPERATURE": "0.5",
            "NIGHTSHIFT_LLM_REASONING_EFFORT": "high",
            "NIGHTSHIFT_LLM_VERBOSITY": "medium",
            "NIGHTSHIFT_LLM_TIMEOUT_SECONDS": "90",
            "NIGHTSHIFT_LLM_SCOPE": "https://ai.azure.com/.default",
            "NIGHTSHIFT_LLM_KEY": "development",
        }
    )
    deployment = Deployment(
        name="night",
        family="o_series",
        developer_role=True,
        temperature=0.5,
        reasoning_effort="high",
        verbosity="medium",
        timeout_seconds=90.0,
    )
    wanted = LanguageModelSettings(
        "http://127.0.0.1:11434/v1/", deployment, "https://ai.azure.com/.default", "development"
    )
    assert found == wanted


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("MODEL", "", "must be set: the deployment or model"),
        ("MODEL", "night", "tells no model family; set NIGHTSHIFT_LLM_FAMILY"),
        ("URL", "http://models.example/v1/", "must begin with https://"),
        ("URL", "models.example/v1/", "must begin with https://"),
        ("URL", "https:///v1/", "must begin with https://"),
        ("FAMILY", "gpt3", "must be one of gpt4, gpt5, o_series"),
        ("DEVELOPER_ROLE", "yes", "must be true or false"),
        ("TEMPERATURE", "warm", "must be a number from 0 to 2"),
        ("TEMPERATURE", "-0.1", "must be a number from 0 to 2"),
        ("TEMPERATURE", "nan", "must be a number from 0 to 2"),
        ("REASONING_EFFORT", "max", "must be one of minimal, low, medium, high"),
        ("VERBOSITY", "chatty", "must be one of low, medium, high"),
        ("TIMEOUT_SECONDS", "0", "must be a number from 1 to 120"),
        ("TIMEOUT_SECONDS", "600", "must be a number from 1 to 120"),
        ("TIMEOUT_SECONDS", "inf", "must be a number from 1 to 120"),
        ("SCOPE", "https://ai.azure.com", "must be an audience with /.default behind it"),
    ],
)
def test_a_bad_setting_is_named_with_its_rule(name: str, text: str, rule: str) -> None:
    """Setting, value and rule; no silent default."""
    environ: dict[str, Any] = LEAST | {f"NIGHTSHIFT_LLM_{name}": text}
    with pytest.raises(BadInputError) as raised:
        read_language_model(environ)
    assert raised.value.fields["field"] == f"NIGHTSHIFT_LLM_{name}"
    assert rule in raised.value.message
