"""The asset bundle has the jobs that Terraform has, from the same files."""

import re
from typing import Any

import yaml

from local_host.databricks.definitions import JobSettings
from nightshift.delivery.bundle import BUNDLE, DEFINITIONS, bundle, text
from tests.unit.terraform.hcl import TERRAFORM

CONTENT = TERRAFORM / "modules" / "databricks_content"
# What the bundle has instead of it, and what it leaves out: it calls nobody.
CHANGED = {"tasks", "job_clusters", "webhook_notifications"}


def _definitions() -> list[dict[str, Any]]:
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(DEFINITIONS.glob("*.yml"))]


def _jobs() -> list[dict[str, Any]]:
    return list(bundle(DEFINITIONS)["resources"]["jobs"].values())


def test_the_file_is_what_the_definitions_make() -> None:
    """`make bundle` makes it again."""
    assert BUNDLE.read_text(encoding="utf-8") == text(bundle(DEFINITIONS))


def test_every_job_is_in_it_unchanged() -> None:
    """But for what a workspace adds, each has the settings of its file."""
    kept = [{name: value for name, value in job.items() if name not in CHANGED} for job in _definitions()]
    assert [{name: value for name, value in job.items() if name not in CHANGED} for job in _jobs()] == kept
    for job, definition in zip(_jobs(), _definitions(), strict=True):
        tasks = [{name: value for name, value in task.items() if name != "libraries"} for task in job["tasks"]]
        assert tasks == definition["tasks"]


def test_terraform_and_the_bundle_add_the_same() -> None:
    """Cluster settings that Terraform adds to a definition, with the values that it has in dev."""
    code = (CONTENT / "main.jobs.tf").read_text(encoding="utf-8")
    block = re.search(r"new_cluster \{(.*?)\n      \}", code, re.DOTALL)
    assert block is not None
    variables = set(re.findall(r"^\s+(NIGHTSHIFT_\w+)\s+=", block[1], re.MULTILINE))
    fields = set(re.findall(r"^        (\w+)\s+=", block[1], re.MULTILINE))
    clusters = [cluster["new_cluster"] for job in _jobs() for cluster in job["job_clusters"]]
    assert [set(cluster) for cluster in clusters] == [fields for _ in clusters]
    assert [set(cluster["spark_env_vars"]) for cluster in clusters] == [variables for _ in clusters]


def test_what_it_looks_up_is_what_terraform_names() -> None:
    """Pool, policy, catalog, schema and credential of dev."""
    compute = (CONTENT / "main.compute.tf").read_text(encoding="utf-8")
    catalog = (CONTENT / "main.catalog.tf").read_text(encoding="utf-8")
    made = {
        name.replace("${var.name}", "nightshift").replace("${var.environment}", "dev")
        for name in re.findall(r'(?:instance_pool_name|name)\s+= "(\$\{var\.name\}[^"]*)"', compute)
    }
    looked_up = {name for variable in bundle(DEFINITIONS)["variables"].values() for name in variable["lookup"].values()}
    assert looked_up == made
    assert re.search(r'catalog = "\$\{var.name\}_\$\{var.environment\}"', catalog)
    assert re.search(r'name\s+= "\$\{local.catalog\}_data"', catalog)
    assert re.search(r'name\s+= "models"', catalog)


def test_the_local_workspace_takes_the_definitions() -> None:
    """The fields of the files are those of the Jobs API, which the local Databricks holds them against."""
    assert [JobSettings.model_validate(job).name for job in _definitions()] == [job["name"] for job in _jobs()]


def test_nobodys_job_takes_the_place_of_the_apps() -> None:
    """Development mode names each copy after its owner; the jobs that the app calls are Terraform's."""
    assert bundle(DEFINITIONS)["targets"] == {"dev": {"mode": "development", "default": True}}
