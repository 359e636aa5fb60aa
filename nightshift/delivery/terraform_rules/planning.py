"""Makes the plans: Terraform itself evaluates each environment with mocked providers, so that nobody need be signed in.

`terraform test -verbose -json` shows what a run with mocked providers plans. The mocks give all resources of a type the
same id, so a first run shows which resources there are, and a second one gives each an id of its own: then a rule can
see which account an endpoint belongs to. `terraform graph` shows what depends on what.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from nightshift.delivery.command import CommandError, run
from nightshift.delivery.terraform_rules.plan import Plan

_SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
_RANGE = "203.0.113.0/28"
_PLUGINS = Path(__file__).resolve().parents[3] / ".nightshift" / "terraform-plugins"
_TEST = "tests/planned_values.tftest.hcl"
_PROVIDERS = ("azapi", "azuread", "azurerm", "databricks")
# Its id stays unknown, as in a real plan: a rule of the provider for linked resources knows one of its two forms only.
_UNKNOWN = "azurerm_log_analytics_workspace"
_OWN_IDS = ("principal_id", "client_id", "object_id", "application_id")

# What the mocks give: attributes by type of resource, and for a block those within it.
Mocked = dict[str, dict[str, list[str]]]


@dataclass(frozen=True)
class Terraform:
    """How Terraform is run in a folder.

    Attributes:
        wrapper: a program that runs ``WRAPPER --chdir FOLDER -- COMMAND`` with provider schemas of its own; Terraform
            itself, with its registry, if there is none.
    """

    wrapper: str = ""

    def __call__(self, folder: Path, *arguments: str) -> str:
        """Run one command and return what it printed."""
        if self.wrapper:
            return run(self.wrapper, "--chdir", str(folder), "--", *arguments).decode()
        # Each copy is initialised anew; the providers, some hundred megabytes, are fetched once.
        _PLUGINS.mkdir(parents=True, exist_ok=True)
        extra = {"TF_PLUGIN_CACHE_DIR": os.environ.get("TF_PLUGIN_CACHE_DIR", str(_PLUGINS))}
        return run("terraform", f"-chdir={folder}", *arguments, extra=extra).decode()


class Workshop:
    """A copy of the configuration, in which plans are made.

    Args:
        root: folder with ``terraform`` and ``training/job_definitions``; it is left as it is.
        folder: empty; takes the copy.
        terraform: runs one command in a folder and returns what it printed.
    """

    def __init__(self, root: Path, folder: Path, terraform: Callable[..., str]) -> None:
        self.root = folder / "terraform"
        self._terraform = terraform
        shutil.copytree(root / "terraform", self.root, ignore=shutil.ignore_patterns(".terraform", "*.tftest.hcl"))
        definitions = Path("training") / "job_definitions"
        shutil.copytree(root / definitions, folder / definitions)

    def prepare(self) -> None:
        """Initialise the copy; only now, so that a test may change it before."""
        # No state is read or kept; the graph asks for a backend all the same.
        (self.root / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n', encoding="utf-8")
        self._write_test("")
        self._terraform(self.root, "init", "-input=false", "-no-color")
        self._edges = _edges(self._terraform(self.root, "graph"))

    def plan(self, values: Path) -> Plan:
        """What is planned with one file of values, which says of which environment it is.

        Raises:
            CommandError: Terraform refuses the configuration or the values.
        """
        unknown = [_override(address, {}, "apply") for address in self._left_unknown()]
        self._write_test("\n".join(unknown))
        changes = self._run(values)
        self._write_test("\n".join([*unknown, *_overrides(changes, self._mocked())]))
        text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(self.root.glob("*.tf")))
        table = yaml.safe_load((self.root / "roles.yml").read_text(encoding="utf-8"))
        named = re.search(r'^environment\s*=\s*"(\w+)"', values.read_text(encoding="utf-8"), re.MULTILINE)
        environment = named[1] if named else values.stem
        return Plan.of(environment, self._run(values), self._edges, _registered(text), table, _registrations(text))

    def _run(self, values: Path) -> list[dict[str, Any]]:
        arguments = [f"-filter={_TEST}", f"-var-file={values.resolve()}", f"-var=subscription_id={_SUBSCRIPTION}"]
        text = values.read_text(encoding="utf-8")
        # A public environment is shipped without a range, because its owner writes his: with none, nothing is closed.
        if re.search(r"^private\s*=\s*false", text, re.MULTILINE) and re.search(
            r"^allowed_ip_ranges\s*=\s*\[\s*\]", text, re.MULTILINE
        ):
            arguments.append(f'-var=allowed_ip_ranges=["{_RANGE}"]')
        try:
            answer = self._terraform(self.root, "test", "-json", "-verbose", *arguments)
        except CommandError as error:
            raise CommandError(f"{values.name} cannot be planned: {_diagnostics(str(error))}") from error
        for line in answer.splitlines():
            if line.startswith("{") and '"test_plan"' in line:
                changes: list[dict[str, Any]] = json.loads(line)["test_plan"]["resource_changes"]
                return changes
        raise CommandError(f"{values.name}: Terraform ended without a plan")

    def _left_unknown(self) -> list[str]:
        return sorted({name for edge in self._edges for name in edge if f".{_UNKNOWN}." in f".{name}"})

    def _mocked(self) -> Mocked:
        found: Mocked = {}
        for file in sorted((self.root / "tests" / "mocks").glob("*/*.tfmock.hcl")):
            text = file.read_text(encoding="utf-8")
            for kind, body in re.findall(r'^mock_resource "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
                attributes = found.setdefault(kind, {})
                for inner, name in re.findall(r"^    (  )?(\w+) *=", body, re.MULTILINE):
                    if inner:
                        list(attributes.values())[-1].append(name)
                    else:
                        attributes[name] = []
        return found

    def _write_test(self, overrides: str) -> None:
        mocks = "\n".join(
            f'mock_provider "{name}" {{\n  source          = "./tests/mocks/{name}"\n  override_during = plan\n}}'
            for name in _PROVIDERS
        )
        (self.root / _TEST).write_text(f'{mocks}\n{overrides}\nrun "plan" {{\n  command = plan\n}}\n', encoding="utf-8")


def _overrides(changes: list[dict[str, Any]], mocked: Mocked) -> Iterator[str]:
    for change in changes:
        after = change["change"]["after"]
        if change["type"] not in mocked or change["type"] == _UNKNOWN:
            continue
        own: dict[str, Any] = {}
        for name, inner in mocked[change["type"]].items():
            value = after.get(name)
            if isinstance(value, list) and value and isinstance(value[0], dict):
                # Terraform takes what is mocked of a block as an object.
                own[name] = {key: _own(change["address"], key, value[0].get(key), {}) for key in inner}
            elif value not in (None, []):
                own[name] = _own(change["address"], name, value, after)
        yield _override(change["address"], own, "plan")


def _own(address: str, name: str, value: Any, after: Mapping[str, Any]) -> Any:
    """A value of a mock, made this resource's own if it is an id."""
    if name in _OWN_IDS:
        return str(uuid5(NAMESPACE_URL, f"{address}/{name}"))
    if name != "id" or not isinstance(value, str):
        return value
    if value.startswith(("/applications/", "/servicePrincipals/")):
        return f"/{value.split('/')[1]}/{uuid5(NAMESPACE_URL, f'{address}/object_id')}"
    own = after.get("name")
    return f"{value.rpartition('/')[0]}/{own}" if isinstance(own, str) and "|" not in value else value


