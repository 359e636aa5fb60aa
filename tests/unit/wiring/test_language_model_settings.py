"""The language model's settings: all of them are read, and each error names the setting."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agents.improvement.planner.llm import QUESTIONS
from nightshift.clients.improvement.language_model import LONGEST_PAUSE_SECONDS, Deployment
from nightshift.domain.improvement.token_usage import TokenCeilings
from nightshift.domain.platform.errors import BadInputError
from nightshift.services.improvement.metered_model import TRIES
from nightshift.wiring.language_model_settings import (
    DEFAULT_SCOPE,
    LONGEST_WAIT,
    LanguageModelSettings,
    read_language_model,
)
from nightshift.wiring.services import CALL_SECONDS

ROOT = Path(__file__).parents[3]

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
            "NIGHTSHIFT_LLM_FAMILY": "gpt5_2",
            "NIGHTSHIFT_LLM_DEVELOPER_ROLE": "true",
            "NIGHTSHIFT_LLM_REASONING_EFFORT": "xhigh",
            "NIGHTSHIFT_LLM_VERBOSITY": "medium",
            "NIGHTSHIFT_LLM_TIMEOUT_SECONDS": "90",
            "NIGHTSHIFT_LLM_TOKENS_PER_DAY": "500000",
            "NIGHTSHIFT_LLM_TOKENS_PER_MODEL_AND_DAY": "60000",
            "NIGHTSHIFT_LLM_SCOPE": "https://ai.azure.com/.default",
            "NIGHTSHIFT_LLM_KEY": "development",
        }
    )
    deployment = Deployment(
        name="night",
        family="gpt5_2",
        developer_role=True,
        reasoning_effort="xhigh",
        verbosity="medium",
        timeout_seconds=90.0,
    )
    wanted = LanguageModelSettings(
        "http://127.0.0.1:11434/v1/",
        deployment,
        "https://ai.azure.com/.default",
        "development",
        TokenCeilings(day=500_000, model_and_day=60_000),
    )
    assert found == wanted
    gpt4 = read_language_model(LEAST | {"NIGHTSHIFT_LLM_MODEL": "gpt-4.1", "NIGHTSHIFT_LLM_TEMPERATURE": "0.5"})
    assert gpt4 is not None
    assert gpt4.deployment.temperature == 0.5


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("MODEL", "", "must be set: "),
        ("MODEL", "night", "set NIGHTSHIFT_LLM_FAMILY"),
        ("URL", "http://models.example/v1/", "must begin with https://"),
        ("URL", "models.example/v1/", "must begin with https://"),
        ("URL", "https:///v1/", "must begin with https://"),
        ("URL", "https://m.openai.azure.com/", "must end with /openai/v1/"),
        ("URL", "https://m.openai.azure.com/v1/", "must end with /openai/v1/"),
        ("URL", "https://m.openai.azure.com/openai/v1/chat/completions", "must end with /openai/v1/"),
        ("URL", "https://m.services.ai.azure.com/api/projects/p", "must end with /openai/v1/"),
        ("URL", "https://models.example/", "must end with /v1"),
        ("URL", "https://models.example/v1/chat/completions", "/v1: /chat/completions is added"),
        ("URL", "https://models.example/v1?api-version=1", "must hold no ?"),
        ("URL", "https://models.example/v1#x", "must hold no ?"),
        ("URL", "https://user:secret@models.example/v1/", "no user and password"),
        ("URL", "https://models.example:port/v1/", "must be an address"),
        ("URL", "https://[::1/v1/", "must be an address"),
        ("URL", "https://models.example/v1/\n", "no spaces, control characters"),
        ("URL", "https://modéls.example/v1/", "no spaces, control characters"),
        ("FAMILY", "gpt3", "must be one of gpt4, gpt5, gpt5_1, gpt5_2, gpt5_chat, o_series"),
        ("MODEL", "gpt-5-pro", "has the Responses API only"),
        ("MODEL", "gpt-4-turbo", "deploy gpt-5-mini"),
        ("TEMPERATURE", "0", "gpt5 takes none: "),
        ("REASONING_EFFORT", "none", "gpt5 takes default, minimal, low, medium, high, or "),
        ("TOKENS_PER_DAY", "0", "whole number from 1 to 1000000000"),
        ("TOKENS_PER_DAY", "1e6", "whole number from 1 to 1000000000"),
        ("TOKENS_PER_MODEL_AND_DAY", "-5", "whole number from 1 to 1000000000"),
        ("DEVELOPER_ROLE", "yes", "must be true or false"),
        ("TEMPERATURE", "warm", "from 0 to 2"),
        ("TEMPERATURE", "-0.1", "from 0 to 2"),
        ("TEMPERATURE", "nan", "from 0 to 2"),
        ("REASONING_EFFORT", "max", "one of default, none, minimal, low, medium, high, xhigh"),
        ("VERBOSITY", "chatty", "one of default, low, medium, high"),
        ("TIMEOUT_SECONDS", "0", "from 1 to 120"),
        ("TIMEOUT_SECONDS", "600", "from 1 to 120"),
        ("TIMEOUT_SECONDS", "inf", "from 1 to 120"),
        ("SCOPE", "https://ai.azure.com", "with /.default behind it"),
    ],
)
def test_a_bad_setting_is_named_with_its_rule(name: str, text: str, rule: str) -> None:
    """Setting, value and rule; no silent default."""
    environ: dict[str, Any] = LEAST | {f"NIGHTSHIFT_LLM_{name}": text}
    with pytest.raises(BadInputError) as raised:
        read_language_model(environ)
    assert raised.value.fields["field"] == f"NIGHTSHIFT_LLM_{name}"
    assert rule in raised.value.message
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://m.openai.azure.com/openai/v1",
        "https://m.openai.azure.com/openai/v1/",
        "https://m.services.ai.azure.com/api/projects/p/openai/v1/",
        "https://api.openai.com/v1/",
        "http://127.0.0.1:11434/v1/",
    ],
)
def test_an_address_that_can_work_is_taken(url: str) -> None:
    """Azure's resources and projects, and any other service up to and with /v1."""
    found = read_language_model(LEAST | {"NIGHTSHIFT_LLM_URL": url})
    assert found is not None
    assert found.base_url == url


