"""Write ``databricks.yml`` from the job definitions: ``python -m nightshift.delivery.bundle``; ``--check`` compares.

The bundle is for who develops the jobs: ``databricks bundle deploy`` makes copies of their own, with the wheel of their
checkout, in the workspace of dev. The jobs that the app calls are Terraform's, from the same files.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "training" / "job_definitions"
BUNDLE = ROOT / "databricks.yml"
_HEADER = """\
# Made by `make bundle` from training/job_definitions: change those, and make it again (a test compares).
# `databricks bundle deploy` makes your own copies of the jobs in the workspace of dev; docs/platforms.md shows how.
"""
# What Terraform has made in the workspace of dev, by the names that it gives (terraform/modules/databricks_content).
_VARIABLES = {
    "pool": {
        "description": "The pool of the training machines.",
        "lookup": {"instance_pool": "nightshift-dev-training"},
    },
    "policy": {
        "description": "The policy that bounds the clusters.",
        "lookup": {"cluster_policy": "nightshift-dev-training"},
    },
}


def bundle(definitions: Path) -> dict[str, Any]:
    """The bundle of the jobs whose settings lie in a folder."""
    jobs = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(definitions.glob("*.yml"))]
    return {
        "bundle": {"name": "nightshift"},
        "artifacts": {"training": {"type": "whl", "path": "training", "build": "uv build --wheel"}},
        "variables": _VARIABLES,
        "resources": {"jobs": {job["name"].replace("-", "_"): _job(job) for job in jobs}},
        # Development mode puts the person's name before that of each job: none takes the place of another.
        "targets": {"dev": {"mode": "development", "default": True}},
    }


def _job(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with what a workspace knows; as Terraform adds it, but run by who deploys, and calling nobody."""
    job = {name: value for name, value in settings.items() if name != "webhook_notifications"}
    job["tasks"] = [{**task, "libraries": [{"whl": "./training/dist/*.whl"}]} for task in settings["tasks"]]
    job["job_clusters"] = [
        {**cluster, "new_cluster": _cluster(cluster["new_cluster"])} for cluster in settings["job_clusters"]
    ]
    return job


def _cluster(settings: dict[str, Any]) -> dict[str, Any]:
    # The pool says which machine; the policy wants the tag.
    kept = {name: value for name, value in settings.items() if name != "node_type_id"}
    return kept | {
        "instance_pool_id": "${var.pool}",
        "policy_id": "${var.policy}",
        "custom_tags": {**settings["custom_tags"], "environment": "dev"},
        "spark_env_vars": {
            "NIGHTSHIFT_MODEL_PREFIX": "nightshift_dev.models.",
            "NIGHTSHIFT_GIT_COMMIT": "${bundle.git.commit}",
            "NIGHTSHIFT_SERVICE_CREDENTIAL": "nightshift_dev_data",
        },
    }


def text(document: dict[str, Any]) -> str:
    """The bundle as it is kept: keys in the order in which they were made, long lines whole."""
    return _HEADER + yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True)


def main() -> None:
    """Write the bundle, or say that it is not what the definitions make of it."""
    parser = argparse.ArgumentParser(description="Make the asset bundle from the job definitions.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is another one")
    made = text(bundle(DEFINITIONS))
    if not parser.parse_args().check:
        BUNDLE.write_text(made, encoding="utf-8")
    elif not BUNDLE.is_file() or BUNDLE.read_text(encoding="utf-8") != made:
        sys.exit(f"{BUNDLE.name} is not what training/job_definitions make: `make bundle` makes it again")


if __name__ == "__main__":
    main()