def _override(address: str, values: Mapping[str, Any], during: str) -> str:
    # JSON is an expression of HCL, but for templates.
    lines = [f"    {name} = {json.dumps(value).replace('${', '$${')}" for name, value in values.items()]
    body = "  values = {\n" + "\n".join(lines) + "\n  }\n" if lines else ""
    return f"override_resource {{\n  target          = {address}\n  override_during = {during}\n{body}}}"


def _edges(graph: str) -> list[tuple[str, str]]:
    return re.findall(r'^ *"([^"]+)" -> "([^"]+)"', graph, re.MULTILINE)


def _registered(text: str) -> list[str]:
    listed = re.search(r"^\s*resource_providers_to_register\s*=\s*\[([^\]]*)\]", text, re.MULTILINE)
    return re.findall(r'"([\w.]+)"', listed[1]) if listed else []


def _registrations(text: str) -> str:
    named = re.search(r'^\s*resource_provider_registrations\s*=\s*"(\w+)"', text, re.MULTILINE)
    return named[1] if named else "legacy"


def _diagnostics(said: str) -> str:
    """Terraform's own words out of its lines of JSON."""
    found = re.findall(r'"(?:summary|detail)":"((?:[^"\\]|\\.)*)"', said)
    return " ".join(json.loads(f'"{text}"') for text in found) or said
