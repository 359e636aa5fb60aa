"""An environment's file is what Terraform has made, and is that of the environment it is asked for."""

import json
import re
from pathlib import Path

import pytest

from nightshift.delivery import environment
from nightshift.delivery.environment import Environment, EnvironmentFolder, UnknownEnvironmentError
from nightshift.domain.platform.errors import BadInputError
from tests.support.refusals import refusal
from tests.unit.delivery.environments import OUTPUT
from tests.unit.terraform.hcl import TERRAFORM

_TEXT = json.dumps(OUTPUT)


def test_an_output_is_read() -> None:
    """The one output, or all of them as Terraform nests them."""
    one = Environment.parse("dev", _TEXT, "here")
    all_of_them = json.dumps({"environment": {"sensitive": False, "value": OUTPUT}, "app_url": {"value": "x"}})
    assert one == Environment.parse("dev", all_of_them, "here")
    assert one.queues == ("blob-events", "model-alerts")


def test_another_environment_is_refused() -> None:
    """Terraform that is still initialised for dev must not pass for prod."""
    with refusal(BadInputError, "'dev'", field="environment", value="prod"):
        Environment.parse("prod", _TEXT, "here")


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({**OUTPUT, "app_url": None})])
def test_something_else_is_refused(text: str) -> None:
    """The message names the file and the rule."""
    with refusal(BadInputError, "here: ", "output `environment`", field="environment", value="dev"):
        Environment.parse("dev", text, "here")


def test_what_is_added_is_found(tmp_path: Path) -> None:
    """Also after it was made anew."""
    folder = EnvironmentFolder(tmp_path / "environments")
    dev = Environment.parse("dev", _TEXT, "here")
    folder.add(dev)
    folder.add(dev)
    assert (folder.names(), folder.get("dev")) == (["dev"], dev)


def test_an_unknown_one_says_what_to_do(tmp_path: Path) -> None:
    """Which are known, and the command that makes it so."""
    with pytest.raises(UnknownEnvironmentError, match="known: none.*`nightshift env add qa`"):
        EnvironmentFolder(tmp_path).get("qa")


def test_a_name_cannot_lead_elsewhere(tmp_path: Path) -> None:
    """It becomes a file's name."""
    with pytest.raises(BadInputError, match="must match"):
        EnvironmentFolder(tmp_path).get("../dev")


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_without_a_checkout_they_are_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Not below the packages of the installed command; NIGHTSHIFT_ENVIRONMENTS names another place in either case."""
    monkeypatch.delenv("NIGHTSHIFT_ENVIRONMENTS", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(environment, "in_checkout", lambda: False)
    configuration = tmp_path if variable == "XDG_CONFIG_HOME" else tmp_path / ".config"
    kept = EnvironmentFolder.default().add(Environment.parse("dev", _TEXT, "here"))
    assert kept == configuration / "nightshift" / "environments" / "dev.json"
    monkeypatch.setenv("NIGHTSHIFT_ENVIRONMENTS", str(tmp_path / "elsewhere"))
    assert EnvironmentFolder.default().names() == []


def test_terraform_reports_exactly_these_fields() -> None:
    """A name that was changed on one side alone would be found at the next deployment only."""
    text = (TERRAFORM / "outputs.tf").read_text(encoding="utf-8")
    value = re.search(r'output "environment" \{\n.*?\n  value = \{\n(.*?)\n  \}\n', text, re.DOTALL)
    assert value is not None
    fields = re.findall(r"^    (\w+)\s+=", value[1], re.MULTILINE)
    assert sorted(fields) == sorted(Environment.model_fields)