def test_two_questions_of_two_tries_each_fit_into_an_activity() -> None:
    """At the longest time that may be set, with the longest pause, and as much again for what else the step does."""
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    hours, minutes, seconds = (int(part) for part in host["functionTimeout"].split(":"))
    tries = QUESTIONS * TRIES
    longest = tries * LONGEST_WAIT + QUESTIONS * (TRIES - 1) * LONGEST_PAUSE_SECONDS
    # Each try reserves and settles in a table, whose calls have a budget of their own.
    assert longest + 3 * CALL_SECONDS <= hours * 3600 + minutes * 60 + seconds


class _Recording(dict[str, str]):
    """Settings that remember which were asked for."""

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """As a mapping does."""
        self.asked.add(key)
        return super().get(key, default)


def test_every_setting_of_a_language_model_is_in_its_page() -> None:
    """And the page names none that nobody reads."""
    recording = _Recording(LEAST)
    read_language_model(recording)
    page = (ROOT / "docs" / "language-model.md").read_text(encoding="utf-8")
    assert set(re.findall(r"NIGHTSHIFT_LLM_[A-Z_]*[A-Z]", page)) == recording.asked


def test_every_setting_that_is_named_exists() -> None:
    """In hints, errors, help and pages: a name that no code reads helps nobody."""
    parts = ("activities", "agents", "local_host", "nightshift", "orchestrators")
    code = [file.read_text("utf-8") for part in parts for file in (ROOT / part).rglob("*.py")]
    pages = [file.read_text("utf-8") for file in (ROOT / "docs").glob("*.md")]
    read = {name for text in code for name in re.findall(r'"(NIGHTSHIFT_[A-Z_]*[A-Z])"', text)}
    named = {name for text in (*code, *pages) for name in re.findall(r"NIGHTSHIFT_[A-Z_]*[A-Z](?![A-Z_{*])", text)}
    elsewhere = _read_elsewhere()
    assert sorted(named - read - elsewhere) == []


def _read_elsewhere() -> set[str]:
    """By tests, benchmarks, the Makefile and the workflows."""
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    quoted = {name for file in files for name in re.findall(r'"(NIGHTSHIFT_[A-Z_]*[A-Z])"', file.read_text("utf-8"))}
    others = [ROOT / "Makefile", *(ROOT / ".github").rglob("*.yml")]
    return quoted | {
        name for file in others for name in re.findall(r"NIGHTSHIFT_[A-Z_]*[A-Z]", file.read_text("utf-8"))
    }
