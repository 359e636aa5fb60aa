"""Each module can be read, and says what to do when it refuses."""

import re
from pathlib import Path

import pytest

from tests.unit.terraform.hcl import TERRAFORM, declared, modules

FOLDERS = [TERRAFORM, TERRAFORM / "bootstrap", *(TERRAFORM / "modules" / name for name in modules())]
# A message tells what to do by one of these.
_ADVICE = (
    "use ", "give ", "mend", "name ", "must ", "write ", "set ", "keep ", "known:", "shorten", "put ", "needs ", "add ",
    "empty the list", "sells", "takes", "has 512",
)  # fmt: skip


def _messages(folder: Path) -> list[str]:
    text = (folder / "variables.tf").read_text(encoding="utf-8")
    return re.findall(r'error_message\s*= "(.*)"\n', text)


@pytest.mark.parametrize("module", modules())
def test_the_readme_lists_variables_and_outputs(module: str) -> None:
    """README, variables.tf and outputs.tf name the same things."""
    folder = TERRAFORM / "modules" / module
    readme = (folder / "README.md").read_text(encoding="utf-8")
    given, got = readme.split("## Inputs")[1].split("## Outputs")
    assert re.findall(r"^\| `(\w+)`", given, re.MULTILINE) == declared("variable", folder)
    assert re.findall(r"^\| `(\w+)`", got, re.MULTILINE) == declared("output", folder)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_variable_and_output_is_described(folder: Path) -> None:
    """No name stands without its meaning."""
    for file in ("variables.tf", "outputs.tf"):
        text = (folder / file).read_text(encoding="utf-8")
        assert len(re.findall(r"^  description\s+= ", text, re.MULTILINE)) == len(
            re.findall(r'^(?:variable|output) "', text, re.MULTILINE)
        )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_refusal_says_what_to_do(folder: Path) -> None:
    """A message names a way out, not only the wrong value."""
    silent = [message for message in _messages(folder) if not any(word in message.lower() for word in _ADVICE)]
    assert silent == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_refusal_is_tested(folder: Path) -> None:
    """Each variable with a validation is expected to fail in some run."""
    text = (folder / "variables.tf").read_text(encoding="utf-8")
    guarded = {part.split('"')[0] for part in text.split('variable "')[1:] if "validation {" in part}
    tests = "".join(file.read_text(encoding="utf-8") for file in (folder / "tests").glob("*.tftest.hcl"))
    assert guarded - set(re.findall(r"expect_failures = \[var\.(\w+)\]", tests)) == set()


def test_there_are_enough_assertions() -> None:
    """At least sixty assertions, each with a message that says what would be wrong."""
    texts = [file.read_text(encoding="utf-8") for file in TERRAFORM.rglob("*.tftest.hcl")]
    messages = [message for text in texts for message in re.findall(r'error_message\s*= "(.+)"', text)]
    assert len(messages) >= 60
    assert [message for message in messages if len(message) < 15] == []


@pytest.mark.parametrize(
    ("folder", "resource"),
    [
        ("modules/storage", 'azurerm_storage_account" "data'),
        ("modules/storage", 'azurerm_storage_account" "host'),
        ("modules/storage", 'azurerm_storage_container" "data'),
        ("modules/storage", 'azurerm_storage_container" "releases'),
        ("modules/messaging", 'azurerm_servicebus_namespace" "this'),
        ("modules/key_vault", 'azurerm_key_vault" "this'),
        ("modules/databricks", 'azurerm_databricks_workspace" "this'),
        ("modules/databricks_content", 'databricks_catalog" "this'),
        ("modules/databricks_content", 'databricks_schema" "models'),
        ("bootstrap", 'azurerm_storage_account" "state'),
    ],
)
def test_what_holds_data_cannot_be_destroyed(folder: str, resource: str) -> None:
    """A plan that would destroy data fails; terraform test cannot assert it, so this reads the code."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in (TERRAFORM / folder).glob("*.tf"))
    body = text[text.index(f'resource "{resource}"') :].split("\nresource ")[0]
    assert "prevent_destroy = true" in body
